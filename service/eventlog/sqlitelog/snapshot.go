package sqlitelog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/singoff/singoff/service/eventlog"
)

// StoreSnapshot keeps the snapshot in place of the room's last one. Beside what eventlog.Log says, it is refused when its Seq isn't that of
// the entry at its position, when it is larger than SnapshotBytes, and when the file system has no more than ReserveBytes left.
func (l *Log) StoreSnapshot(ctx context.Context, key eventlog.Key, snapshot eventlog.Snapshot) error {
	snapshot.Data = bytes.Clone(snapshot.Data)
	if err := l.submit(ctx, key, &snapshotOp{snapshot}); err != nil {
		return fmt.Errorf("store a snapshot of %v at position %d: %w", key, snapshot.Position, err)
	}
	return nil
}

// snapshotOp keeps a snapshot, and forgets what is below it and beyond the room's retention.
type snapshotOp struct{ snapshot eventlog.Snapshot }

func (o *snapshotOp) size() int                 { return len(o.snapshot.Data) }
func (o *snapshotOp) appends() *appendOp        { return nil }
func (o *snapshotOp) refused(cause error) error { return refuse(cause) }
func (o *snapshotOp) unknown(cause error) error { return refuse(cause) }

func (o *snapshotOp) apply(ctx context.Context, w *writing) (answer, failed error) {
	t, err := w.tail(ctx)
	if err != nil {
		return nil, err
	}
	newest, newestSeq, err := newestSnapshot(ctx, w, t.room)
	if err != nil {
		return nil, err
	}
	if o.snapshot.Position < newest {
		return nil, nil
	}
	if len(o.snapshot.Data) > w.log.cfg.SnapshotBytes {
		return refuse(fmt.Errorf("data of %d bytes, at most %d", len(o.snapshot.Data), w.log.cfg.SnapshotBytes)), nil
	}
	if answer, failed = o.matches(ctx, w, t, newestSeq); answer != nil || failed != nil {
		return answer, failed
	}
	if err := w.fits(len(o.snapshot.Data)); err != nil {
		return refuse(err), nil
	}
	if err := w.putSnapshot(ctx, t.room, o.snapshot); err != nil {
		return nil, err
	}
	_, err = w.retain(ctx, t, o.snapshot.Position, o.snapshot.Seq) // what it leaves is for the next one, or for a sweep
	return nil, err
}

// putSnapshot writes a room's snapshot in place of its last one.
func (w *writing) putSnapshot(ctx context.Context, room int64, snapshot eventlog.Snapshot) error {
	_, err := w.ExecContext(ctx, "INSERT OR REPLACE INTO snapshots (room, position, seq, kept_at, sum, data) VALUES (?, ?, ?, ?, ?, ?)",
		room, snapshot.Position, snapshot.Seq, w.now.UnixMilli(), sumOfSnapshot(room, snapshot), blob(snapshot.Data))
	return err
}

// matches says why no entry leads to the snapshot.
func (o *snapshotOp) matches(ctx context.Context, w *writing, t *tail, newestSeq uint64) (answer, failed error) {
	if o.snapshot.Position == 0 || o.snapshot.Position > t.last {
		return refuse(fmt.Errorf("no entry has position %d, the last one is %d", o.snapshot.Position, t.last)), nil
	}
	var first, count uint64
	err := w.QueryRowContext(ctx, "SELECT first_seq, count FROM entries WHERE id = ?", entryID(t.room, o.snapshot.Position)).Scan(&first, &count)
	want := first + count - 1
	if errors.Is(err, sql.ErrNoRows) {
		want = newestSeq // it was trimmed: nothing but the newest snapshot can be there
		err = nil
	}
	if err == nil && o.snapshot.Seq != want {
		answer = refuse(fmt.Errorf("seq %d, the newest at position %d is %d", o.snapshot.Seq, o.snapshot.Position, want))
	}
	return answer, err
}
