package memlog

import (
	"bytes"
	"context"
	"fmt"

	"github.com/singoff/singoff/service/eventlog"
)

func (r *room) rewrite(ctx context.Context, change eventlog.Rewriting) (eventlog.Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if change.After != r.last {
		return r.takenLocked(change.After, change.Entry.Batch)
	}
	if err := r.acceptRewritingLocked(ctx, change); err != nil {
		return 0, fmt.Errorf("%w: %w", eventlog.ErrRefused, err)
	}
	for _, e := range change.Entries {
		if i := r.indexLocked(e.Position); i >= 0 {
			r.entries[i].Data = bytes.Clone(e.Data) // who reads has the old one, whole
		}
	}
	entry := change.Entry
	entry.Data = bytes.Clone(entry.Data)
	r.last++
	r.lastSeq = entry.LastSeq()
	r.entries = append(r.entries, eventlog.Stored{Entry: entry, Position: r.last})
	r.snapshot = &eventlog.Snapshot{Position: r.last, Seq: r.lastSeq, Data: bytes.Clone(change.Snapshot)}
	r.turn = r.log.turn.Add(1)
	return r.last, nil
}

// acceptRewritingLocked says why a change can't be made; if it can, its bytes are accounted for.
func (r *room) acceptRewritingLocked(ctx context.Context, change eventlog.Rewriting) error {
	if got, limit := len(change.Snapshot), r.log.config.SnapshotBytes; got > limit {
		return fmt.Errorf("a snapshot of %d bytes, at most %d", got, limit)
	}
	more := int64(len(change.Snapshot))
	if r.snapshot != nil {
		more -= int64(len(r.snapshot.Data))
	}
	for _, e := range change.Entries {
		if got, limit := len(e.Data), r.log.config.EntryBytes; got > limit {
			return fmt.Errorf("position %d: data of %d bytes, at most %d", e.Position, got, limit)
		}
		i := r.indexLocked(e.Position)
		switch {
		case e.Position == 0 || e.Position > r.last:
			return fmt.Errorf("no entry has position %d, the last one is %d", e.Position, r.last)
		case i < 0:
			continue // trimmed
		}
		if was := r.entries[i]; was.Batch != e.Batch || was.FirstSeq != e.FirstSeq || was.Count != e.Count {
			return fmt.Errorf("another entry has position %d", e.Position)
		}
		more += int64(len(e.Data) - len(r.entries[i].Data))
	}
	if err := r.acceptLocked(ctx, change.Entry); err != nil {
		return err
	}
	if err := r.log.take(more); err != nil {
		r.log.give(cost(change.Entry))
		return err
	}
	return nil
}
