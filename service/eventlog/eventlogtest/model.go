package eventlogtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/singoff/singoff/service/eventlog"
)

var batches atomic.Uint64

// newBatch gives an id that no other entry of this process has.
func newBatch() (id eventlog.BatchID) {
	binary.BigEndian.PutUint64(id[:], batches.Add(1))
	id[15] = 1
	return id
}

// model writes one room of a log and knows what must be in it.
type model struct {
	t   *testing.T
	log eventlog.Log
	key eventlog.Key

	kept []eventlog.Stored // all that was ever kept, trimmed or not
}

func newModel(t *testing.T, log eventlog.Log) *model {
	return &model{t: t, log: log, key: eventlog.Key{Namespace: "default", Room: "battle"}}
}

func (m *model) last() eventlog.Position {
	if len(m.kept) == 0 {
		return 0
	}
	return m.kept[len(m.kept)-1].Position
}

func (m *model) nextSeq() uint64 {
	if len(m.kept) == 0 {
		return 1
	}
	return m.kept[len(m.kept)-1].LastSeq() + 1
}

// entry makes one that fits after the room's last.
func (m *model) entry(count uint32) eventlog.Entry {
	data := fmt.Appendf(nil, "entry %d of %v, %d events", len(m.kept), m.key, count)
	return eventlog.Entry{Batch: newBatch(), FirstSeq: m.nextSeq(), Count: count, Data: data}
}

// add appends one entry for each count and expects it to be kept.
func (m *model) add(counts ...uint32) {
	m.t.Helper()
	for _, count := range counts {
		m.keep(m.entry(count))
	}
}

func (m *model) keep(entry eventlog.Entry) eventlog.Stored {
	m.t.Helper()
	at, err := m.log.Append(m.t.Context(), m.key, m.last(), entry)
	if err != nil {
		m.t.Fatalf("Append after position %d: %v", m.last(), err)
	}
	if at <= m.last() {
		m.t.Fatalf("Append after position %d: position %d, want a higher one", m.last(), at)
	}
	stored := eventlog.Stored{Entry: entry, Position: at}
	m.kept = append(m.kept, stored)
	return stored
}

// store stores a snapshot of the state after the i-th entry.
func (m *model) store(i int) eventlog.Snapshot {
	m.t.Helper()
	snapshot := m.snapshot(i)
	if err := m.log.StoreSnapshot(m.t.Context(), m.key, snapshot); err != nil {
		m.t.Fatalf("StoreSnapshot at position %d: %v", snapshot.Position, err)
	}
	return snapshot
}

func (m *model) snapshot(i int) eventlog.Snapshot {
	return eventlog.Snapshot{
		Position: m.kept[i].Position, Seq: m.kept[i].LastSeq(), Data: fmt.Appendf(nil, "state of %v after entry %d", m.key, i),
	}
}

func (m *model) trim(seq uint64) {
	m.t.Helper()
	if err := m.log.Trim(m.t.Context(), m.key, seq); err != nil {
		m.t.Fatalf("Trim(%d): %v", seq, err)
	}
}

// checkHead expects Open to give a snapshot, or none, and the entries from the i-th on.
func (m *model) checkHead(snapshot *eventlog.Snapshot, i int) {
	m.t.Helper()
	got, err := m.log.Open(m.t.Context(), m.key)
	if err != nil {
		m.t.Fatalf("Open: %v", err)
	}
	want := eventlog.Head{Snapshot: snapshot, Entries: m.kept[i:], Position: m.last()}
	if diff := compare(got, want); diff != "" {
		m.t.Errorf("Open differs (-got +want):\n%s", diff)
	}
}

// checkRead expects the entries from the i-th on.
func (m *model) checkRead(from uint64, i int) {
	m.t.Helper()
	got, err := m.read(from)
	if err != nil {
		m.t.Errorf("Read(%d): %v, after %d entries", from, err, len(got))
	}
	if diff := compare(got, m.kept[i:]); diff != "" {
		m.t.Errorf("Read(%d) differs (-got +want):\n%s", from, diff)
	}
}

// checkTrimmed expects a seq to be trimmed.
func (m *model) checkTrimmed(from uint64) {
	m.t.Helper()
	if got, err := m.read(from); len(got) > 0 || !errors.Is(err, eventlog.ErrTrimmed) {
		m.t.Errorf("Read(%d): %d entries and error %v, want ErrTrimmed alone", from, len(got), err)
	}
}

// checkAll expects all that was ever kept to be there, and no snapshot.
func (m *model) checkAll() {
	m.t.Helper()
	m.checkHead(nil, 0)
	m.checkRead(1, 0)
}

func (m *model) read(from uint64) ([]eventlog.Stored, error) {
	return readAll(m.t.Context(), m.log, m.key, from)
}

// readAll gives all up to an error.
func readAll(ctx context.Context, log eventlog.Log, key eventlog.Key, from uint64) (all []eventlog.Stored, err error) {
	for stored, err := range log.Read(ctx, key, from) {
		if err != nil {
			return all, err
		}
		all = append(all, stored)
	}
	return all, nil
}

// compare takes nil and empty for the same. It looks at data as a whole, since byte for byte a megabyte takes minutes.
func compare(got, want any) string {
	none := func(a, b []eventlog.Stored) bool { return len(a) == 0 && len(b) == 0 }
	return cmp.Diff(got, want, cmp.Comparer(bytes.Equal), cmp.FilterValues(none, cmp.Comparer(none)))
}

// checkError expects an append's error to be the wanted one of the three, and only that.
func checkError(t *testing.T, what string, err, want error) {
	t.Helper()
	for _, known := range []error{eventlog.ErrConflict, eventlog.ErrRefused, eventlog.ErrUnknown} {
		if errors.Is(err, known) != (known == want) { //nolint:errorlint // which of the sentinels is wanted
			t.Errorf("%s: error %v, want %v", what, err, want)
			return
		}
	}
}

// background does something again and again in three goroutines, each at least once, until it says false or stop is called. The
// end of the test stops it too.
func background(t *testing.T, do func() bool) (stop func()) {
	var over atomic.Bool
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for do() && !over.Load() {
			}
		})
	}
	stop = func() {
		over.Store(true)
		wait.Wait()
	}
	t.Cleanup(stop)
	return stop
}
