package memlog

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/singoff/singoff/service/eventlog"
)

const (
	roomOverhead  = 400 // bytes that a room takes beside its entries, about
	entryOverhead = 80  // bytes that an entry takes beside its data, about
	readChunk     = 64  // entries that Read takes with one lock
)

// room is one room's log. Its positions are dense from 1.
type room struct {
	log *Log

	mu       sync.RWMutex // protects all below; the bytes of a Data are never changed
	entries  []eventlog.Stored
	last     eventlog.Position // of the newest entry, trimmed or not
	lastSeq  uint64
	trimmed  uint64 // all seqs up to it are forgotten
	snapshot *eventlog.Snapshot
	turn     int64 // of the newest append
}

func cost(entry eventlog.Entry) int64 { return int64(len(entry.Data)) + entryOverhead }

func (r *room) append(ctx context.Context, after eventlog.Position, entry eventlog.Entry) (eventlog.Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// The place comes first: what was kept by an earlier attempt mustn't be called refused by this one.
	if after != r.last {
		return r.takenLocked(after, entry.Batch)
	}
	if err := r.acceptLocked(ctx, entry); err != nil {
		return 0, fmt.Errorf("%w: %w", eventlog.ErrRefused, err)
	}
	entry.Data = bytes.Clone(entry.Data)
	r.last++
	r.lastSeq = entry.LastSeq()
	r.entries = append(r.entries, eventlog.Stored{Entry: entry, Position: r.last})
	r.turn = r.log.turn.Add(1)
	return r.last, nil
}

// takenLocked answers an append to a place that isn't the room's next one.
func (r *room) takenLocked(after eventlog.Position, batch eventlog.BatchID) (eventlog.Position, error) {
	if after > r.last {
		return 0, fmt.Errorf("%w: the room's last position is %d", eventlog.ErrConflict, r.last)
	}
	i := r.indexLocked(after + 1)
	if i < 0 {
		return 0, fmt.Errorf("%w: %w", eventlog.ErrConflict, eventlog.ErrTrimmed)
	}
	if r.entries[i].Batch != batch {
		return 0, fmt.Errorf("%w: it is batch %x", eventlog.ErrConflict, r.entries[i].Batch)
	}
	return r.entries[i].Position, nil
}

// acceptLocked says why the entry can't be kept; if it can, its bytes are accounted for.
func (r *room) acceptLocked(ctx context.Context, entry eventlog.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if got, limit := len(entry.Data), r.log.config.EntryBytes; got > limit {
		return fmt.Errorf("data of %d bytes, at most %d", got, limit)
	}
	if got, want := entry.FirstSeq, r.lastSeq+1; got != want {
		return fmt.Errorf("first seq %d, the next free one is %d", got, want)
	}
	return r.log.take(cost(entry))
}

// indexLocked finds an entry by its position; below 0: it is trimmed.
func (r *room) indexLocked(p eventlog.Position) int {
	if len(r.entries) == 0 || p < r.entries[0].Position {
		return -1
	}
	return int(p - r.entries[0].Position)
}

func (r *room) head() eventlog.Head {
	r.mu.RLock()
	defer r.mu.RUnlock()
	head := eventlog.Head{Position: r.last}
	tail := r.entries
	if r.snapshot != nil {
		snapshot := *r.snapshot
		snapshot.Data = bytes.Clone(snapshot.Data)
		head.Snapshot = &snapshot
		tail = tail[len(tail)-int(r.last-snapshot.Position):]
	}
	head.Entries = slices.Clone(tail)
	for i := range head.Entries {
		head.Entries[i].Data = bytes.Clone(head.Entries[i].Data)
	}
	return head
}

// span gives the position of the entry that holds a seq and that of the newest; the first is beyond the second if none holds it.
func (r *room) span(from uint64) (first, last eventlog.Position, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	from = max(from, 1)
	if from <= r.trimmed {
		return 0, 0, fmt.Errorf("%w: up to seq %d", eventlog.ErrTrimmed, r.trimmed)
	}
	i := sort.Search(len(r.entries), func(i int) bool { return r.entries[i].LastSeq() >= from })
	return r.last - eventlog.Position(len(r.entries)-i) + 1, r.last, nil
}

// chunk gives some entries from a position on, at least one. Their data is the room's own.
func (r *room) chunk(from, to eventlog.Position) ([]eventlog.Stored, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	i := r.indexLocked(from)
	if i < 0 {
		return nil, fmt.Errorf("%w: up to seq %d, while reading", eventlog.ErrTrimmed, r.trimmed)
	}
	n := min(readChunk, int(to-from)+1)
	return slices.Clone(r.entries[i : i+n]), nil
}

func (r *room) storeSnapshot(snapshot eventlog.Snapshot) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.snapshot != nil && snapshot.Position < r.snapshot.Position {
		return nil
	}
	if err := r.acceptSnapshotLocked(snapshot); err != nil {
		return fmt.Errorf("%w: %w", eventlog.ErrRefused, err)
	}
	snapshot.Data = bytes.Clone(snapshot.Data)
	r.snapshot = &snapshot
	r.retainLocked()
	return nil
}

// acceptSnapshotLocked says why the snapshot can't be kept; if it can, its bytes are accounted for.
func (r *room) acceptSnapshotLocked(snapshot eventlog.Snapshot) error {
	if got, limit := len(snapshot.Data), r.log.config.SnapshotBytes; got > limit {
		return fmt.Errorf("data of %d bytes, at most %d", got, limit)
	}
	if snapshot.Position == 0 || snapshot.Position > r.last {
		return fmt.Errorf("no entry has position %d, the last one is %d", snapshot.Position, r.last)
	}
	want := r.lastSeqAtLocked(snapshot.Position)
	if snapshot.Seq != want {
		return fmt.Errorf("seq %d, the newest at position %d is %d", snapshot.Seq, snapshot.Position, want)
	}
	size := int64(len(snapshot.Data))
	if r.snapshot != nil {
		size -= int64(len(r.snapshot.Data))
	}
	return r.log.take(size)
}

// lastSeqAtLocked is the newest seq up to a position that no newer snapshot covers.
func (r *room) lastSeqAtLocked(p eventlog.Position) uint64 {
	if i := r.indexLocked(p); i >= 0 {
		return r.entries[i].LastSeq()
	}
	return r.snapshot.Seq
}

// retainLocked forgets what the snapshot covers beyond the bounds of the config.
func (r *room) retainLocked() {
	covered := r.coveredLocked()
	n := max(0, covered-r.log.config.KeepEntries)
	var kept int64
	for i := covered - 1; i >= n; i-- {
		kept += cost(r.entries[i].Entry)
		if kept > r.log.config.KeepBytes {
			n = i + 1
		}
	}
	r.forgetLocked(n)
}

// coveredLocked counts the entries, from the oldest on, that the snapshot covers.
func (r *room) coveredLocked() int {
	if r.snapshot == nil {
		return 0
	}
	return len(r.entries) - int(r.last-r.snapshot.Position)
}

func (r *room) trim(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	covered := r.entries[:r.coveredLocked()]
	n, _ := slices.BinarySearchFunc(covered, seq, func(e eventlog.Stored, seq uint64) int { return cmp.Compare(e.LastSeq(), seq) })
	r.forgetLocked(n)
}

// forgetLocked drops the n oldest entries.
func (r *room) forgetLocked(n int) {
	if n == 0 {
		return
	}
	var freed int64
	for _, stored := range r.entries[:n] {
		freed += cost(stored.Entry)
	}
	r.trimmed = r.entries[n-1].LastSeq()
	clear(r.entries[:n])
	r.entries = r.entries[n:]
	if len(r.entries) == 0 {
		r.entries = nil
	}
	r.log.give(freed)
}
