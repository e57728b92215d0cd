package eventlogtest

import (
	"errors"
	"sync"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var placeChecks = []check{
	{"a place is given once", conflict},
	{"of many at one place one is kept", contention},
	{"all who open again after a conflict come in", takingTurns},
	{"a repeated append is kept once", repeat},
	{"repeats at the same time", repeatsAtOnce},
	{"a place that was trimmed is taken", trimmedPlace},
}

func conflict(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 0, 1)
	for _, after := range []eventlog.Position{0, m.kept[0].Position, m.kept[1].Position, m.kept[2].Position, m.last() + 1, m.last() + 1000} {
		_, err := store.Log.Append(t.Context(), m.key, after, m.entry(1))
		checkError(t, "Append of another batch after a position that isn't the last", err, eventlog.ErrConflict)
	}
	other := newModel(t, store.Log)
	other.key.Room = "never"
	_, err := store.Log.Append(t.Context(), other.key, 7, other.entry(1))
	checkError(t, "Append after position 7 of a room that never was", err, eventlog.ErrConflict)
	m.checkAll()
	other.checkAll()
	m.add(1)
	other.add(1)
	m.checkAll()
	other.checkAll()
}

func contention(t *testing.T, store Store) {
	const contenders, rounds = 16, 40
	m := newModel(t, store.Log)
	for range rounds {
		var mu sync.Mutex
		var won []eventlog.Stored
		var wait sync.WaitGroup
		for range contenders {
			entry := m.entry(2)
			wait.Go(func() {
				at, err := store.Log.Append(t.Context(), m.key, m.last(), entry)
				if err != nil {
					checkError(t, "Append of one who came too late", err, eventlog.ErrConflict)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				won = append(won, eventlog.Stored{Entry: entry, Position: at})
			})
		}
		wait.Wait()
		if len(won) != 1 {
			t.Fatalf("%d of %d appends after position %d were kept, want 1", len(won), contenders, m.last())
		}
		m.kept = append(m.kept, won...)
	}
	m.checkAll()
}

func takingTurns(t *testing.T, store Store) {
	const writers, each = 8, 15
	m := newModel(t, store.Log)
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for range each {
				if !appendSomehow(t, m) {
					return
				}
			}
		})
	}
	wait.Wait()
	got, err := m.read(1)
	if err != nil || len(got) != writers*each {
		t.Fatalf("Read: %d entries and error %v, want %d and none", len(got), err, writers*each)
	}
	seen := make(map[eventlog.BatchID]bool)
	for i, stored := range got {
		if seen[stored.Batch] || stored.FirstSeq != uint64(i+1) {
			t.Errorf("entry %d has first seq %d and a batch seen before: %v; want %d and a new one", i, stored.FirstSeq, seen[stored.Batch], i+1)
		}
		seen[stored.Batch] = true
	}
}

// appendSomehow opens and appends until there is no conflict, as a node does.
func appendSomehow(t *testing.T, m *model) bool {
	for {
		head, err := m.log.Open(t.Context(), m.key)
		if err != nil {
			t.Errorf("Open: %v", err)
			return false
		}
		entry := eventlog.Entry{Batch: newBatch(), FirstSeq: uint64(len(head.Entries)) + 1, Count: 1}
		_, err = m.log.Append(t.Context(), m.key, head.Position, entry)
		if err == nil {
			return true
		}
		if !errors.Is(err, eventlog.ErrConflict) {
			t.Errorf("Append: %v", err)
			return false
		}
	}
}

func repeat(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 0, 3)
	again := func() {
		t.Helper()
		for i, stored := range m.kept {
			var after eventlog.Position
			if i > 0 {
				after = m.kept[i-1].Position
			}
			at, err := store.Log.Append(t.Context(), m.key, after, stored.Entry)
			if err != nil || at != stored.Position {
				t.Errorf("Append of entry %d of %d again: position %d and error %v, want %d and none", i, len(m.kept), at, err, stored.Position)
			}
		}
	}
	again()
	again()
	m.checkAll()
	for range 50 {
		m.add(1, 0)
	}
	again()
	m.checkAll()
	snapshot := m.store(60)
	again()
	m.checkHead(&snapshot, 61)
	m.checkRead(1, 0)
}

func repeatsAtOnce(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	for range 20 {
		entry := m.entry(1)
		positions := make([]eventlog.Position, 8)
		var wait sync.WaitGroup
		for i := range positions {
			wait.Go(func() {
				var err error
				if positions[i], err = store.Log.Append(t.Context(), m.key, m.last(), entry); err != nil {
					t.Errorf("Append of the same batch at the same time: %v", err)
				}
			})
		}
		wait.Wait()
		for _, at := range positions {
			if at != positions[0] {
				t.Fatalf("the same batch was kept at positions %v, want one", positions)
			}
		}
		m.kept = append(m.kept, eventlog.Stored{Entry: entry, Position: positions[0]})
	}
	m.checkAll()
}

// trimmedPlace is the writer that slept so long that its place is forgotten: it has to step down, not to try for ever.
func trimmedPlace(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 1, 1, 1)
	snapshot := m.store(2)
	m.trim(m.kept[2].FirstSeq)
	_, err := store.Log.Append(t.Context(), m.key, m.kept[0].Position, m.entry(1))
	checkError(t, "Append of another batch to a place that was trimmed", err, eventlog.ErrConflict)
	_, err = store.Log.Append(t.Context(), m.key, 0, m.entry(1))
	checkError(t, "Append of a room's first entry where that was trimmed", err, eventlog.ErrConflict)
	m.checkHead(&snapshot, 3)
}
