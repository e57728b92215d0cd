package eventlogtest

import (
	"errors"
	"sync"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var lifeChecks = []check{
	{"closed", closed},
	{"closed while in use", closeInUse},
	{"opened again", reopened},
}

func closed(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 1)
	log := store.Log
	if err := log.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if _, err := log.Open(t.Context(), m.key); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Open: error %v, want ErrClosed", err)
	}
	if _, err := log.Append(t.Context(), m.key, m.last(), m.entry(1)); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Append: error %v, want ErrClosed", err)
	}
	if _, err := log.Append(t.Context(), m.key, m.kept[0].Position, m.kept[1].Entry); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Append of a kept entry again: error %v, want ErrClosed", err)
	}
	if got, err := m.read(1); len(got) > 0 || !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Read: %d entries and error %v, want ErrClosed alone", len(got), err)
	}
	if err := log.StoreSnapshot(t.Context(), m.key, m.snapshot(0)); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("StoreSnapshot: error %v, want ErrClosed", err)
	}
	if err := log.Trim(t.Context(), m.key, 1); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Trim: error %v, want ErrClosed", err)
	}
	if _, err := log.Rewrite(t.Context(), m.key, m.rewriting(0)); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Rewrite: error %v, want ErrClosed", err)
	}
	if err := log.Scrub(t.Context()); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Scrub: error %v, want ErrClosed", err)
	}
	if _, err := log.Rooms(t.Context()); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Rooms: error %v, want ErrClosed", err)
	}
	if _, _, err := log.Ends(t.Context(), m.key); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Ends: error %v, want ErrClosed", err)
	}
}

// closeInUse ends every call, and what was answered by then is as durable as ever.
func closeInUse(t *testing.T, store Store) {
	const rooms, before = 8, 20
	models := make([]*model, rooms)
	var begun, wait sync.WaitGroup
	begun.Add(rooms)
	for i := range models {
		m := newModel(t, store.Log)
		m.key.Room = string(rune('a' + i))
		models[i] = m
		wait.Go(func() { appendUntilClosed(m, before, begun.Done) })
	}
	begun.Wait()
	if err := store.Log.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wait.Wait()
	survives := store.Log.Limits().Survives
	log := store.Reopen(t)
	for _, m := range models {
		m.log = log
		checkSurvivors(m, survives)
	}
}

// appendUntilClosed calls begun when a number of entries are kept, or when it gives up before.
func appendUntilClosed(m *model, before int, begun func()) {
	defer func() {
		if len(m.kept) < before {
			begun()
		}
	}()
	for {
		entry := m.entry(1)
		at, err := m.log.Append(m.t.Context(), m.key, m.last(), entry)
		if err != nil {
			if !errors.Is(err, eventlog.ErrClosed) && !errors.Is(err, eventlog.ErrUnknown) {
				m.t.Errorf("Append to a log that is closed meanwhile: error %v, want ErrClosed or ErrUnknown", err)
			}
			return
		}
		m.kept = append(m.kept, eventlog.Stored{Entry: entry, Position: at})
		if len(m.kept) == before {
			begun()
		}
	}
}

// checkSurvivors expects what was answered; one more entry, whose answer was lost, may be there too.
func checkSurvivors(m *model, survives eventlog.Survival) {
	if survives == eventlog.SurvivesNothing {
		m.kept = nil
		m.checkAll()
		return
	}
	got, err := m.read(1)
	if err != nil {
		m.t.Fatalf("Read after opening again: %v", err)
	}
	if len(got) == len(m.kept)+1 {
		got = got[:len(m.kept)]
	}
	if diff := compare(got, m.kept); diff != "" {
		m.t.Errorf("room %v after opening again differs (-got +want):\n%s", m.key, diff)
	}
}

func reopened(t *testing.T, store Store) {
	plain, trimmed := newModel(t, store.Log), newModel(t, store.Log)
	trimmed.key.Room = "trimmed"
	plain.add(1, 0, 3)
	trimmed.add(1, 2, 1, 2)
	snapshot := trimmed.store(2)
	trimmed.trim(trimmed.kept[1].FirstSeq)
	if err := store.Log.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	survives := store.Log.Limits().Survives
	log := store.Reopen(t)
	plain.log, trimmed.log = log, log
	if survives == eventlog.SurvivesNothing {
		plain.kept, trimmed.kept = nil, nil
		plain.checkAll()
		trimmed.checkAll()
	} else {
		plain.checkAll()
		trimmed.checkHead(&snapshot, 3)
		trimmed.checkRead(2, 1)
		trimmed.checkTrimmed(1)
		at, err := log.Append(t.Context(), plain.key, plain.kept[1].Position, plain.kept[2].Entry)
		if err != nil || at != plain.last() {
			t.Errorf("Append of a kept entry again: position %d and error %v, want %d and none", at, err, plain.last())
		}
		_, err = log.Append(t.Context(), plain.key, plain.kept[1].Position, plain.entry(1))
		checkError(t, "Append at a taken place", err, eventlog.ErrConflict)
	}
	plain.add(1)
	trimmed.add(1)
	plain.checkAll()
}
