package sqlitelog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/singoff/singoff/service/eventlog"
)

// Rewrite changes entries where they are, in one transaction with the append and the snapshot. Old bytes may lie in free pages and in the write-ahead
// log until Scrub. Beside what eventlog.Log says, it is refused when anything of it is larger than the config allows, and when the file system has no
// more than ReserveBytes left.
func (l *Log) Rewrite(ctx context.Context, key eventlog.Key, change eventlog.Rewriting) (eventlog.Position, error) {
	change.Entry.Data, change.Snapshot = bytes.Clone(change.Entry.Data), bytes.Clone(change.Snapshot)
	change.Entries = slices.Clone(change.Entries)
	for i := range change.Entries {
		change.Entries[i].Data = bytes.Clone(change.Entries[i].Data)
	}
	o := &rewriteOp{appendOp{after: change.After, entry: change.Entry}, change}
	if err := l.submitAppend(ctx, key, o, &o.appendOp); err != nil {
		return 0, fmt.Errorf("rewrite %v after position %d: %w", key, change.After, err)
	}
	return o.position, nil
}

// rewriteOp is an append that changes what is before it.
type rewriteOp struct {
	appendOp
	change eventlog.Rewriting
}

func (o *rewriteOp) size() int {
	n := len(o.entry.Data) + len(o.change.Snapshot)
	for _, e := range o.change.Entries {
		n += len(e.Data)
	}
	return n
}

func (o *rewriteOp) apply(ctx context.Context, w *writing) (answer, failed error) {
	t, err := w.tail(ctx)
	if err != nil {
		return nil, err
	}
	if o.after != t.last {
		return o.taken(ctx, w, t)
	}
	if answer, failed = o.acceptAll(ctx, w, t); answer != nil || failed != nil {
		return answer, failed
	}
	for _, e := range o.change.Entries {
		id := entryID(t.room, e.Position)
		if _, err := w.ExecContext(ctx, "UPDATE entries SET data = ?, sum = ? WHERE id = ?", blob(e.Data), sumOf(id, e.Entry), id); err != nil {
			return nil, err
		}
	}
	if answer, failed = o.appendOp.apply(ctx, w); answer != nil || failed != nil {
		return answer, failed
	}
	snapshot := eventlog.Snapshot{Position: o.position, Seq: o.entry.LastSeq(), Data: o.change.Snapshot}
	return nil, w.putSnapshot(ctx, t.room, snapshot)
}

// acceptAll says why the change can't be made, before anything of it is: others share the transaction.
func (o *rewriteOp) acceptAll(ctx context.Context, w *writing, t *tail) (answer, failed error) {
	if err := o.accept(w, t); err != nil {
		return refuse(err), nil
	}
	if got, limit := len(o.change.Snapshot), w.log.cfg.SnapshotBytes; got > limit {
		return refuse(fmt.Errorf("a snapshot of %d bytes, at most %d", got, limit)), nil
	}
	if err := w.fits(o.size()); err != nil {
		return refuse(err), nil
	}
	for _, e := range o.change.Entries {
		if got, limit := len(e.Data), w.log.cfg.EntryBytes; got > limit {
			return refuse(fmt.Errorf("position %d: data of %d bytes, at most %d", e.Position, got, limit)), nil
		}
		if answer, failed = acceptOne(ctx, w, t, e); answer != nil || failed != nil {
			return answer, failed
		}
	}
	return nil, nil
}

// acceptOne says why an entry can't have other data; one that is trimmed can.
func acceptOne(ctx context.Context, w *writing, t *tail, e eventlog.Stored) (answer, failed error) {
	if e.Position == 0 || e.Position > t.last {
		return refuse(fmt.Errorf("no entry has position %d, the last one is %d", e.Position, t.last)), nil
	}
	var batch []byte
	var first uint64
	var count uint32
	err := w.QueryRowContext(ctx, "SELECT batch, first_seq, count FROM entries WHERE id = ?", entryID(t.room, e.Position)).Scan(&batch, &first, &count)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case !bytes.Equal(batch, e.Batch[:]) || first != e.FirstSeq || count != e.Count:
		return refuse(fmt.Errorf("another entry has position %d", e.Position)), nil
	}
	return nil, nil
}

// Scrub writes the whole file anew, in place, and empties the write-ahead log: what was deleted or replaced lies in neither any more. Appends wait for about
// three times as long as a backup takes; readers go on. It begins when a Backup under way is made, and Close ends it. ErrFull: for a while it takes twice the file's size in
// Config.Dir, which isn't there.
func (l *Log) Scrub(ctx context.Context) error {
	release, err := l.takeWhole(ctx)
	if err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	done := make(chan error, 1)
	answer := func(err error) {
		release()
		done <- err
	}
	select {
	case l.scrubs <- answer:
	case <-l.closing:
		answer(eventlog.ErrClosed)
	case <-ctx.Done():
		answer(ctx.Err())
	}
	select {
	case err = <-done:
		if err != nil && l.closed() {
			err = errors.Join(eventlog.ErrClosed, err)
		}
	case <-ctx.Done(): // the writer goes on
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	return nil
}

// scrub is the writer's.
func (l *Log) scrub(ctx context.Context) error {
	if err := l.mend(ctx); err != nil {
		l.setTrouble(err)
		return err
	}
	info, err := os.Stat(l.handles.path)
	if err != nil {
		return err
	}
	if need, free := 2*info.Size(), l.Limits().FreeBytes; need > free {
		return fmt.Errorf("%w: it takes up to %d bytes for a while, %d are left", ErrFull, need, free)
	}
	// SQLite would look for a folder for its copy by itself: one of another size, or none, where there is nothing but the log's.
	if _, err := l.handles.conn.ExecContext(ctx, "PRAGMA temp_store_directory = '"+strings.ReplaceAll(l.cfg.Dir, "'", "''")+"'"); err != nil {
		return err
	}
	if _, err := l.handles.conn.ExecContext(ctx, "VACUUM"); err != nil {
		l.unfenced = true // whatever it has left in the write-ahead log mustn't come back
		return err
	}
	l.use.Lock() // waits for those who read what is to go
	defer l.use.Unlock()
	if err := l.handles.settle(ctx); err != nil {
		return err
	}
	// SQLite doesn't wait until the disk has the write-ahead log as emptied, which could come back with the power. A commit does.
	if err := l.handles.fence(ctx); err != nil {
		l.unfenced = true
		return err
	}
	return nil
}
