package simulate

import (
	"slices"
	"sync"
	"time"
)

// durations gathers measured times. It may be used concurrently.
type durations struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *durations) add(more ...time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, more...)
}

// Spread tells how long something took: half of all times are at most P50, and so on. Zero if Count is.
type Spread struct {
	Count              int
	P50, P90, P99, Max time.Duration
}

func (d *durations) spread() Spread {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.all)
	if n == 0 {
		return Spread{}
	}
	slices.Sort(d.all)
	at := func(percent int) time.Duration { return d.all[min(n-1, (n*percent+99)/100-1)] }
	return Spread{Count: n, P50: at(50), P90: at(90), P99: at(99), Max: d.all[n-1]}
}

// utterance is one line of chat on its way. Its times count only if its author was connected all the while: else they
// would tell how long it took to come back.
type utterance struct {
	sent time.Time

	mu      sync.Mutex // of what follows
	seen    []time.Duration
	decided bool
	counts  bool
}

// saw notes that somebody else saw it, live.
func (u *utterance) saw(into *durations) {
	took := time.Since(u.sent)
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case !u.decided:
		u.seen = append(u.seen, took)
	case u.counts:
		into.add(took)
	}
}

// answered decides whether it counts.
func (u *utterance) answered(counts bool, into *durations) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.decided, u.counts = true, counts
	if counts {
		into.add(u.seen...)
	}
	u.seen = nil
}
