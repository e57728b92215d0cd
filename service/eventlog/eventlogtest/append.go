package eventlogtest

import (
	"bytes"
	"slices"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var appendChecks = []check{
	{"a room that never was is empty", emptyRoom},
	{"entries stay in order", order},
	{"entries without seqs", countZero},
	{"data is any bytes", anyBytes},
	{"data is copied", dataIsCopied},
	{"rooms are independent", independentRooms},
}

func emptyRoom(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.checkAll()
	m.trim(100)
	m.checkAll()
	m.add(1)
	m.checkAll()
}

func order(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	for i := range 300 {
		m.add(uint32(1 + i%7))
	}
	m.checkAll()
}

func countZero(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(0, 0, 2, 0, 0, 3, 0)
	m.checkHead(nil, 0)
	m.checkRead(1, 2)
	m.checkRead(2, 2)
	m.checkRead(3, 5)
	m.checkRead(6, len(m.kept))
}

func anyBytes(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, data := range [][]byte{nil, {}, {0}, all, []byte("노래짱ㅋ"), {0xff, 0xfe, 0xed, 0xa0, 0x80}} {
		entry := m.entry(1)
		entry.Data = data
		m.keep(entry)
	}
	entry := m.entry(1)
	entry.Batch = eventlog.BatchID(bytes.Repeat([]byte{0xff}, 16))
	m.keep(entry)
	m.checkAll()
}

// dataIsCopied would find a store that gives out, or goes on using, a slice that it shares with its caller.
func dataIsCopied(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	for range 3 {
		entry := m.entry(1)
		mine := slices.Clone(entry.Data)
		entry.Data = mine
		stored := m.keep(entry)
		m.kept[len(m.kept)-1].Data = slices.Clone(stored.Data)
		spoil(mine)
	}
	head, err := store.Log.Open(t.Context(), m.key)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	for _, stored := range head.Entries {
		spoil(stored.Data)
	}
	read, err := m.read(1)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	for _, stored := range read {
		spoil(stored.Data)
	}
	m.checkAll()

	snapshot := m.snapshot(1)
	want := m.snapshot(1)
	if err := store.Log.StoreSnapshot(t.Context(), m.key, snapshot); err != nil {
		t.Fatalf("StoreSnapshot: %v", err)
	}
	spoil(snapshot.Data)
	for range 2 {
		m.checkHead(&want, 2)
		head, err := store.Log.Open(t.Context(), m.key)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		spoil(head.Snapshot.Data)
	}
}

func spoil(data []byte) {
	for i := range data {
		data[i] = 'x'
	}
}

func independentRooms(t *testing.T, store Store) {
	var rooms []*model
	for _, key := range []eventlog.Key{
		{Namespace: "default", Room: "battle"},
		{Namespace: "default", Room: "Battle"},
		{Namespace: "Default", Room: "battle"},
		{Namespace: "a", Room: "b-c"},
		{Namespace: "a-b", Room: "c"},
		{Namespace: "a_b", Room: "c"},
		{Namespace: "a", Room: "b_c"},
		{Namespace: "c", Room: "a"},
	} {
		m := newModel(t, store.Log)
		m.key = key
		rooms = append(rooms, m)
	}
	for i := range 20 {
		for j, m := range rooms {
			m.add(uint32((i + j) % 3))
		}
	}
	for j, m := range rooms {
		if j%2 == 0 {
			m.store(10)
			m.trim(m.kept[5].FirstSeq)
		}
	}
	for j, m := range rooms {
		if j%2 == 0 {
			snapshot := m.snapshot(10)
			m.checkHead(&snapshot, 11)
		} else {
			m.checkHead(nil, 0)
		}
	}
}
