package socket

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// wires is a kernel in memory: what was written, and what of it has been acknowledged.
type wires struct {
	written, taken atomic.Uint64
	at             atomic.Int64 // when something was last taken, Unix nanoseconds
}

func (k *wires) Acked() (uint64, time.Duration, bool) {
	return k.taken.Load(), time.Since(time.Unix(0, k.at.Load())), true
}

// take acknowledges n bytes more.
func (k *wires) take(n uint64) {
	k.taken.Add(n)
	k.at.Store(time.Now().UnixNano())
}

func (k *wires) Queued() (uint64, bool) { return k.written.Load() - k.taken.Load(), true }

// watched is a watch whose client does what a test says.
type watched struct {
	*watch
	*wires
	pings atomic.Int64
	over  chan error
	began time.Time
}

// begin watches with the standard times. A ping is written at once, two bytes long.
func begin(t *testing.T) *watched {
	t.Helper()
	w := &watched{wires: &wires{}, over: make(chan error, 1), began: time.Now()}
	p := newPulse()
	w.watch = &watch{
		pulse: p, kernel: w.wires, interval: 1500 * time.Millisecond, pingTimeout: 6 * time.Second, writeTimeout: 7 * time.Second,
		lost: func(err error) { w.over <- err },
	}
	w.ping = func() {
		w.pings.Add(1)
		p.written.Store(0)
		p.pinged.Store(p.now())
		w.wires.written.Add(2)
		w.watch.pinged()
	}
	p.listening.Store(p.now())
	w.watch.begin()
	t.Cleanup(w.stop)
	return w
}

// hear is a byte from the client.
func (w *watched) hear() {
	w.pulse.heard.Store(w.pulse.now())
	w.pulse.listening.Store(w.pulse.now())
}

// takeAll acknowledges everything.
func (w *watched) takeAll() { w.take(w.wires.written.Load() - w.taken.Load()) }

// wantLost wants the end at that time after the beginning.
func (w *watched) wantLost(t *testing.T, want error, least, most time.Duration) {
	t.Helper()
	err := <-w.over
	if took := time.Since(w.began); !errors.Is(err, want) || took < least || took > most {
		t.Errorf("got %v after %v, want %v within %v to %v", err, took, want, least, most)
	}
}

func (w *watched) wantAlive(t *testing.T) {
	t.Helper()
	select {
	case err := <-w.over:
		t.Fatalf("got %v after %v, want it to live", err, time.Since(w.began))
	default:
	}
}

func TestWatchFindsADeadMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.wantLost(t, errSilent, 7500*time.Millisecond, 7500*time.Millisecond)
	})
}

// Everything that was sent before the cable was pulled is acknowledged late, but before the ping: that is no sign of life after it.
func TestWatchFindsADeadMachineThatTookSomethingBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.wires.written.Add(500)
		time.Sleep(time.Second)
		w.takeAll()
		w.wantLost(t, errSilent, 7500*time.Millisecond, 7500*time.Millisecond)
	})
}

// The kernel of a stopped process goes on acknowledging what the room tells. That isn't the process's sign of life.
func TestWatchFindsAStoppedProcessInABusyRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		for range 60 {
			time.Sleep(100 * time.Millisecond)
			w.wires.written.Add(150)
			w.takeAll()
		}
		w.wantLost(t, errSilent, 7500*time.Millisecond, 8*time.Second)
	})
}

// A process may be stopped for nearly 6 s at any moment, also when its ping is due right then. When it was 4 s, a client that had been stopped for 4 s was
// called lost now and then.
func TestWatchBearsAProcessStoppedWhenItsPingIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		for range 3 {
			time.Sleep(1499 * time.Millisecond)
			w.takeAll()
			time.Sleep(5900 * time.Millisecond) // stopped
			w.takeAll()
			w.wantAlive(t)
			w.hear()
		}
		w.wantAlive(t)
	})
}

// A slow link takes half a minute for what lies before the ping. As long as it takes something the client lives, and it has all the time for
// an answer once the ping is there.
func TestWatchBearsASlowLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.wires.written.Add(60_000)
		for w.taken.Load() < 60_000 {
			time.Sleep(time.Second)
			w.take(2_000)
		}
		w.takeAll()
		time.Sleep(5900 * time.Millisecond)
		w.wantAlive(t)
		w.hear()
		time.Sleep(1501 * time.Millisecond)
		w.wantAlive(t)
		if got := w.pings.Load(); got != 2 {
			t.Errorf("got %d pings, want one while the first had no answer and one after", got)
		}
		w.wantLost(t, errSilent, 42*time.Second, 46*time.Second)
	})
}

func TestWatchFindsASlowLinkThatDies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.wires.written.Add(60_000)
		for range 20 {
			time.Sleep(time.Second)
			w.take(1_000)
		}
		w.wantLost(t, errSilent, 26*time.Second, 26*time.Second)
	})
}

func TestWatchFindsAWriteThatIsStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		time.Sleep(time.Second)
		w.pulse.writing.Store(w.pulse.now())
		for range 6 {
			time.Sleep(time.Second)
			w.hear()
		}
		w.wantLost(t, errStuck, 8*time.Second, 8*time.Second)
	})
}

func TestWatchBearsAWriteThatProgresses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.pulse.writing.Store(w.pulse.now())
		w.wires.written.Add(100)
		for range 10 {
			time.Sleep(6 * time.Second)
			w.hear()
			w.take(1)
		}
		w.wantAlive(t)
		time.Sleep(4 * time.Second)
		w.hear()
		w.wantLost(t, errStuck, 67*time.Second, 70*time.Second)
	})
}

// While the room makes a client wait nobody reads what it says.
func TestWatchDoesNotJudgeWhoIsNotListenedTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.pulse.listening.Store(0)
		for range 60 {
			time.Sleep(time.Second)
			w.takeAll()
		}
		w.wantAlive(t)
		if got := w.pings.Load(); got < 10 {
			t.Errorf("got %d pings, want some all the time: a broken connection is found by writing", got)
		}
		w.pulse.listening.Store(w.pulse.now())
		w.wantLost(t, errSilent, 66*time.Second, 66*time.Second)
	})
}

// Not even the room's making it wait keeps a dead machine: it doesn't acknowledge the ping.
func TestWatchFindsADeadMachineThatIsNotListenedTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.pulse.listening.Store(0)
		w.wantLost(t, errSilent, 8500*time.Millisecond, 8500*time.Millisecond)
	})
}

// In a room that talks much the buffer before a dead machine is full before a ping is due, and the ping is never written.
func TestWatchFindsADeadMachineBehindAFullBuffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.ping = func() {}
		w.wires.written.Add(200_000)
		time.Sleep(time.Second)
		w.pulse.writing.Store(w.pulse.now())
		w.wantLost(t, errSilent, 7500*time.Millisecond, 7500*time.Millisecond)
	})
}

// A server that was stopped in the middle of a write has pinged nobody meanwhile: the client has its time from then on.
func TestWatchAfterTheServerWasStoppedWhileItWrote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.ping = func() {}
		w.pulse.writing.Store(w.pulse.now())
		w.wires.written.Add(1)
		w.mu.Lock()
		w.due = w.due.Add(-time.Minute)
		w.mu.Unlock()
		w.pulse.heard.Add(-int64(time.Minute))
		time.Sleep(6900 * time.Millisecond)
		w.wantAlive(t)
		w.wantLost(t, errStuck, 7*time.Second, 7*time.Second)
	})
}

// A server that was stopped for a minute finds its look long due and the client's pongs still unread: calling the client lost then would be
// a false alarm. It looks again a moment later.
func TestWatchAfterTheServerItselfWasStopped(t *testing.T) {
	t.Parallel()
	for name, dead := range map[string]bool{"living client": false, "dead client": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := begin(t)
				time.Sleep(4 * time.Second) // pinged
				w.takeAll()
				w.mu.Lock()
				w.due = w.due.Add(-time.Minute) // as if the timer had fired a minute late, and all this were as long ago
				w.mu.Unlock()
				for _, at := range []*atomic.Int64{&w.pulse.heard, &w.pulse.listening, &w.pulse.pinged, &w.pulse.written} {
					at.Add(-int64(time.Minute))
				}
				w.wires.at.Add(-int64(time.Minute))
				time.Sleep(1300 * time.Millisecond) // the look
				w.wantAlive(t)
				if !dead {
					w.hear()
					time.Sleep(6 * time.Second)
					w.wantAlive(t)
				}
				w.wantLost(t, errSilent, 5*time.Second, 13*time.Second)
			})
		})
	}
}

func TestWatchIsQuickToStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.stop()
		w.stop()
		time.Sleep(time.Minute)
		w.wantAlive(t)
		if got := w.pings.Load(); got != 0 {
			t.Errorf("got %d pings after the end, want none", got)
		}
	})
}
