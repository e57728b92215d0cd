package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/singoff/singoff/service/eventlog"
)

// Trim forgets entries.
func (l *Log) Trim(ctx context.Context, key eventlog.Key, seq uint64) error {
	if err := l.submit(ctx, key, &trimOp{seq}); err != nil {
		return fmt.Errorf("trim %v: %w", key, err)
	}
	return nil
}

// trimOp forgets entries below a seq that the newest snapshot covers.
type trimOp struct{ seq uint64 }

func (o *trimOp) size() int                 { return 0 }
func (o *trimOp) appends() *appendOp        { return nil }
func (o *trimOp) refused(cause error) error { return cause }
func (o *trimOp) unknown(cause error) error { return cause }

func (o *trimOp) apply(ctx context.Context, w *writing) (answer, failed error) {
	t, err := w.tail(ctx)
	if err != nil || t.room == 0 {
		return nil, err
	}
	covered, err := w.covered(ctx, t)
	if err != nil {
		return nil, err
	}
	return nil, w.forgetBelow(ctx, t, o.seq, covered)
}

// covered is the position of the room's newest snapshot; 0: it has none.
func (w *writing) covered(ctx context.Context, t *tail) (position eventlog.Position, err error) {
	position, _, err = newestSnapshot(ctx, w, t.room)
	return position, err
}

// forgetBelow forgets the entries up to a position whose every seq is below one.
func (w *writing) forgetBelow(ctx context.Context, t *tail, seq uint64, upTo eventlog.Position) error {
	if seq <= t.firstSeq || t.first > upTo {
		return nil
	}
	ends, err := findSeq(ctx, w, *t, seq)
	if err != nil {
		return err
	}
	return w.forget(ctx, t, min(ends-1, upTo))
}

// forgetOlder forgets the entries up to a position that were kept before a moment, from the oldest on.
func (w *writing) forgetOlder(ctx context.Context, t *tail, before time.Time, upTo eventlog.Position) error {
	var id int64
	err := w.QueryRowContext(ctx, "SELECT id FROM entries WHERE id BETWEEN ? AND ? AND kept_at >= ? ORDER BY id LIMIT 1",
		entryID(t.room, t.first), entryID(t.room, upTo), before.UnixMilli()).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return w.forget(ctx, t, upTo)
	case err != nil:
		return err
	}
	return w.forget(ctx, t, positionOf(id)-1)
}

// forget forgets the entries up to a position.
func (w *writing) forget(ctx context.Context, t *tail, upTo eventlog.Position) error {
	if upTo < t.first {
		return nil
	}
	_, err := w.ExecContext(ctx, "DELETE FROM entries WHERE id BETWEEN ? AND ?", entryID(t.room, t.first), entryID(t.room, upTo))
	if err != nil {
		return err
	}
	now, err := tailOf(ctx, w, t.room)
	*t = now
	return err
}

// retain forgets what is below a snapshot and beyond the retention of the room's namespace.
func (w *writing) retain(ctx context.Context, t *tail, snapshot eventlog.Snapshot) error {
	r := w.log.cfg.retention(w.key.Namespace)
	if r.Events > 0 && snapshot.Seq > r.Events {
		if err := w.forgetBelow(ctx, t, snapshot.Seq-r.Events+1, snapshot.Position); err != nil {
			return err
		}
	}
	if r.Age > 0 {
		return w.forgetOlder(ctx, t, w.now.Add(-r.Age), snapshot.Position)
	}
	return nil
}
