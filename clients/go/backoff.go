package singoff

import (
	"math/rand/v2"
	"time"
)

// How tries to connect are spread.
const (
	backoffBase = 250 * time.Millisecond
	backoffCap  = 15 * time.Second
	// triesAtMost in any triesWindow, whatever the dice say.
	triesAtMost = 6
	triesWindow = 10 * time.Second
	// settledAfter is how long a connection must have been joined, and of use both ways, for the next loss to count as the first one.
	settledAfter = 5 * time.Second
)

// backoff says when to try again: exponential, with full jitter, never more than triesAtMost in a triesWindow.
type backoff struct {
	failures int         // since a connection was of use
	tries    []time.Time // the newest triesAtMost
	forgiven time.Time   // when woken last forgot the tries
}

// tried notes a try.
func (b *backoff) tried(now time.Time) {
	b.tries = append(b.tries, now)
	if len(b.tries) > triesAtMost {
		b.tries = b.tries[1:]
	}
}

// settled forgets failures: a connection was of use.
func (b *backoff) settled() { *b = backoff{} }

// woken forgets failures, and tries as well unless it has done so within a triesWindow: those of a machine without a network reached nobody.
func (b *backoff) woken(now time.Time) {
	b.failures = 0
	if now.Sub(b.forgiven) >= triesWindow {
		b.tries, b.forgiven = nil, now
	}
}

// next is when to try again after a failure, no earlier than retryAfter from now.
func (b *backoff) next(now time.Time, retryAfter time.Duration) time.Time {
	longest := min(backoffCap, backoffBase<<min(b.failures, 10))
	b.failures++
	at := now.Add(max(0, retryAfter) + rand.N(longest))
	if earliest := b.earliest(); at.Before(earliest) {
		return earliest
	}
	return at
}

// earliest is when another try doesn't exceed triesAtMost in a triesWindow; it may have passed.
func (b *backoff) earliest() time.Time {
	if len(b.tries) < triesAtMost {
		return time.Time{}
	}
	return b.tries[0].Add(triesWindow)
}
