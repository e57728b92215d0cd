package room_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

const benchText = "a chat line of sixty-four bytes, which is about what people write"

// benchLog is a memlog that forgets, so that a long run measures the room and not the memory it fills.
func benchLog(b *testing.B) *memlog.Log {
	b.Helper()
	log, err := memlog.New(memlog.Config{KeepEntries: 1024})
	if err != nil {
		b.Fatal(err)
	}
	return log
}

// BenchmarkDecideAppend is one chat line through the engine and memlog: decided, encoded, appended, applied; in batches of n.
func BenchmarkDecideAppend(b *testing.B) {
	for _, n := range []int{1, 8, 64} {
		b.Run(fmt.Sprint("batch=", n), func(b *testing.B) {
			log, key := benchLog(b), eventlog.Key{Namespace: "default", Room: "bench"}
			ids := uint64(0)
			e := engine.New(rules.DefaultConfig(), rules.New(key.Namespace, key.Room), 0, func() (id eventlog.BatchID) {
				ids++
				binary.BigEndian.PutUint64(id[:], ids)
				return id
			})
			keep := func(app engine.Append) {
				at, err := log.Append(b.Context(), key, app.After, app.Entry)
				if err != nil {
					b.Fatal(err)
				}
				e.Kept(time.Now(), at)
				if at%256 == 0 {
					snapshot, err := e.Snapshot()
					if err != nil {
						b.Fatal(err)
					}
					if err := log.StoreSnapshot(b.Context(), key, snapshot); err != nil {
						b.Fatal(err)
					}
				}
			}
			keep(e.Open(time.Now(), 1))
			e.Push(engine.Input{Connection: 1, Hello: &rules.Hello{Role: singer, Nickname: "민아", Attempt: 1}})
			number := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				for range n {
					number++
					e.Push(engine.Input{Connection: 1, Size: 70, Command: &rules.Command{Number: number, Body: &singoffv1.ChatMessage{Text: benchText}}})
				}
				for e.Waiting() {
					if app, must, _ := e.Decide(time.Now()); must {
						keep(app)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/command")
		})
	}
}

// crowd is a room with n connections whose senders count what they deliver.
type crowd struct {
	conns     []*room.Conn
	delivered atomic.Int64
	window    chan struct{} // a place for each chat line under way; given back when the first connection, whose lines they are, gets it
	senders   sync.WaitGroup
}

const underWay = 8

func newCrowd(b *testing.B, m *room.Manager, n int) *crowd {
	b.Helper()
	c := &crowd{window: make(chan struct{}, underWay)}
	for i := range n {
		role := watcher
		if i == 0 {
			role = singer
		}
		name := fmt.Sprint("guest ", i)
		conn, refused := m.Join(battle, rules.Hello{
			User: rules.Guest([]byte(name)), Instance: 1, Attempt: 1, Role: role, Nickname: name,
		}, room.Joining{})
		if refused != nil {
			b.Fatal(refused)
		}
		welcomed := make(chan struct{})
		c.senders.Go(func() {
			conn.SendLoop(func(parts [][]byte) error {
				if welcomed != nil {
					close(welcomed)
					welcomed = nil
					return nil
				}
				c.delivered.Add(int64(len(parts)))
				for range parts {
					if i > 0 || len(c.window) == 0 {
						break
					}
					<-c.window
				}
				return nil
			})
		})
		<-welcomed
		c.conns = append(c.conns, conn)
	}
	return c
}

// BenchmarkFanOut is one chat line to all n connections of a room, with 8 under way; figures are per delivery.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{8, 100} {
		b.Run(fmt.Sprint("connections=", n), func(b *testing.B) {
			cfg := room.DefaultConfig()
			cfg.Rules.Watchers = n
			m, err := room.NewManager(benchLog(b), cfg)
			if err != nil {
				b.Fatal(err)
			}
			c := newCrowd(b, m, n)
			for c.delivered.Load() < int64(n*(n-1)/2) { // everybody's JOINED to those before them; the host's to nobody
				time.Sleep(time.Millisecond)
			}
			sent := int64(0)
			before := c.delivered.Load()
			b.ReportAllocs()
			for b.Loop() {
				sent++
				cmd := rules.Command{Number: uint64(sent), Body: &singoffv1.ChatMessage{Text: benchText}, Size: 70}
				c.window <- struct{}{}
				if err := c.conns[0].Do(context.Background(), cmd); err != nil {
					b.Fatal(err)
				}
			}
			for c.delivered.Load()-before < sent*int64(n) {
				time.Sleep(10 * time.Microsecond)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
			b.StopTimer()
			if err := m.Close(); err != nil {
				b.Fatal(err)
			}
			c.senders.Wait()
		})
	}
}

// BenchmarkJoin is a Hello and its Welcome in a room of 7, by a member who wasn't away.
func BenchmarkJoin(b *testing.B) {
	m, err := room.NewManager(benchLog(b), room.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	c := newCrowd(b, m, 6)
	attempt := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		attempt++
		conn, refused := m.Join(battle, rules.Hello{
			User: rules.Guest([]byte("joiner")), Instance: 1, Attempt: attempt, Role: watcher, Nickname: "joiner",
		}, room.Joining{})
		if refused != nil {
			b.Fatal(refused)
		}
		welcomed := make(chan struct{}, 8)
		c.senders.Go(func() {
			conn.SendLoop(func([][]byte) error {
				select {
				case welcomed <- struct{}{}:
				default:
				}
				return nil
			})
		})
		<-welcomed
	}
	b.StopTimer()
	if err := m.Close(); err != nil {
		b.Fatal(err)
	}
	c.senders.Wait()
}
