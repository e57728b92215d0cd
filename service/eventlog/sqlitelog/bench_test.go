package sqlitelog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// percentiles reports times.
func percentiles(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(times[len(times)*p/100].Microseconds()), fmt.Sprintf("p%d-µs", p))
	}
}

// BenchmarkFsync is what the disk alone takes: append 4 KiB to a file and wait.
func BenchmarkFsync(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	var times []time.Duration
	for page := make([]byte, 4096); b.Loop(); {
		began := time.Now()
		if _, err := file.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := file.Sync(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
	}
	percentiles(b, times)
}

// BenchmarkAppend is an append of 300 bytes while so many rooms append, each one after the other.
func BenchmarkAppend(b *testing.B) {
	for _, sync := range []sqlitelog.Sync{sqlitelog.SyncFull, sqlitelog.SyncOff} {
		for _, rooms := range []int{1, 20, 200, 2000} {
			b.Run(fmt.Sprintf("sync=%s/rooms=%d", sync, rooms), func(b *testing.B) { benchmarkAppend(b, sync, rooms) })
		}
	}
}

func benchmarkAppend(b *testing.B, mode sqlitelog.Sync, rooms int) {
	log, err := sqlitelog.New(b.Context(), sqlitelog.Config{Dir: b.TempDir(), Sync: mode})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	all := make([][]time.Duration, rooms)
	var wait sync.WaitGroup
	b.ResetTimer()
	for i := range rooms {
		wait.Go(func() {
			w := &writer{t: b, log: log, key: eventlog.Key{Namespace: "default", Room: fmt.Sprint("r", i)}}
			for range (b.N + rooms - 1) / rooms {
				began := time.Now()
				if err := w.append(b.Context(), 300); err != nil {
					b.Error(err)
					return
				}
				all[i] = append(all[i], time.Since(began))
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	percentiles(b, slices.Concat(all...))
}

// BenchmarkOpen is the opening of a room with so many events, 200 of them after its newest snapshot of 100 KiB.
func BenchmarkOpen(b *testing.B) {
	for _, events := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) { benchmarkOpen(b, events) })
	}
}

func benchmarkOpen(b *testing.B, events int) {
	log, err := sqlitelog.New(b.Context(), sqlitelog.Config{Dir: b.TempDir(), Sync: sqlitelog.SyncOff})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	const each = 50
	seq, last := uint64(1), eventlog.Position(0)
	add := func(n, each int) {
		for range n / each {
			entry := eventlog.Entry{Batch: eventlog.BatchID{byte(seq), byte(seq >> 8), byte(seq >> 16)}, FirstSeq: seq, Count: uint32(each), Data: make([]byte, 100*each)}
			if last, err = log.Append(b.Context(), battle, last, entry); err != nil {
				b.Fatal(err)
			}
			seq += uint64(each)
		}
	}
	add(events-200, each)
	if err := log.StoreSnapshot(b.Context(), battle, eventlog.Snapshot{Position: last, Seq: seq - 1, Data: make([]byte, 100<<10)}); err != nil {
		b.Fatal(err)
	}
	add(200, 1)
	var times []time.Duration
	for b.Loop() {
		began := time.Now()
		head, err := log.Open(b.Context(), battle)
		if err != nil || len(head.Entries) != 200 {
			b.Fatalf("got %d entries, %v", len(head.Entries), err)
		}
		times = append(times, time.Since(began))
	}
	percentiles(b, times)
}
