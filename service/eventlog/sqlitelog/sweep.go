package sqlitelog

import (
	"context"
	"errors"
	"time"

	"github.com/singoff/singoff/service/eventlog"
)

// sweepRooms are looked at in one transaction, so that appends don't wait for long.
const sweepRooms = 16

// sweepLoop forgets, now and then, what is beyond its retention in any room, also in those that nobody has entered for long.
func (l *Log) sweepLoop() {
	ticker := time.NewTicker(l.cfg.SweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.closing:
			return
		case <-ticker.C:
		}
		if err := l.sweep(context.Background()); err != nil && !errors.Is(err, eventlog.ErrClosed) {
			l.cfg.Logger.Warn().Err(err).Msg("old history wasn't forgotten; it is tried again later")
		}
	}
}

// sweep goes over all rooms once.
func (l *Log) sweep(ctx context.Context) error {
	if !l.retains() {
		return nil
	}
	for o := (&sweepOp{more: true}); o.more; o.after = o.next {
		if err := l.submit(ctx, eventlog.Key{}, o); err != nil {
			return err
		}
	}
	return nil
}

// retains says whether any namespace's history ends.
func (l *Log) retains() bool {
	for _, r := range l.cfg.Retain {
		if r != (Retention{}) {
			return true
		}
	}
	return false
}

// sweepOp forgets what some rooms have beyond their retention.
type sweepOp struct {
	after int64 // the id of the last room that is done
	next  int64 // the same, with what was done now
	more  bool  // rooms are left, or something of the next one
}

func (o *sweepOp) size() int                 { return 0 }
func (o *sweepOp) appends() *appendOp        { return nil }
func (o *sweepOp) refused(cause error) error { return cause }
func (o *sweepOp) unknown(cause error) error { return cause }

func (o *sweepOp) apply(ctx context.Context, w *writing) (answer, failed error) {
	rooms, err := roomsAfter(ctx, w, o.after, sweepRooms)
	if err != nil {
		return nil, err
	}
	o.next, o.more = o.after, true
	for _, r := range rooms {
		if more, err := sweepRoom(ctx, w, r); err != nil || more {
			return nil, err
		}
		o.next = r.id
	}
	o.more = len(rooms) == sweepRooms
	return nil, nil
}

func sweepRoom(ctx context.Context, w *writing, r roomRow) (more bool, err error) {
	if w.log.cfg.retention(r.key.Namespace) == (Retention{}) || w.log.isAside(r.key) {
		return false, nil
	}
	w.key = r.key
	t, err := w.tail(ctx)
	if err != nil {
		return false, err
	}
	covered, seq, err := newestSnapshot(ctx, w, t.room)
	if err != nil || covered < t.first {
		return false, err
	}
	return w.retain(ctx, t, covered, seq)
}

type roomRow struct {
	id  int64
	key eventlog.Key
}

// roomsAfter gives so many rooms by their ids; below 0: all.
func roomsAfter(ctx context.Context, tx queries, after int64, n int) (rooms []roomRow, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, namespace, room FROM rooms WHERE id > ? ORDER BY id LIMIT ?", after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r roomRow
		if err := rows.Scan(&r.id, &r.key.Namespace, &r.key.Room); err != nil {
			return nil, err
		}
		rooms = append(rooms, r)
	}
	return rooms, rows.Err()
}
