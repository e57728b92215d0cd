package eventlogtest

import (
	"errors"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var readChecks = []check{
	{"from any seq", readFromAnySeq},
	{"beyond the newest is nothing", readBeyond},
	{"the reader may stop, and use the log meanwhile", readHoldsNoLock},
	{"while appending", readWhileAppending},
	{"a trim meanwhile leaves no gap", readWhileTrimming},
}

func readFromAnySeq(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(3, 1, 5, 2, 0, 4)
	for i, stored := range m.kept {
		for n := range uint64(stored.Count) {
			m.checkRead(stored.FirstSeq+n, i)
		}
	}
}

func readBeyond(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.checkRead(1, 0)
	m.checkRead(50, 0)
	m.add(2, 2)
	m.checkRead(5, 2)
	m.checkRead(1<<62, 2)
	m.add(0)
	m.checkRead(5, 3)
	m.add(1)
	m.checkRead(5, 3)
}

// readHoldsNoLock would hang with a store that yields under a lock.
func readHoldsNoLock(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	for range 100 {
		m.add(1)
	}
	for _, err := range store.Log.Read(t.Context(), m.key, 1) {
		if err != nil {
			t.Errorf("Read: %v", err)
		}
		break
	}
	n := 0
	for stored, err := range store.Log.Read(t.Context(), m.key, 1) {
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		if stored.Position != m.kept[n].Position {
			t.Fatalf("entry %d of Read is at position %d, want %d", n, stored.Position, m.kept[n].Position)
		}
		m.add(1)
		m.store(0)
		if n%10 == 9 {
			m.checkRead(stored.FirstSeq, n)
		}
		if n++; n == 20 {
			break
		}
	}
	if n != 20 {
		t.Errorf("Read gave %d entries, want 20 and more", n)
	}
}

func readWhileAppending(t *testing.T, store Store) {
	const entries = 400
	m := newModel(t, store.Log)
	m.add(2)
	stop := background(t, func() bool {
		got, err := readAll(t.Context(), store.Log, m.key, 1)
		if err != nil || !dense(got, 1) {
			t.Errorf("Read while appending: %d entries, dense %v, error %v", len(got), dense(got, 1), err)
			return false
		}
		return true
	})
	for i := range entries {
		m.add(uint32(1 + i%3))
	}
	stop()
	m.checkAll()
}

func readWhileTrimming(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	for range 500 {
		m.add(1)
	}
	m.store(449)
	var got []eventlog.Stored
	var last error
	for stored, err := range store.Log.Read(t.Context(), m.key, 1) {
		if last != nil {
			t.Fatalf("Read went on after the error %v", last)
		}
		if last = err; err != nil {
			continue
		}
		if got = append(got, stored); len(got) == 10 {
			m.trim(440)
		}
	}
	if !dense(got, 1) {
		t.Error("Read left a gap where entries were trimmed meanwhile")
	}
	if last == nil && len(got) != 500 || last != nil && !errors.Is(last, eventlog.ErrTrimmed) {
		t.Errorf("Read: %d entries, then error %v, want all 500, or fewer and ErrTrimmed", len(got), last)
	}
}

// dense tells whether entries follow each other from a seq on, with rising positions.
func dense(entries []eventlog.Stored, from uint64) bool {
	var last eventlog.Position
	for _, stored := range entries {
		if stored.FirstSeq != from || stored.Position <= last {
			return false
		}
		from, last = stored.LastSeq()+1, stored.Position
	}
	return true
}
