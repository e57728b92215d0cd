package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/singoff/singoff/service/eventlog"
)

// forgetAtOnce is how many entries are forgotten in one transaction: those who append meanwhile wait for no more than that.
const forgetAtOnce = 1024

// Trim forgets entries, some at a time. What it is interrupted at is forgotten when it is called again.
func (l *Log) Trim(ctx context.Context, key eventlog.Key, seq uint64) error {
	for o := (&trimOp{seq: seq, more: true}); o.more; {
		if err := l.submit(ctx, key, o); err != nil {
			return fmt.Errorf("trim %v: %w", key, err)
		}
	}
	return nil
}

// trimOp forgets entries below a seq that the newest snapshot covers.
type trimOp struct {
	seq  uint64
	more bool // are left to be forgotten
}

func (o *trimOp) size() int                 { return 0 }
func (o *trimOp) appends() *appendOp        { return nil }
func (o *trimOp) refused(cause error) error { return cause }
func (o *trimOp) unknown(cause error) error { return cause }

func (o *trimOp) apply(ctx context.Context, w *writing) (answer, failed error) {
	o.more = false
	t, err := w.tail(ctx)
	if err != nil || t.room == 0 {
		return nil, err
	}
	covered, _, err := newestSnapshot(ctx, w, t.room)
	if err != nil {
		return nil, err
	}
	o.more, err = w.forgetBelow(ctx, t, o.seq, covered)
	return nil, err
}

// forgetBelow forgets the entries up to a position whose every seq is below one.
func (w *writing) forgetBelow(ctx context.Context, t *tail, seq uint64, upTo eventlog.Position) (more bool, err error) {
	if seq <= t.firstSeq || t.first > upTo {
		return false, nil
	}
	ends, err := findSeq(ctx, w, *t, seq)
	if err != nil {
		return false, err
	}
	return w.forget(ctx, t, min(ends-1, upTo))
}

// forgetOlder forgets the entries up to a position that were kept before a moment, from the oldest on.
func (w *writing) forgetOlder(ctx context.Context, t *tail, before time.Time, upTo eventlog.Position) (more bool, err error) {
	if upTo < t.first {
		return false, nil
	}
	upTo = min(upTo, t.first+forgetAtOnce) // one more than are forgotten, which tells whether there are more
	var id, keptAt int64
	err = w.QueryRowContext(ctx, "SELECT id, kept_at FROM entries WHERE id BETWEEN ? AND ? AND kept_at >= ? ORDER BY id LIMIT 1",
		entryID(t.room, t.first), entryID(t.room, upTo), before.UnixMilli()).Scan(&id, &keptAt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return w.forget(ctx, t, upTo)
	case err != nil:
		return false, err
	}
	if now := w.now.UnixMilli(); keptAt > now { // by a clock that was ahead: they would stay for as long as it was. They age from now on
		_, err := w.ExecContext(ctx, "UPDATE entries SET kept_at = ? WHERE id BETWEEN ? AND ? AND kept_at > ?", now, id, entryID(t.room, upTo), now)
		if err != nil {
			return false, err
		}
	}
	return w.forget(ctx, t, positionOf(id)-1)
}

// forget forgets the entries up to a position, forgetAtOnce at most.
func (w *writing) forget(ctx context.Context, t *tail, upTo eventlog.Position) (more bool, err error) {
	if upTo < t.first {
		return false, nil
	}
	last := min(upTo, t.first+forgetAtOnce-1)
	_, err = w.ExecContext(ctx, "DELETE FROM entries WHERE id BETWEEN ? AND ?", entryID(t.room, t.first), entryID(t.room, last))
	if err != nil {
		return false, err
	}
	now, err := tailOf(ctx, w, t.room)
	*t = now
	return last < upTo, err
}

// retain forgets what is below a snapshot and beyond the retention of the room's namespace.
func (w *writing) retain(ctx context.Context, t *tail, covered eventlog.Position, seq uint64) (more bool, err error) {
	r := w.log.cfg.retention(w.key.Namespace)
	if r.Events > 0 && seq > r.Events {
		if more, err = w.forgetBelow(ctx, t, seq-r.Events+1, covered); err != nil || more {
			return more, err
		}
	}
	if r.Age > 0 {
		return w.forgetOlder(ctx, t, w.now.Add(-r.Age), covered)
	}
	return false, nil
}
