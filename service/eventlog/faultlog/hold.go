package faultlog

import (
	"context"
	"slices"
	"sync"

	"github.com/singoff/singoff/service/eventlog"
)

// Point is where an append can be held up.
type Point int

// Where an append can be held up.
const (
	// BeforeKeeping: nothing has come of it yet.
	BeforeKeeping Point = iota
	// BeforeAnswering: what becomes of it is settled, but its caller doesn't know.
	BeforeAnswering
)

// Hold keeps appends waiting at a point, until it is released. An append whose context ends while it waits answers ErrUnknown.
type Hold struct {
	arrived, released         chan struct{}
	arrivedOnce, releasedOnce sync.Once
	forget                    func()
}

// Hold keeps all appends waiting that come to a point from now on. Of several holds at one point each must be released.
func (l *Log) Hold(at Point) *Hold {
	h := &Hold{arrived: make(chan struct{}), released: make(chan struct{})}
	h.forget = func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.holds[at] = slices.DeleteFunc(l.holds[at], func(other *Hold) bool { return other == h })
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holds[at] = append(l.holds[at], h)
	return h
}

// Arrived is closed when the first append waits.
func (h *Hold) Arrived() <-chan struct{} { return h.arrived }

// Release lets the waiting ones go on, and all that come. It may be called again.
func (h *Hold) Release() {
	h.releasedOnce.Do(func() {
		h.forget()
		close(h.released)
	})
}

// wait passes when nothing is held at a point.
func (l *Log) wait(ctx context.Context, at Point) error {
	for {
		h := l.heldAt(at)
		if h == nil {
			return nil
		}
		h.arrivedOnce.Do(func() { close(h.arrived) })
		select {
		case <-h.released:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.closed:
			return eventlog.ErrClosed
		}
	}
}

func (l *Log) heldAt(at Point) *Hold {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.holds[at]) == 0 {
		return nil
	}
	return l.holds[at][0]
}

// ended waits until an append's context or the log has ended, and says which.
func (l *Log) ended(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.closed:
		return eventlog.ErrClosed
	}
}
