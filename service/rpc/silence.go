package rpc

import (
	"sync/atomic"
	"time"
)

// silence watches a client's promise to say something at least every interval. It counts only while the server is really listening, and
// calls a client lost only at a look that was on time: after one that came late the server itself was starved or stopped, and
// what the client said meanwhile may still be unread.
type silence struct {
	limit time.Duration
	// listeningSince is when the reader began to wait for the next message, in nanoseconds since start; 0: it doesn't wait.
	listeningSince atomic.Int64
	start          time.Time
	timer          *time.Timer
	due            time.Time
}

const (
	// look is the time between looks at a client that may be lost.
	look = 200 * time.Millisecond
	// lateness is how late a look may come and still count.
	lateness = 100 * time.Millisecond
)

// newSilence is for a client that promised to say something every interval; 0: it promised nothing, and C never fires. Stop it.
func newSilence(interval time.Duration) *silence {
	s := &silence{start: time.Now().Add(-time.Nanosecond)}
	if interval > 0 {
		s.limit = 2*interval + 2*time.Second
		s.due = time.Now().Add(s.limit)
		s.timer = time.NewTimer(s.limit)
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
	late := now.Sub(s.due) > lateness
	since := s.listeningSince.Load()
	next := s.limit
	if since != 0 {
		silent := now.Sub(s.start) - time.Duration(since)
		if silent >= s.limit && !late {
			return true
		}
		next = max(s.limit-silent, 0)
	}
	if late {
		next = max(next, look)
	}
	s.due = now.Add(next)
	s.timer.Reset(next)
	return false
}

// stop ends the looks.
func (s *silence) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}
