package singoff

import (
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// clockSamples of one connection are kept; the one with the shortest round trip counts.
const clockSamples = 8

// ClockReading is the estimate of the server's clock.
type ClockReading struct {
	// Offset is the server's clock less the local one.
	Offset time.Duration
	// RoundTrip of the measurement it rests on; the error is at most half of it. 0: only a Welcome has told the time so far.
	RoundTrip time.Duration
}

// clock estimates the server's clock against one that starts at the local wall clock and then runs by the monotonic clock, so that a change
// of the wall clock moves nothing.
type clock struct {
	base time.Time

	mu      sync.Mutex // protects what follows
	best    ClockReading
	samples []ClockReading
	pings   uint64
	sent    map[uint64]time.Time // pings without an answer, by id
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
	delete(c.sent, c.pings-2*clockSamples)
	return &singoffv1.Ping{Id: c.pings, ClientTime: timestamppb.New(c.steady(now))}
}

// restart begins the measurements of a new connection: the old ones say nothing about its path. The estimate stays until there is a better one,
// and the very first comes from Welcome.
func (c *clock) restart(welcome *singoffv1.Welcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.best.RoundTrip == 0 && welcome.GetServerTime() != nil {
		c.best.Offset = welcome.GetServerTime().AsTime().Sub(c.steady(time.Now()))
	}
	c.samples = nil
	clear(c.sent)
}

// pong takes a measurement.
func (c *clock) pong(p *singoffv1.Pong) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	sent, known := c.sent[p.GetId()]
	if !known || p.GetReceivedTime() == nil || p.GetSentTime() == nil {
		return
	}
	delete(c.sent, p.GetId())
	received, answered := p.GetReceivedTime().AsTime(), p.GetSentTime().AsTime()
	there, back := received.Sub(c.steady(sent)), answered.Sub(c.steady(now))
	sample := ClockReading{Offset: (there + back) / 2, RoundTrip: max(1, now.Sub(sent)-answered.Sub(received))}
	if c.samples = append(c.samples, sample); len(c.samples) > clockSamples {
		c.samples = c.samples[1:]
	}
	c.best = c.samples[0]
	for _, s := range c.samples {
		if s.RoundTrip < c.best.RoundTrip {
			c.best = s
		}
	}
}

// now is the server's clock.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.steady(time.Now()).Add(c.best.Offset)
}

// reading tells the offset against the wall clock as it is now.
func (c *clock) reading() ClockReading {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	return ClockReading{Offset: c.best.Offset + c.steady(now).Sub(now.Round(0)), RoundTrip: c.best.RoundTrip}
}
