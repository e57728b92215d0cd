package eventlogtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

var cancelChecks = []check{
	{"before an append", cancelledAppend},
	{"of a repeat says nothing against what is kept", cancelledRepeat},
	{"while many append", cancelMany},
	{"of the other calls", cancelledCalls},
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// cancelledAppend: the outcome is unknown, or refused if it is surely not kept; then another entry can have the place.
func cancelledAppend(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1)
	entry := m.entry(1)
	_, err := store.Log.Append(cancelled(t), m.key, m.last(), entry)
	if errors.Is(err, eventlog.ErrRefused) {
		checkError(t, "Append with a cancelled context", err, eventlog.ErrRefused)
		m.checkAll()
		m.add(2)
	} else {
		checkError(t, "Append with a cancelled context", err, eventlog.ErrUnknown)
		m.keep(entry)
	}
	m.add(1)
	m.checkAll()
}

// cancelledRepeat is the second try of an append whose first answer was lost. Said to be refused, the room would decide its
// commands anew, and they would take effect twice.
func cancelledRepeat(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 1)
	for range 2 {
		at, err := store.Log.Append(cancelled(t), m.key, m.kept[0].Position, m.kept[1].Entry)
		if err == nil && at != m.kept[1].Position {
			t.Errorf("Append of a kept entry again: position %d, want %d", at, m.kept[1].Position)
		}
		if err != nil {
			checkError(t, "Append of a kept entry again, cancelled", err, eventlog.ErrUnknown)
		}
		m.add(1)
	}
	m.checkAll()
}

// cancelMany cancels appends of many rooms at any moment; each, tried again until it is answered, is there once.
func cancelMany(t *testing.T, store Store) {
	const rooms, entries = 8, 40
	models := make([]*model, rooms)
	var wait sync.WaitGroup
	for i := range models {
		m := newModel(t, store.Log)
		m.key.Room = string(rune('a' + i))
		models[i] = m
		wait.Go(func() {
			for range entries {
				if !appendCancelled(m) {
					return
				}
			}
		})
	}
	wait.Wait()
	for _, m := range models {
		m.checkAll()
	}
}

func appendCancelled(m *model) bool {
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	var wait sync.WaitGroup
	wait.Go(cancel)
	defer wait.Wait()
	entry := m.entry(1)
	at, err := m.log.Append(ctx, m.key, m.last(), entry)
	for errors.Is(err, eventlog.ErrUnknown) || errors.Is(err, eventlog.ErrRefused) && ctx.Err() != nil {
		at, err = m.log.Append(m.t.Context(), m.key, m.last(), entry)
		if errors.Is(err, eventlog.ErrRefused) {
			break
		}
	}
	if err != nil {
		m.t.Errorf("Append whose context is cancelled meanwhile, or again after that: %v", err)
		return false
	}
	m.kept = append(m.kept, eventlog.Stored{Entry: entry, Position: at})
	return true
}

func cancelledCalls(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 1, 1)
	snapshot := m.store(0)
	ctx := cancelled(t)
	if _, err := store.Log.Open(ctx, m.key); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: error %v, want context.Canceled", err)
	}
	if got, err := readAll(ctx, store.Log, m.key, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %d entries and error %v, want context.Canceled", len(got), err)
	}
	if err := store.Log.StoreSnapshot(ctx, m.key, m.snapshot(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("StoreSnapshot: error %v, want context.Canceled", err)
	}
	if err := store.Log.Trim(ctx, m.key, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Trim: error %v, want context.Canceled", err)
	}
	m.checkHead(&snapshot, 1)
	m.checkRead(1, 0)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, last = range store.Log.Read(ctx, m.key, 1) {
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("Read that is cancelled at the first entry of three ends with error %v, want context.Canceled", last)
	}
}
