package memlog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
)

func TestConfigNamesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	for field, config := range map[string]memlog.Config{
		"EntryBytes":    {EntryBytes: 64<<20 + 1},
		"SnapshotBytes": {SnapshotBytes: -1},
		"KeepEntries":   {KeepEntries: -1},
		"KeepBytes":     {KeepBytes: -1},
		"TotalBytes":    {TotalBytes: -1},
	} {
		log, err := memlog.New(config)
		if log != nil || err == nil || !strings.Contains(err.Error(), "memlog: "+field+": ") {
			t.Errorf("New(%+v): log %v and error %v, want none and one that names %s", config, log, err, field)
		}
	}
}

// writer appends to one room, each entry with one seq.
type writer struct {
	t    *testing.T
	log  *memlog.Log
	key  eventlog.Key
	last eventlog.Position
}

func (w *writer) entry(size int) eventlog.Entry {
	seq := uint64(w.last) + 1
	batch := eventlog.BatchID{byte(seq), byte(seq >> 8), byte(seq >> 16)}
	return eventlog.Entry{Batch: batch, FirstSeq: seq, Count: 1, Data: make([]byte, size)}
}

func (w *writer) append(size int) error {
	at, err := w.log.Append(w.t.Context(), w.key, w.last, w.entry(size))
	if err == nil {
		w.last = at
	}
	return err
}

func (w *writer) add(n, size int) {
	w.t.Helper()
	for range n {
		if err := w.append(size); err != nil {
			w.t.Fatalf("Append: %v", err)
		}
	}
}

func (w *writer) snapshot(size int) {
	w.t.Helper()
	snapshot := eventlog.Snapshot{Position: w.last, Seq: uint64(w.last), Data: make([]byte, size)}
	if err := w.log.StoreSnapshot(w.t.Context(), w.key, snapshot); err != nil {
		w.t.Fatalf("StoreSnapshot: %v", err)
	}
}

// first is the oldest seq that can be read; 0: none can.
func (w *writer) first() uint64 {
	for seq := uint64(1); seq <= uint64(w.last); seq++ {
		for _, err := range w.log.Read(w.t.Context(), w.key, seq) {
			if err == nil {
				return seq
			}
			if !errors.Is(err, eventlog.ErrTrimmed) {
				w.t.Fatalf("Read(%d): %v", seq, err)
			}
		}
	}
	return 0
}

func TestSnapshotForgetsBeyondKeep(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config memlog.Config
		want   uint64 // first seq left of 100 entries of 920 bytes (1,000 with what they are kept in), all covered
	}{
		{"default", memlog.Config{}, 1},
		{"entries", memlog.Config{KeepEntries: 30}, 71},
		{"bytes", memlog.Config{KeepBytes: 20_000}, 81},
		{"the smaller of both", memlog.Config{KeepBytes: 20_000, KeepEntries: 10}, 91},
		{"less than an entry", memlog.Config{KeepBytes: 1}, 0},
	} {
		w := &writer{t: t, log: open(t, test.config), key: eventlog.Key{Room: "r"}}
		w.add(100, 920)
		if got := w.first(); got != 1 {
			t.Errorf("%s: the first seq is %d before there is a snapshot, want 1", test.name, got)
		}
		w.snapshot(10)
		if got := w.first(); got != test.want {
			t.Errorf("%s: the first seq is %d after a snapshot, want %d", test.name, got, test.want)
		}
		w.add(50, 920)
		head, err := w.log.Open(t.Context(), w.key)
		if err != nil || len(head.Entries) != 50 {
			t.Errorf("%s: Open gives %d entries and error %v, want the 50 after the snapshot", test.name, len(head.Entries), err)
		}
	}
}

// A server that runs for weeks writes snapshots and never trims: what it takes must not grow with the entries.
func TestMemoryOfOneRoomIsBounded(t *testing.T) {
	t.Parallel()
	w := &writer{t: t, log: open(t, memlog.Config{KeepEntries: 100, TotalBytes: 1 << 20}), key: eventlog.Key{Room: "r"}}
	var free int64
	for i := range 200 {
		w.add(100, 400)
		w.snapshot(1000)
		if i == 0 {
			free = w.log.Limits().FreeBytes
		}
	}
	if got := w.log.Limits().FreeBytes; got != free {
		t.Errorf("FreeBytes: %d after 20,000 entries, want %d as after the first 100", got, free)
	}
}

// Every room ever made leaves something behind; those that were silent longest give their history for the others.
func TestSilentRoomsGiveWayFirst(t *testing.T) {
	t.Parallel()
	log := open(t, memlog.Config{TotalBytes: 1 << 20})
	var rooms []*writer
	for i := range 100 {
		w := &writer{t: t, log: log, key: eventlog.Key{Room: fmt.Sprint("r", i)}}
		rooms = append(rooms, w)
		w.add(20, 920)
		w.snapshot(100)
	}
	if got := rooms[0].first(); got != 0 {
		t.Errorf("the room that was silent longest has seqs from %d, want none", got)
	}
	if got := rooms[99].first(); got != 1 {
		t.Errorf("the room written last has seqs from %d, want 1", got)
	}
	for _, w := range rooms {
		head, err := log.Open(t.Context(), w.key)
		if err != nil || head.Snapshot == nil || head.Position != w.last {
			t.Errorf("Open(%v): position %d and error %v, want a snapshot and %d", w.key, head.Position, err, w.last)
		}
	}
}

func TestFullLogRefuses(t *testing.T) {
	t.Parallel()
	log := open(t, memlog.Config{TotalBytes: 10_000})
	w := &writer{t: t, log: log, key: eventlog.Key{Room: "r"}}
	var err error
	for err == nil {
		err = w.append(920)
	}
	if !errors.Is(err, eventlog.ErrRefused) || w.last != 9 {
		t.Fatalf("append %d: %v, want the tenth of 1,000 bytes to be refused in 10,000", w.last+1, err)
	}
	free := log.Limits().FreeBytes
	if !strings.Contains(err.Error(), fmt.Sprintf("%d of 10000 are left", free)) {
		t.Errorf("error %v, want it to say that %d bytes are left", err, free)
	}
	snapshot := eventlog.Snapshot{Position: 9, Seq: 9, Data: make([]byte, free+1)}
	if err := log.StoreSnapshot(t.Context(), w.key, snapshot); !errors.Is(err, eventlog.ErrRefused) {
		t.Errorf("StoreSnapshot of more than is left: %v, want ErrRefused", err)
	}
	other := &writer{t: t, log: log, key: eventlog.Key{Room: "other"}}
	if err := other.append(920); !errors.Is(err, eventlog.ErrRefused) {
		t.Errorf("Append to another room: %v, want ErrRefused", err)
	}

	// The answer to the ninth was lost. That the log is full by now doesn't make it refused.
	again := w.entry(920)
	again.Batch, again.FirstSeq = eventlog.BatchID{9}, 9
	if at, err := log.Append(t.Context(), w.key, 8, again); err != nil || at != 9 {
		t.Errorf("Append of what is kept, again: position %d and error %v, want 9 and none", at, err)
	}

	w.snapshot(100)
	if err := w.append(920); err != nil {
		t.Errorf("Append after a snapshot made room: %v", err)
	}
}

func TestSnapshotOfAnotherHistoryIsRefused(t *testing.T) {
	t.Parallel()
	w := &writer{t: t, log: open(t, memlog.Config{}), key: eventlog.Key{Room: "r"}}
	w.add(3, 1)
	err := w.log.StoreSnapshot(t.Context(), w.key, eventlog.Snapshot{Position: 2, Seq: 3})
	if !errors.Is(err, eventlog.ErrRefused) {
		t.Errorf("StoreSnapshot with seq 3 at position 2, whose newest is 2: %v, want ErrRefused", err)
	}
	w.snapshot(1)
	if err := w.log.Trim(t.Context(), w.key, 4); err != nil {
		t.Fatalf("Trim: %v", err)
	}
	err = w.log.StoreSnapshot(t.Context(), w.key, eventlog.Snapshot{Position: 3, Seq: 2})
	if !errors.Is(err, eventlog.ErrRefused) {
		t.Errorf("StoreSnapshot with seq 2 at position 3, which is trimmed and whose newest is 3: %v, want ErrRefused", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		b.Fatal(err)
	}
	key := eventlog.Key{Namespace: "default", Room: "r"}
	data := make([]byte, 300)
	var last eventlog.Position
	b.ReportAllocs()
	for b.Loop() {
		seq := uint64(last) + 1
		if last, err = log.Append(b.Context(), key, last, eventlog.Entry{FirstSeq: seq, Count: 1, Data: data}); err != nil {
			b.Fatal(err)
		}
		if seq%256 == 0 {
			if err := log.StoreSnapshot(b.Context(), key, eventlog.Snapshot{Position: last, Seq: seq, Data: data}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
