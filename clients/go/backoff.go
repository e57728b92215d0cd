package singoff

import (
	"math/rand/v2"
	"time"
)

// How tries to connect are spread. clients/js has the same figures.
const (
	// A slot holds one try. The first is as long as slotStep, each is longer than the one before by as much, up to slotLongest.
	slotStep    = 500 * time.Millisecond
	slotLongest = 7500 * time.Millisecond
	// briefTries is how many tries at most are counted once a connection was of use, but not for settledAfter.
	briefTries = 3
	// triesAtMost in any triesWindow, whatever the server and the application do.
	triesAtMost = 6
	triesWindow = 10 * time.Second
	// hurryEvery is how often a Wake may exceed that by one try.
	hurryEvery = 3 * time.Second
	// settledAfter is how long a connection must have been joined, and of use both ways, for the next loss to count as the first one.
	settledAfter = 5 * time.Second
)

// backoff says when to try again: time is cut into slots, each a little longer than the one before, and in each there is one try, at a moment that the
// dice choose. So nobody who is lucky with the dice has used up all tries when the server is back, and nobody who is unlucky waits longer than two
// slots; those of a crowd are spread evenly all the time.
type backoff struct {
	counted  int         // tries since a connection was of use
	until    time.Time   // end of the newest try's slot
	tries    []time.Time // the newest triesAtMost
	forgiven time.Time   // when woken last forgot tries
	hurried  time.Time   // when woken last allowed one too many
}

// tried notes a try.
func (b *backoff) tried(now time.Time) {
	b.counted++
	b.tries = append(b.tries, now)
	if len(b.tries) > triesAtMost {
		b.tries = b.tries[1:]
	}
}

// settled forgets all tries: a connection was of use.
func (b *backoff) settled() { *b = backoff{} }

// brief forgets all but briefTries: a connection was of use for a moment. Who falls down again and again is tried less and less, but not as seldom as who
// doesn't stand up.
func (b *backoff) brief() { b.counted = min(b.counted, briefTries) }

// next is when to try again after a failure, no earlier than retryAfter from now.
func (b *backoff) next(now time.Time, retryAfter time.Duration) time.Time {
	return b.nextBy(rand.N[time.Duration], now, retryAfter)
}

func (b *backoff) nextBy(dice func(time.Duration) time.Duration, now time.Time, retryAfter time.Duration) time.Time {
	slot := min(slotLongest, time.Duration(b.counted+1)*slotStep)
	begin := latest(now.Add(max(0, retryAfter)), latest(b.until, b.earliest()))
	b.until = begin.Add(slot)
	return begin.Add(dice(slot))
}

// woken is when to try again now that the network is back. It begins with the first slot anew, and forgets tries unless it has done so within a triesWindow: those
// of a machine without a network reached nobody.
func (b *backoff) woken(now time.Time) time.Time {
	b.counted, b.until = 0, time.Time{}
	if now.Sub(b.forgiven) >= triesWindow {
		b.tries, b.forgiven = nil, now
	}
	allowed := latest(now, b.earliest())
	if hurry := latest(now, b.hurried.Add(hurryEvery)); hurry.Before(allowed) {
		b.hurried = hurry
		return hurry
	}
	return allowed
}

// earliest is when another try doesn't exceed triesAtMost in a triesWindow; it may have passed.
func (b *backoff) earliest() time.Time {
	if len(b.tries) < triesAtMost {
		return time.Time{}
	}
	return b.tries[0].Add(triesWindow)
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
