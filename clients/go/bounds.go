package singoff

import "time"

const (
	// boundsKept is how many measurements are kept.
	boundsKept = 40
	// A measurement says less as time goes by: two quartzes differ by up to 0.1 ms in a second. Another connection may lead to another clock: what an earlier
	// one said counts less sooner.
	boundAging        = 10_000 // ns a ns
	earlierBoundAging = 1_000
	// Measurements contradict each other if they leave readingError less than nothing: clocks are read to the millisecond in places.
	readingError = 2 * time.Millisecond
)

// measurement is a Ping and its Pong: sent and arrived by the local clock, received and answered by the server's.
type measurement struct{ sent, received, answered, arrived time.Time }

// bound says that the offset is at least and at most so much, as of a moment of the local clock.
type bound struct {
	least, most time.Duration
	at          time.Time
	aging       time.Duration // it says 1/aging less with the time that goes by
}

// bounds finds how far the server's clock is ahead of the local one, over a net whose delays vary. No way takes less than no time, so each measurement
// says two things that hold whatever the delays were: the offset is at most received - sent, and at least answered - arrived. The tightest of each
// are seldom of one measurement: the quickest way there and the quickest way back are looked for apart, and the offset is in the middle.
type bounds struct {
	kept []bound
	// partings is how often a measurement contradicted what was known before: a clock was set, or runs badly.
	partings int
}

// take takes a measurement in.
func (b *bounds) take(m measurement) {
	taken := bound{least: m.answered.Sub(m.arrived), most: m.received.Sub(m.sent), at: m.arrived, aging: boundAging}
	if known, ok := b.tightest(m.arrived); ok && min(known.most, taken.most)-max(known.least, taken.least) < -readingError {
		b.kept = nil
		b.partings++
	}
	if len(b.kept) == boundsKept {
		b.kept = append(b.kept[:0], b.kept[1:]...)
	}
	b.kept = append(b.kept, taken)
}

// reconnect begins the measurements of a new connection.
func (b *bounds) reconnect(now time.Time) {
	known, ok := b.tightest(now)
	b.kept = b.kept[:0]
	if ok {
		known.aging = earlierBoundAging
		b.kept = append(b.kept, known)
	}
}

// reading is what is known; false: nothing.
func (b *bounds) reading(now time.Time) (ClockReading, bool) {
	known, ok := b.tightest(now)
	return ClockReading{Offset: known.least + (known.most-known.least)/2, RoundTrip: max(time.Microsecond, known.most-known.least)}, ok
}

func (b *bounds) tightest(now time.Time) (bound, bool) {
	if len(b.kept) == 0 {
		return bound{}, false
	}
	tightest := bound{at: now}
	for i, known := range b.kept {
		aged := now.Sub(known.at) / known.aging
		if least := known.least - aged; i == 0 || least > tightest.least {
			tightest.least = least
		}
		if most := known.most + aged; i == 0 || most < tightest.most {
			tightest.most = most
		}
	}
	return tightest, true
}
