package rpc

import (
	"sync/atomic"
	"time"
)

// silence watches a client's promise to say something at least every interval. It counts only the time in which the server listened and itself ran: it looks
// once a second, and of a look that comes late only the second counts. After one that comes very late the server was stopped or starved; what the
// client said meanwhile may still be unread, and what it would have answered was not sent.
type silence struct {
	limit time.Duration
	// taking says whether the client's machine is still taking what it was sent: then its answers wait behind that, and it lives. nil: nobody knows.
	taking func() bool
	// listeningSince is when the reader began to wait for the next message, in nanoseconds since start; 0: it doesn't wait.
	listeningSince atomic.Int64
	start          time.Time
	timer          *time.Timer

	// Of lost alone.

	silent time.Duration // so long the client has said nothing
	looked time.Time     // the last look
	due    time.Time     // the next one
}

const (
	// lookInterval is the longest time between two looks.
	lookInterval = time.Second
	// lateness is how late a look may come and still count in full; veryLate is a sign that the server was stopped.
	lateness = 100 * time.Millisecond
	veryLate = 500 * time.Millisecond
	// answerTime is what a client has for a word after the server was stopped, or after it has taken all that it was sent.
	answerTime = 2 * time.Second
)

// newSilence is for a client that promised to say something every interval; 0: it promised nothing, and C never fires. taking may be nil. Stop it.
func newSilence(interval time.Duration, taking func() bool) *silence {
	s := &silence{start: time.Now().Add(-time.Nanosecond), taking: taking}
	if interval > 0 {
		s.limit = 2*interval + 2*time.Second
		s.timer = time.NewTimer(lookInterval)
		s.looked = time.Now()
		s.due = s.looked.Add(lookInterval)
	}
	return s
}

// listen is called by the reader before it waits for a message.
func (s *silence) listen() { s.listeningSince.Store(int64(time.Since(s.start))) }

// heard is called by the reader when a message, or the end, has come.
func (s *silence) heard() { s.listeningSince.Store(0) }

// C fires when lost is to be asked.
func (s *silence) C() <-chan time.Time {
	if s.timer == nil {
		return nil
	}
	return s.timer.C
}

// lost looks whether the client has been silent for too long, and sets the time of the next look.
func (s *silence) lost() bool {
	now := time.Now()
	s.count(now)
	if s.silent >= s.limit {
		return true
	}
	next := max(min(s.limit-s.silent, lookInterval), time.Millisecond)
	s.looked, s.due = now, now.Add(next)
	s.timer.Reset(next)
	return false
}

// count adds what has passed since the last look.
func (s *silence) count(now time.Time) {
	late := now.Sub(s.due)
	passed := now.Sub(s.looked) - max(late-lateness, 0)
	switch since := s.listeningSince.Load(); {
	case since == 0:
		s.silent = 0
	case s.start.Add(time.Duration(since)).After(s.looked):
		s.silent = min(now.Sub(s.start)-time.Duration(since), passed)
	default:
		s.silent += passed
	}
	if late > veryLate || s.silent > s.limit-answerTime && s.taking != nil && s.taking() {
		s.silent = min(s.silent, s.limit-answerTime)
	}
}

// stop ends the looks.
func (s *silence) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}
