package eventlogtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var rewriteChecks = []check{
	{"data changes where it is", rewriteInPlace},
	{"whoever has the room open finds out", rewriteConflicts},
	{"tried again it is made once", rewriteRepeated},
	{"all of it or nothing", rewriteRefused},
	{"what was trimmed is left out", rewriteTrimmed},
	{"it survives what an append does", rewriteSurvives},
}

var endChecks = []check{
	{"of a room", ends},
	{"rooms are listed", rooms},
}

// rewriting changes the data of some entries of the model.
func (m *model) rewriting(which ...int) eventlog.Rewriting {
	change := eventlog.Rewriting{After: m.last(), Entry: m.entry(0), Snapshot: fmt.Appendf(nil, "state of %v after a change", m.key)}
	for _, i := range which {
		e := m.kept[i]
		e.Data = fmt.Appendf(nil, "entry %d of %v, changed, and longer than it was before", i, m.key)
		change.Entries = append(change.Entries, e)
	}
	return change
}

// rewrite makes a change, and expects it to be kept.
func (m *model) rewrite(change eventlog.Rewriting) eventlog.Snapshot {
	m.t.Helper()
	at, err := m.log.Rewrite(m.t.Context(), m.key, change)
	if err != nil || at <= m.last() {
		m.t.Fatalf("Rewrite after position %d: position %d and error %v, want a higher one and none", m.last(), at, err)
	}
	for _, e := range change.Entries {
		i := slices.IndexFunc(m.kept, func(k eventlog.Stored) bool { return k.Position == e.Position })
		m.kept[i] = e
	}
	m.kept = append(m.kept, eventlog.Stored{Entry: change.Entry, Position: at})
	return eventlog.Snapshot{Position: at, Seq: change.Entry.LastSeq(), Data: change.Snapshot}
}

func rewriteInPlace(t *testing.T, store Store) {
	m, other := newModel(t, store.Log), newModel(t, store.Log)
	other.key.Room = "other"
	m.add(1, 2, 0, 3)
	other.add(1, 2)
	snapshot := m.rewrite(m.rewriting(0, 2, 3))
	m.checkHead(&snapshot, 5)
	m.checkRead(1, 0)
	old := eventlog.Snapshot{Position: m.kept[3].Position, Seq: m.kept[3].LastSeq(), Data: []byte("of before")}
	if err := store.Log.StoreSnapshot(t.Context(), m.key, old); err != nil {
		t.Errorf("StoreSnapshot of the state before: %v", err)
	}
	m.checkHead(&snapshot, 5)
	m.add(2, 1)
	if err := store.Log.Scrub(t.Context()); err != nil {
		t.Errorf("Scrub: %v", err)
	}
	m.checkHead(&snapshot, 5)
	m.checkRead(1, 0)
	snapshot = m.rewrite(m.rewriting(1, 3))
	m.checkHead(&snapshot, 8)
	m.checkRead(1, 0)
	m.add(1)
	m.checkRead(6, 3)
	other.checkAll()

	never := newModel(t, store.Log)
	never.key.Room = "never"
	snapshot = never.rewrite(never.rewriting())
	never.checkHead(&snapshot, 1)
}

func rewriteConflicts(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2)
	late := m.rewriting(0)
	m.add(1)
	_, err := store.Log.Rewrite(t.Context(), m.key, late)
	checkError(t, "Rewrite of a room that has gone on", err, eventlog.ErrConflict)
	m.checkAll()

	open := m.entry(1)
	after := m.last()
	snapshot := m.rewrite(m.rewriting(0, 1))
	_, err = store.Log.Append(t.Context(), m.key, after, open)
	checkError(t, "Append by one who had the room open", err, eventlog.ErrConflict)
	m.checkHead(&snapshot, 4)
	m.checkRead(1, 0)
}

func rewriteRepeated(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 1)
	change := m.rewriting(1)
	snapshot := m.rewrite(change)
	again := func() {
		t.Helper()
		at, err := store.Log.Rewrite(t.Context(), m.key, change)
		if err != nil || at != m.kept[3].Position {
			t.Errorf("Rewrite again: position %d and error %v, want %d and none", at, err, m.kept[3].Position)
		}
		m.checkHead(&snapshot, 4)
		m.checkRead(1, 0)
	}
	again()
	m.add(1, 1)
	again()
}

func rewriteRefused(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 1)
	snapshot := m.store(1)
	limits := store.Log.Limits()
	for name, spoil := range map[string]func(*eventlog.Rewriting){
		"an entry of another batch":  func(c *eventlog.Rewriting) { c.Entries[1].Batch = newBatch() },
		"an entry of other seqs":     func(c *eventlog.Rewriting) { c.Entries[1].FirstSeq++ },
		"an entry of another count":  func(c *eventlog.Rewriting) { c.Entries[1].Count++ },
		"an entry before the first":  func(c *eventlog.Rewriting) { c.Entries[1].Position = 0 },
		"an entry beyond the last":   func(c *eventlog.Rewriting) { c.Entries[1].Position = c.After + 1 },
		"an entry that is too large": func(c *eventlog.Rewriting) { c.Entries[1].Data = make([]byte, limits.EntryBytes+1) },
		"a snapshot that is too large": func(c *eventlog.Rewriting) {
			c.Snapshot = make([]byte, limits.SnapshotBytes+1)
		},
		"a new entry that is too large":       func(c *eventlog.Rewriting) { c.Entry.Data = make([]byte, limits.EntryBytes+1) },
		"a new entry that isn't the next seq": func(c *eventlog.Rewriting) { c.Entry.FirstSeq++ },
	} {
		change := m.rewriting(0, 2)
		spoil(&change)
		_, err := store.Log.Rewrite(t.Context(), m.key, change)
		checkError(t, "Rewrite with "+name, err, eventlog.ErrRefused)
		m.checkHead(&snapshot, 2)
		m.checkRead(1, 0)
	}
}

func rewriteTrimmed(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 1, 1)
	m.store(2)
	change := m.rewriting(0, 1, 2, 3)
	m.trim(m.kept[2].FirstSeq)
	snapshot := m.rewrite(change)
	m.checkHead(&snapshot, 5)
	m.checkRead(m.kept[2].FirstSeq, 2)
	m.checkTrimmed(1)
}

func rewriteSurvives(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 1)
	m.store(1)
	snapshot := m.rewrite(m.rewriting(0, 1, 2))
	if err := store.Log.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	survives := store.Log.Limits().Survives
	m.log = store.Reopen(t)
	if survives == eventlog.SurvivesNothing {
		m.kept = nil
		m.checkAll()
		return
	}
	m.checkHead(&snapshot, 4)
	m.checkRead(1, 0)
}

// checkEnds expects the oldest seq that can be read, and the next free one.
func (m *model) checkEnds(oldest, next uint64) {
	m.t.Helper()
	if gotOldest, gotNext, err := m.log.Ends(m.t.Context(), m.key); err != nil || gotOldest != oldest || gotNext != next {
		m.t.Errorf("Ends: %d, %d and error %v, want %d and %d", gotOldest, gotNext, err, oldest, next)
	}
}

func ends(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.checkEnds(1, 1)
	m.add(2)
	m.checkEnds(1, 3)
	m.add(0, 3, 0, 1)
	m.checkEnds(1, 7)
	m.store(2)
	m.checkEnds(1, 7)
	m.trim(3)
	m.checkEnds(3, 7)
	m.trim(1000)
	m.checkEnds(6, 7)
	m.store(4)
	m.trim(1000)
	m.checkEnds(7, 7)
	m.add(0, 2)
	m.checkEnds(7, 9)
}

func rooms(t *testing.T, store Store) {
	want := []eventlog.Key{}
	for i := range 30 {
		m := newModel(t, store.Log)
		m.key = eventlog.Key{Namespace: fmt.Sprint("n", i%3), Room: fmt.Sprint("r", i/3)}
		want = append(want, m.key)
		m.add(1)
	}
	got, err := store.Log.Rooms(t.Context())
	byName := func(a, b eventlog.Key) int { return strings.Compare(a.String(), b.String()) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Rooms: %v and error %v, want %v", got, err, want)
	}
}
