package singoff

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/go/session"
)

// runLoop connects, and connects again, until the Room ends. It is the Room's own goroutine; all others end before it.
func (r *Room) runLoop() {
	defer close(r.done)
	defer r.client.remove(r)
	var others sync.WaitGroup
	stopSaving := make(chan struct{})
	if r.saver.store != nil {
		others.Go(func() { r.saver.saveLoop(stopSaving) })
	}
	cause := r.connectAgain()
	r.end(cause)
	close(stopSaving)
	others.Wait()
	if r.events != nil {
		close(r.events)
	}
	r.states.set(ConnectionState{Phase: PhaseClosed, Attempt: r.session.Attempt(), Cause: r.err})
	r.logger.Info().AnErr("cause", r.err).Msg("room closed")
}

// connectAgain makes one connection after the other, and returns the cause of the last one's end when there will be no other.
func (r *Room) connectAgain() error {
	for attempt := uint64(1); ; attempt++ {
		began := time.Now()
		r.backoff.tried(began)
		if attempt == 1 {
			r.states.set(ConnectionState{Phase: PhaseConnecting, Attempt: attempt})
		}
		c := newConnection(r)
		cause := c.serve()
		r.lost()
		if r.ctx.Err() != nil || r.ended() || !c.wasWelcomed() && isFinal(cause) || !r.comesBackSignedIn(c, cause) {
			return cause
		}
		r.judge(c)
		if !r.pause(attempt, cause) {
			return cause
		}
	}
}

// judge lets the backoff know of what use a connection was, that has ended. A Wake from while it stood is no reason to hurry now; one from while it was tried
// to make it is: the network may have come back after the try had begun.
func (r *Room) judge(c *connection) {
	if !c.wasWelcomed() {
		return
	}
	select {
	case <-r.woken:
	default:
	}
	switch {
	case c.useful.Load() && time.Since(c.welcomedAt) >= settledAfter:
		r.backoff.settled()
	case c.useful.Load():
		r.backoff.brief()
	}
}

// pause waits for the next try; false: the Room ends.
func (r *Room) pause(attempt uint64, cause error) bool {
	var retryAfter time.Duration
	if goaway, ok := errors.AsType[*GoawayError](cause); ok {
		retryAfter = goaway.RetryAfter
	}
	now := time.Now()
	next := r.backoff.next(now, retryAfter)
	r.states.set(ConnectionState{Phase: PhaseReconnecting, Attempt: attempt, Cause: cause, NextTry: next})
	r.logger.Info().AnErr("cause", cause).Dur("again_in", next.Sub(now)).Msg("not connected")
	if !r.sleep(now.Add(retryAfter), next) {
		return false
	}
	r.states.set(ConnectionState{Phase: PhaseReconnecting, Attempt: attempt + 1, Cause: cause})
	return true
}

// sleep waits until then, or until a Wake and no earlier than the server asked for; false: the Room ends.
func (r *Room) sleep(asked, until time.Time) bool {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case <-r.woken:
			if soonest := latest(asked, r.backoff.woken(time.Now())); soonest.Before(until) {
				until = soonest
				timer.Reset(time.Until(soonest))
			}
		case <-r.ctx.Done():
			return false
		}
	}
}

// lost tells the session that its connection is gone, and drops what would have been sent at most once on it.
func (r *Room) lost() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session.Lost()
	r.once = nil
	r.deliverLocked()
}

// ended says whether the session has ended by itself.
func (r *Room) ended() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session.Phase() == session.Ended
}

// end ends the session, with an error if neither Leave nor Close did it.
func (r *Room) end(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.session.End() == session.EndLeft:
	case r.session.End() == session.EndRefused:
		r.err = goawayError(r.session.Goaway())
	case r.session.End() == session.EndLeaveUnknown:
		r.err = fmt.Errorf("%w: Leave: %w", ErrUnknownOutcome, cause)
	case r.ctx.Err() == nil:
		r.err = lastWord(cause)
	}
	r.session.Close()
	r.deliverLocked()
	r.cancel()
}

// lastWord is final, whatever the server may have thought of who else comes back.
func lastWord(cause error) *GoawayError {
	if goaway, ok := errors.AsType[*GoawayError](cause); ok {
		last := *goaway
		last.Final = true
		return &last
	}
	return &GoawayError{Final: true, Status: cause}
}

// deliverLocked hands results to those who wait for them. A channel of a waiter has room for its one result.
func (r *Room) deliverLocked() {
	for _, result := range r.session.TakeResults() {
		if waiter, waits := r.waiters[result.ID]; waits {
			waiter <- result
			delete(r.waiters, result.ID)
		}
	}
}

// isFinal says whether a stream that ended without a Goaway, before a Welcome, needn't be tried again: the same Hello would meet the same
// answer. Goaways say themselves whether they are final.
func isFinal(err error) bool {
	if _, said := errors.AsType[*GoawayError](err); said || errors.Is(err, context.Canceled) {
		return false
	}
	switch status.Code(err) {
	case codes.InvalidArgument, codes.Unauthenticated, codes.PermissionDenied, codes.NotFound, codes.AlreadyExists,
		codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented:
		return true
	}
	return false
}
