package sqlitelog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/singoff/singoff/service/eventlog"
)

// What is written in one transaction, at most.
const (
	batchRequests = 1024
	batchBytes    = 16 << 20
	maxTails      = 1 << 16 // rooms whose ends the writer remembers
)

// healEvery is how often the writer looks after its files.
const healEvery = time.Second

// request is something to be written, and whoever waits for it.
type request struct {
	key  eventlog.Key
	op   op
	done chan error // has room for one
	err  error      // what the op answers if the transaction is kept
}

// op is one change of a room.
type op interface {
	// apply makes the change within the writer's transaction. Its answer holds once that is kept. failed is of the store, not of the op:
	// the transaction is given up.
	apply(ctx context.Context, w *writing) (answer, failed error)
	// refused makes the answer of what surely isn't kept, and unknown that of what may be.
	refused(cause error) error
	unknown(cause error) error
	size() int
	// appends is the append that the op is or has; nil: none.
	appends() *appendOp
}

// writing is a transaction of the writer's.
type writing struct {
	queries
	log   *Log
	key   eventlog.Key
	free  int64 // bytes left, about
	now   time.Time
	tails map[eventlog.Key]*tail // as they are with this transaction
}

// submit hands an op to the writer and waits for its answer, or for the context.
func (l *Log) submit(ctx context.Context, key eventlog.Key, o op) error {
	r := &request{key: key, op: o, done: make(chan error, 1)}
	if l.closed() {
		return eventlog.ErrClosed
	}
	select {
	case l.queue <- r:
	case <-l.closing:
		return eventlog.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeLoop writes what is handed on, all that waits in one transaction, until the log is closed. While nothing can be kept it looks by itself
// whether that is over.
func (l *Log) writeLoop() {
	healing := time.NewTicker(healEvery)
	defer healing.Stop()
	for {
		select {
		case first := <-l.queue:
			l.write(l.gather(first))
		case answer := <-l.scrubs:
			ctx, cancel := l.untilClosed()
			answer(l.scrub(ctx))
			cancel()
		case <-healing.C:
			if l.trouble.Load() != nil || l.movedAway() {
				l.write(nil)
			}
		case <-l.closing:
			return
		}
	}
}

// untilClosed is for what takes so long that whoever closes the log mustn't wait for it.
func (l *Log) untilClosed() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		select {
		case <-l.closing:
			cancel(eventlog.ErrClosed)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// movedAway says whether the log's files aren't those that were opened.
func (l *Log) movedAway() bool {
	if l.handles == nil {
		return true
	}
	_, err := l.handles.moved()
	return err != nil
}

// gather takes what waits. Those who wait come in by themselves: the queue has no room.
func (l *Log) gather(first *request) []*request {
	batch, size := []*request{first}, first.op.size()
	for len(batch) < batchRequests && size < batchBytes {
		select {
		case r := <-l.queue:
			batch = append(batch, r)
			size += r.op.size()
		default:
			return batch
		}
	}
	return batch
}

// write keeps a batch, or says of each request why not.
func (l *Log) write(batch []*request) {
	ctx := context.Background() // what is begun is ended, whoever still waits for it
	if err := l.mend(ctx); err != nil {
		l.giveUp(batch, err)
		return
	}
	l.setTrouble(nil)
	for len(batch) > 0 {
		began := time.Now()
		spoiled, err := l.tryWrite(ctx, batch)
		switch {
		case err == nil:
			l.metrics.committed(time.Since(began), len(batch))
			for _, r := range batch {
				r.done <- r.err
			}
			return
		case spoiled == nil || !isCorrupt(err):
			l.giveUp(batch, err)
			return
		}
		l.setAside(spoiled.key, err)
		batch = l.without(batch, *spoiled, err)
	}
}

// spoiled is at which request a transaction failed, and in which room.
type spoiled struct {
	request *request
	key     eventlog.Key
}

// without answers the requests of a room that is set aside, and gives the others.
func (l *Log) without(batch []*request, s spoiled, cause error) (others []*request) {
	for _, r := range batch {
		if r.key == s.key || r == s.request {
			r.done <- l.notKept(r, cause)
		} else {
			others = append(others, r)
		}
	}
	return others
}

// giveUp answers requests of which nothing was kept, as far as is known.
func (l *Log) giveUp(batch []*request, cause error) {
	l.setTrouble(cause)
	l.unfenced = true // and whether anything can be kept again is shown by the fence
	for _, r := range batch {
		r.done <- l.notKept(r, cause)
	}
}

// notKept is refused, unless an earlier attempt may have been kept.
func (l *Log) notKept(r *request, cause error) error {
	if a := r.op.appends(); a != nil && l.doubt.has(a.entry.Batch) {
		return r.op.unknown(cause)
	}
	return r.op.refused(cause)
}

// tryWrite is one transaction.
func (l *Log) tryWrite(ctx context.Context, batch []*request) (at *spoiled, err error) {
	conn := l.handles.conn // which nobody else replaces
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	w := &writing{queries: conn, log: l, free: l.Limits().FreeBytes, now: time.Now(), tails: map[eventlog.Key]*tail{}}
	for _, r := range batch {
		w.key = r.key
		if r.err, err = r.op.apply(ctx, w); err != nil {
			l.rollback(ctx)
			return &spoiled{r, w.key}, fmt.Errorf("%v: %w", w.key, err)
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		l.rollback(ctx)
		l.afterFailedCommit(ctx, batch)
		return nil, err
	}
	if len(l.tails)+len(w.tails) > maxTails {
		clear(l.tails)
	}
	maps.Copy(l.tails, w.tails)
	for _, r := range batch {
		if a := r.op.appends(); a != nil {
			l.doubt.settle(a.entry.Batch)
		}
	}
	return nil, nil
}

func (l *Log) rollback(ctx context.Context) {
	_, _ = l.handles.conn.ExecContext(ctx, "ROLLBACK") // fails if SQLite has rolled back by itself
	clear(l.tails)
}

// afterFailedCommit makes sure that the batch isn't kept. If that can't be had, it may be: what reached the disk before the failure could
// come back to life when a process that is killed now is started again.
func (l *Log) afterFailedCommit(ctx context.Context, batch []*request) {
	if l.handles.fence(ctx) == nil {
		return
	}
	l.unfenced = true
	for _, r := range batch {
		if a := r.op.appends(); a != nil {
			l.doubt.cast(a.entry.Batch)
		}
	}
}

// mend makes the log writable again if it isn't, or says why it can't be.
func (l *Log) mend(ctx context.Context) error {
	if l.handles == nil {
		return l.reopen(ctx)
	}
	if gone, err := l.handles.moved(); err != nil {
		if gone {
			return err
		}
		l.cfg.Logger.Error().Err(err).Msg("the log's files were changed under the server; opening them again")
		return l.reopen(ctx)
	}
	if !l.unfenced {
		return nil
	}
	if err := l.handles.fence(ctx); err != nil {
		return err
	}
	l.unfenced = false
	return nil
}

// reopen lets go of the files, with what the write-ahead log holds brought into the database, and opens those that are there now. Rooms
// that had gone on beyond what these hold find out by a conflict.
func (l *Log) reopen(ctx context.Context) error {
	l.use.Lock()
	defer l.use.Unlock()
	if l.handles != nil {
		if err := l.handles.settle(ctx); err != nil {
			return fmt.Errorf("the log's old file can't be brought up to date: %w", err)
		}
		if err := l.handles.leave(); err != nil {
			l.cfg.Logger.Warn().Err(err).Msg("the log's old files weren't closed in order")
		}
		l.handles = nil
	}
	clear(l.tails)
	handles, err := openHandles(ctx, l.cfg)
	if err != nil {
		return err
	}
	l.handles, l.unfenced = handles, false // opening has fenced
	return nil
}

// setTrouble notes why nothing is kept, or that all is well, with a line for each change.
func (l *Log) setTrouble(err error) {
	var was error
	if stored := l.trouble.Load(); stored != nil {
		was = *stored
	}
	switch {
	case err == nil && was == nil:
		return
	case err == nil:
		l.trouble.Store(nil)
		l.cfg.Logger.Info().Msg("the log keeps again")
		return
	case was == nil || was.Error() != err.Error():
		l.cfg.Logger.Error().Err(err).Msg("the log can't keep anything")
	}
	l.trouble.Store(&err)
}

// refuse wraps a cause as what surely isn't kept.
func refuse(cause error) error { return errors.Join(eventlog.ErrRefused, cause) }
