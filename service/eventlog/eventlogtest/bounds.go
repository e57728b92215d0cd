package eventlogtest

import (
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var boundChecks = []check{
	{"limits are told", limits},
	{"an entry that is too large is refused", largeEntry},
	{"a snapshot that is too large is refused", largeSnapshot},
	{"seqs are dense", denseSeqs},
}

// What a room needs of a store.
const (
	leastEntryBytes    = 1 << 20   // a batch of 256 commands and 256 KiB, with the records they make
	leastSnapshotBytes = 512 << 10 // the most that a room's state takes
)

func limits(t *testing.T, store Store) {
	got := store.Log.Limits()
	if got.EntryBytes < leastEntryBytes {
		t.Errorf("Limits().EntryBytes: %d, want at least %d", got.EntryBytes, leastEntryBytes)
	}
	if got.SnapshotBytes < leastSnapshotBytes {
		t.Errorf("Limits().SnapshotBytes: %d, want at least %d", got.SnapshotBytes, leastSnapshotBytes)
	}
	if got.FreeBytes >= 0 && got.FreeBytes < int64(got.EntryBytes+got.SnapshotBytes) {
		t.Errorf("Limits().FreeBytes of an empty store: %d, want one entry and one snapshot at least", got.FreeBytes)
	}
	switch got.Survives {
	case eventlog.SurvivesNothing, eventlog.SurvivesProcess, eventlog.SurvivesPower:
	default:
		t.Errorf("Limits().Survives: %v, want one of the three", got.Survives)
	}
}

func largeEntry(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1)
	limit := store.Log.Limits().EntryBytes
	entry := m.entry(1)
	entry.Data = make([]byte, limit+1)
	_, err := store.Log.Append(t.Context(), m.key, m.last(), entry)
	checkError(t, "Append of one byte too many", err, eventlog.ErrRefused)
	m.checkAll()

	entry.Data = entry.Data[:limit]
	m.keep(entry)
	m.add(1)
	m.checkAll()
}

func largeSnapshot(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 1)
	old := m.store(0)
	limit := store.Log.Limits().SnapshotBytes
	snapshot := m.snapshot(1)
	snapshot.Data = make([]byte, limit+1)
	checkError(t, "StoreSnapshot of one byte too many", store.Log.StoreSnapshot(t.Context(), m.key, snapshot), eventlog.ErrRefused)
	m.checkHead(&old, 1)

	snapshot.Data = snapshot.Data[:limit]
	if err := store.Log.StoreSnapshot(t.Context(), m.key, snapshot); err != nil {
		t.Errorf("StoreSnapshot of %d bytes, the limit: %v", limit, err)
	}
	m.checkHead(&snapshot, 2)
}

func denseSeqs(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	for _, count := range []uint32{2, 0, 1} {
		for _, first := range []uint64{0, m.nextSeq() - 1, m.nextSeq() + 1, m.nextSeq() + 1000} {
			for _, n := range []uint32{0, 1} {
				entry := m.entry(n)
				entry.FirstSeq = first
				_, err := store.Log.Append(t.Context(), m.key, m.last(), entry)
				checkError(t, "Append with another seq than the next one", err, eventlog.ErrRefused)
			}
		}
		m.add(count)
	}
	m.checkAll()
}
