package singoff

import (
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	// mostPings without an answer are waited for.
	mostPings = 64
	// The clock is well known when its error is at most goodClock.
	goodClock = 10 * time.Millisecond
)

// ClockReading is the estimate of the server's clock.
type ClockReading struct {
	// Offset is the server's clock less the local one.
	Offset time.Duration
	// RoundTrip is the shortest way to the server and the shortest way back, together; the error is at most half of it, and much less unless one way is
	// always slower than the other. 0: only a Welcome has told the time so far.
	RoundTrip time.Duration
}

// clock estimates the server's clock against one that starts at the local wall clock and then runs by the monotonic clock, so that a change
// of the wall clock moves nothing.
type clock struct {
	base time.Time

	mu     sync.Mutex // protects what follows
	known  ClockReading
	bounds bounds
	pings  uint64
	sent   map[uint64]time.Time // pings without an answer, by id
}

func newClock() *clock {
	return &clock{base: time.Now(), sent: map[uint64]time.Time{}}
}

// steady is the local clock that offsets are measured against.
func (c *clock) steady(t time.Time) time.Time { return c.base.Round(0).Add(t.Sub(c.base)) }

// ping makes the next measurement's Ping.
func (c *clock) ping() *singoffv1.Ping {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pings++
	now := time.Now()
	c.sent[c.pings] = now
	delete(c.sent, c.pings-mostPings)
	return &singoffv1.Ping{Id: c.pings, ClientTime: timestamppb.New(c.steady(now))}
}

// restart begins the measurements of a new connection. What was known stays until something else is surer; the very first comes from Welcome.
func (c *clock) restart(welcome *singoffv1.Welcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.steady(time.Now())
	if c.known.RoundTrip == 0 && welcome.GetServerTime() != nil {
		c.known.Offset = welcome.GetServerTime().AsTime().Sub(now)
	}
	c.bounds.reconnect(now)
	clear(c.sent)
}

// pong takes a measurement.
func (c *clock) pong(p *singoffv1.Pong) {
	now := c.steady(time.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	sent, known := c.sent[p.GetId()]
	if !known || p.GetReceivedTime() == nil || p.GetSentTime() == nil {
		return
	}
	delete(c.sent, p.GetId())
	c.bounds.take(measurement{sent: c.steady(sent), received: p.GetReceivedTime().AsTime(), answered: p.GetSentTime().AsTime(), arrived: now})
	c.known, _ = c.bounds.reading(now)
}

// good says whether more measurements would tell nothing that can be noticed.
func (c *clock) good() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known.RoundTrip > 0 && c.known.RoundTrip/2 <= goodClock
}

// now is the server's clock.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.steady(time.Now()).Add(c.known.Offset)
}

// reading tells the offset against the wall clock as it is now.
func (c *clock) reading() ClockReading {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	return ClockReading{Offset: c.known.Offset + c.steady(now).Sub(now.Round(0)), RoundTrip: c.known.RoundTrip}
}
