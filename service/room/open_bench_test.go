package room_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

const (
	openings      = 1000 // of each room, so that there is a p99
	eventsAnEntry = 10
	snapshotEvery = 256 // entries
	afterSnapshot = 200 // entries that an opening replays
)

// BenchmarkOpenByLength opens rooms of several lengths, in turn, out of one file: snapshot and newest entries read, the room rebuilt. Each time is of one opening; there are
// openings of each in an iteration, so -benchtime 1x is enough.
func BenchmarkOpenByLength(b *testing.B) {
	log, err := sqlitelog.New(b.Context(), sqlitelog.Config{Dir: b.TempDir(), Sync: sqlitelog.SyncOff})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	lengths := []int{1_000, 100_000, 1_000_000}
	for _, events := range lengths {
		writeLong(b, log, lengthy(events), events)
	}
	times := map[int][]time.Duration{}
	b.ResetTimer()
	for b.Loop() {
		for range openings {
			for _, events := range lengths {
				began := time.Now()
				head, err := log.Open(b.Context(), lengthy(events))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := engine.Load(lengthy(events), head); err != nil {
					b.Fatal(err)
				}
				times[events] = append(times[events], time.Since(began))
			}
		}
	}
	for _, events := range lengths {
		all := times[events]
		slices.Sort(all)
		for _, p := range []int{50, 99} {
			b.ReportMetric(float64(all[len(all)*p/100].Microseconds()), fmt.Sprintf("%d-p%d-µs", events, p))
		}
	}
}

func lengthy(events int) eventlog.Key {
	return eventlog.Key{Namespace: "default", Room: fmt.Sprint("r", events)}
}

// writeLong has eight people chat, in entries of several messages, with snapshots as a server stores them; the newest is so many entries before the end.
func writeLong(b *testing.B, log eventlog.Log, key eventlog.Key, events int) {
	b.Helper()
	now, batches, at := time.Now(), uint64(0), eventlog.Position(0)
	e := engine.New(rules.DefaultConfig(), rules.New(key.Namespace, key.Room), 0, func() (id eventlog.BatchID) {
		batches++
		binary.BigEndian.PutUint64(id[:], batches)
		return id
	})
	keep := func(app engine.Append) {
		var err error
		if at, err = log.Append(b.Context(), key, app.After, app.Entry); err != nil {
			b.Fatal(err)
		}
		e.Kept(now, at)
	}
	keep(e.Open(now, 1))
	for i := range 8 {
		role := watcher
		if i < 2 {
			role = singer
		}
		e.Push(engine.Input{Connection: rules.Connection(i + 1), Hello: &rules.Hello{
			User: rules.User{byte(i + 1)}, Instance: rules.Instance(i + 1), Attempt: 1, TakeOver: true, Role: role, Nickname: fmt.Sprint("사람", i),
		}})
	}
	numbers, entries := [8]uint64{}, 0
	for left := (events + eventsAnEntry - 1) / eventsAnEntry; left > 0; left-- {
		for i := range eventsAnEntry {
			who := (entries + i) % 8
			numbers[who]++
			e.Push(engine.Input{Connection: rules.Connection(who + 1), Command: &rules.Command{
				Number: numbers[who], Body: &singoffv1.ChatMessage{Text: "오늘 밤 누가 이길까, 나는 둘 다 좋은데"},
			}})
		}
		for e.Waiting() {
			if app, must, _ := e.Decide(now); must {
				keep(app)
			}
		}
		if entries++; left > afterSnapshot && entries%snapshotEvery == 0 || left == afterSnapshot {
			snapshot, err := e.Snapshot()
			if err == nil {
				err = log.StoreSnapshot(b.Context(), key, snapshot)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		now = now.Add(time.Second / 10)
	}
	if got := e.State().Seq(); got < uint64(events) {
		b.Fatalf("got %d events, want %d", got, events)
	}
}
