package sqlitelog

import (
	"context"
	"errors"
	"time"

	"github.com/singoff/singoff/service/eventlog"
)

// sweepRooms are looked at in one transaction, so that appends don't wait for long.
const sweepRooms = 16

// sweepLoop forgets, now and then, what has become too old in any room, also in those that nobody has entered for long.
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
	if !l.ages() {
		return nil
	}
	for after := int64(0); ; {
		o := &sweepOp{after: after}
		if err := l.submit(ctx, eventlog.Key{}, o); err != nil {
			return err
		}
		if after = o.next; after == 0 {
			return nil
		}
	}
}

// ages says whether any namespace's history ends by its age.
func (l *Log) ages() bool {
	for _, r := range l.cfg.Retain {
		if r.Age > 0 {
			return true
		}
	}
	return false
}

// sweepOp forgets what is too old in some rooms.
type sweepOp struct {
	after int64 // room id
	next  int64 // where to go on; 0: that was all
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
	for _, r := range rooms {
		if err := sweepRoom(ctx, w, r); err != nil {
			return nil, err
		}
	}
	if len(rooms) == sweepRooms {
		o.next = rooms[len(rooms)-1].id
	}
	return nil, nil
}

func sweepRoom(ctx context.Context, w *writing, r roomRow) error {
	age := w.log.cfg.retention(r.key.Namespace).Age
	if age == 0 || w.log.isAside(r.key) {
		return nil
	}
	w.key = r.key
	t, err := w.tail(ctx)
	if err != nil {
		return err
	}
	covered, err := w.covered(ctx, t)
	if err != nil || covered < t.first {
		return err
	}
	return w.forgetOlder(ctx, t, w.now.Add(-age), covered)
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
