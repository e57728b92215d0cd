package eventlogtest

import (
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var snapshotChecks = []check{
	{"Open is the snapshot and the entries after it", snapshotAndTail},
	{"an older one never replaces a newer one", olderSnapshot},
	{"one ahead of the log is refused", snapshotAhead},
	{"Open fits together while others write", openWhileWriting},
}

func snapshotAndTail(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 0, 3)
	first := m.store(0)
	m.checkHead(&first, 1)
	middle := m.store(2)
	m.checkHead(&middle, 3)
	last := m.store(3)
	m.checkHead(&last, 4)
	m.checkRead(1, 0)
	m.add(1, 0)
	m.checkHead(&last, 4)
	if err := store.Log.StoreSnapshot(t.Context(), m.key, last); err != nil {
		t.Errorf("StoreSnapshot of the same again: %v", err)
	}
	m.checkHead(&last, 4)
}

func olderSnapshot(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 1, 1, 1)
	newer := m.store(2)
	m.store(0)
	m.checkHead(&newer, 3)
	m.trim(m.kept[2].FirstSeq)
	m.store(0)
	m.store(1)
	m.checkHead(&newer, 3)
}

// snapshotAhead is a state that no entry leads to: with it, Open would give what was never kept.
func snapshotAhead(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	ahead := func(p eventlog.Position, seq uint64) {
		t.Helper()
		err := store.Log.StoreSnapshot(t.Context(), m.key, eventlog.Snapshot{Position: p, Seq: seq, Data: []byte("ahead")})
		checkError(t, "StoreSnapshot at a position without an entry", err, eventlog.ErrRefused)
	}
	ahead(0, 0)
	ahead(1, 1)
	m.checkAll()
	m.add(1, 1)
	ahead(0, 0)
	ahead(m.last()+1, 3)
	m.checkAll()
	good := m.store(1)
	ahead(m.last()+1, 3)
	m.checkHead(&good, 2)
}

func openWhileWriting(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1)
	stop := background(t, func() bool { return headFits(t, m.log, m.key) })
	for i := range 200 {
		m.add(uint32(1 + i%2))
		if i%3 == 0 {
			m.store(len(m.kept) - 1 - i%2)
		}
		if i%5 == 0 {
			m.trim(m.nextSeq() - 1)
		}
	}
	stop()
}

// headFits tells whether a head's entries follow its snapshot without a gap.
func headFits(t *testing.T, log eventlog.Log, key eventlog.Key) bool {
	head, err := log.Open(t.Context(), key)
	if err != nil {
		t.Errorf("Open: %v", err)
		return false
	}
	next, last := uint64(1), eventlog.Position(0)
	if head.Snapshot != nil {
		next, last = head.Snapshot.Seq+1, head.Snapshot.Position
	}
	if !dense(head.Entries, next) {
		t.Errorf("Open: the %d entries don't follow seq %d without a gap", len(head.Entries), next-1)
		return false
	}
	if n := len(head.Entries); n > 0 {
		if head.Entries[0].Position <= last {
			t.Errorf("Open: an entry at position %d beside a snapshot at %d", head.Entries[0].Position, last)
			return false
		}
		last = head.Entries[n-1].Position
	}
	if head.Position != last {
		t.Errorf("Open: Position %d, want the newest, %d", head.Position, last)
	}
	return head.Position == last
}
