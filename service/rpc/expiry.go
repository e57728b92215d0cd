package rpc

import (
	"sync/atomic"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// expiry watches the end of a signed-in user's token, by the wall clock. A fresh token only ever moves it on.
type expiry struct {
	at    atomic.Int64 // Unix nanoseconds
	timer *time.Timer
}

// clockStep is how often the end is looked at that is further away: a clock that is set, or a machine that slept, moves it nearer.
const clockStep = 30 * time.Second

// newExpiry is for a token that ends then; the zero time: there is none, and C never fires. Stop it.
func newExpiry(at time.Time) *expiry {
	e := &expiry{}
	if !at.IsZero() {
		e.at.Store(at.UnixNano())
		e.timer = time.NewTimer(e.next())
	}
	return e
}

func (e *expiry) next() time.Duration { return min(time.Until(time.Unix(0, e.at.Load())), clockStep) }

// extend moves the end on. It may be called while another goroutine uses the rest; only for a user who has a token.
func (e *expiry) extend(to time.Time) {
	if n := to.UnixNano(); n > e.at.Load() {
		e.at.Store(n) // by the reader alone
	}
}

// C fires when passed is to be asked.
func (e *expiry) C() <-chan time.Time {
	if e.timer == nil {
		return nil
	}
	return e.timer.C
}

// passed says whether the token has ended, and sets the time of the next look.
func (e *expiry) passed() bool {
	left := e.next()
	if left <= 0 {
		return true
	}
	e.timer.Reset(left)
	return false
}

// stop ends the looks.
func (e *expiry) stop() {
	if e.timer != nil {
		e.timer.Stop()
	}
}

// tokenExpired isn't final: who has a fresh token may come back, and finds their seat held.
func tokenExpired() *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_TOKEN_EXPIRED, Field: "hello.token",
		Message: "the token has expired; come back with a fresh one",
	}
}
