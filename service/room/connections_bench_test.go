package room_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

// BenchmarkConnections lists a page of 1,000 of 50,000 connections in 5,000 rooms, from the middle. No lock is held for longer than a room's ten
// connections take.
func BenchmarkConnections(b *testing.B) {
	m, err := room.NewManager(newMemlog(b), room.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	const all, perRoom = 50_000, 10
	for i := range all {
		name := fmt.Sprint("guest ", i)
		hello := rules.Hello{User: rules.Guest([]byte(name)), Instance: 1, Attempt: 1, Role: watcher, Nickname: name}
		if i%perRoom >= 6 {
			hello.Role, hello.Nickname = observer, ""
		}
		key := eventlog.Key{Namespace: "default", Room: fmt.Sprint("room-", i/perRoom)}
		if _, refused := m.Join(key, hello, room.Joining{}); refused != nil {
			b.Fatal(refused)
		}
	}
	which := room.Which{After: all / 2, Most: 1000}
	for { // until the last one is welcomed
		list, total, _ := m.Connections(room.Which{After: all - perRoom, Most: perRoom})
		if total == all && list[len(list)-1].Member != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		if list, _, more := m.Connections(which); len(list) != which.Most || !more {
			b.Fatalf("got %d, more: %v", len(list), more)
		}
	}
}
