package room

import (
	"context"
	"errors"
	"fmt"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
)

// result is what became of an append.
type result struct {
	at  eventlog.Position
	err error // nil, ErrConflict, ErrRefused, ErrClosed, or the context's
}

// append starts one beside the loop, which goes on with settle when it has an outcome.
func (r *room) append(now time.Time, app engine.Append) {
	r.appending = now
	r.background.Go(func() { r.appendLoop(app) })
}

// appendLoop tries one append until it is kept, refused or in conflict, and hands the result to the loop. Once the outcome of a try is
// unknown, that try may still be kept at any time: then a refusal of a later one proves nothing, and only kept or conflict ends it.
func (r *room) appendLoop(app engine.Append) {
	unknown := false
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		res := r.tryAppend(r.ctx, app)
		unknown = unknown || errors.Is(res.err, eventlog.ErrUnknown)
		if !unknown || !errors.Is(res.err, eventlog.ErrUnknown) && !errors.Is(res.err, eventlog.ErrRefused) {
			r.results <- res // has room for one, and only one append is under way
			return
		}
		r.logger.Warn().Err(res.err).Msg("an append's outcome is unknown; trying the same again")
		timer := r.manager.cfg.Clock.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.ctx.Done():
			timer.Stop()
			r.results <- result{err: r.ctx.Err()}
			return
		}
	}
}

// tryAppend tries once. An error that isn't one of the log's own is as good as unknown.
func (r *room) tryAppend(ctx context.Context, app engine.Append) result {
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	began := r.manager.cfg.Clock.Now()
	at, err := r.manager.log.Append(ctx, r.key, app.After, app.Entry)
	r.manager.metrics.appended(r.manager.cfg.Clock.Now().Sub(began), err)
	if err == nil {
		return result{at: at}
	}
	for _, known := range []error{eventlog.ErrConflict, eventlog.ErrRefused, eventlog.ErrClosed} {
		if errors.Is(err, known) {
			return result{err: err}
		}
	}
	return result{err: fmt.Errorf("%w: %w", eventlog.ErrUnknown, err)}
}

// settle goes on after an append; false: the room is over.
func (r *room) settle(res result) bool {
	r.appending = time.Time{}
	r.setAway(false)
	switch {
	case res.err == nil:
		if r.troubled {
			r.logger.Info().Msg("the log takes appends again")
		}
		r.setTroubled(false)
		r.publish(r.engine.Kept(r.now(), res.at))
		r.snapshot()
		r.rechecked()
	case errors.Is(res.err, eventlog.ErrRefused):
		if !r.troubled {
			r.logger.Error().Err(res.err).Msg("the log refuses appends")
		}
		r.setTroubled(true)
		r.retryAt = r.now().Add(retryRefused)
		r.publish(r.engine.Refused())
	case errors.Is(res.err, eventlog.ErrConflict):
		r.logger.Info().Msg("another node has opened the room")
		r.dropActs() // whatever was in that batch or comes after it
		r.close(moved())
		return false
	default:
		r.close(nil)
		return false
	}
	return true
}

// losePatience sends everybody away while an append has no answer.
func (r *room) losePatience() {
	if r.away {
		return
	}
	r.logger.Error().Msg("the log doesn't answer; connections are sent away")
	r.setTroubled(true)
	r.setAway(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.inOrderLocked(everyConn) {
		r.expelLocked(c, engine.LogUnreachable(), singoffv1.Presence_REASON_CONNECTION_LOST)
	}
}

func (r *room) setAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

// setTroubled counts the room among those whose log refuses or doesn't answer, or no longer.
func (r *room) setTroubled(troubled bool) {
	switch {
	case troubled && !r.troubled:
		r.manager.refusing.Add(1)
	case !troubled && r.troubled:
		r.manager.refusing.Add(-1)
	}
	r.troubled = troubled
}
