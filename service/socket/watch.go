package socket

import (
	"errors"
	"sync"
	"time"
)

// What the watch ends a socket with.
var (
	// errSilent: a ping reached the client's machine, or should have, and nothing came back.
	errSilent = errors.New("socket: the client doesn't answer")
	// errStuck: the client's TCP takes nothing of what is written.
	errStuck = errors.New("socket: the client takes nothing")
)

const (
	// lateness is how late a look may come and still count: after a later one the server itself was starved or stopped, and what the client
	// said meanwhile may still be unread.
	lateness = 100 * time.Millisecond
	// lookAgain is the time to the next look after a late one.
	lookAgain = 200 * time.Millisecond
)

// kernel is what the operating system knows of what was sent; false: it doesn't.
type kernel interface {
	// acked is how many bytes of all that was written the client's machine has acknowledged.
	acked() (uint64, bool)
	// queued is how many bytes were written and aren't acknowledged.
	queued() (uint64, bool)
}

// untold is a kernel that tells nothing: the time-outs alone decide.
type untold struct{}

func (untold) acked() (uint64, bool)  { return 0, false }
func (untold) queued() (uint64, bool) { return 0, false }

// watch pings a silent client and tells a dead one from a slow one. A client is lost when nothing came since a ping for as long as the ping is
// with its machine and this end really listened, or when a write is under way of which nothing is taken. It looks now and then by one
// timer; receiving and sending cost it nothing but the times in pulse.
type watch struct {
	pulse        *pulse
	kernel       kernel
	interval     time.Duration // of silence before a ping
	pingTimeout  time.Duration
	writeTimeout time.Duration
	ping         func()
	lost         func(error)

	// Belong to the look there is.

	acked      uint64 // what the kernel had got acknowledged at the last look
	progressed int64  // the last look that found more
	reached    int64  // the first look that found the last ping delivered; 0: none has
	reachedBy  int64  // that ping: pulse.pinged

	mu      sync.Mutex // protects what follows
	due     time.Time  // of the next look
	timer   *time.Timer
	stopped bool
	looks   sync.WaitGroup // looks that are armed or under way
}

// begin begins to look. stop it.
func (w *watch) begin() {
	w.acked, _ = w.kernel.acked()
	w.arm(w.interval)
}

// stop ends the looks and waits for one that is under way.
func (w *watch) stop() {
	w.mu.Lock()
	w.stopped = true
	if w.timer != nil && w.timer.Stop() {
		w.looks.Done()
	}
	w.mu.Unlock()
	w.looks.Wait()
}

func (w *watch) arm(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	w.due = time.Now().Add(d)
	w.looks.Add(1)
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.look)
	} else {
		w.timer.Reset(d)
	}
}

// late: this look isn't on time.
func (w *watch) late() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.due) > lateness
}

// look runs in a goroutine of the timer's.
func (w *watch) look() {
	defer w.looks.Done()
	late := w.late()
	now := w.pulse.now()
	w.seeProgress(now)
	verdict, wait, ping := w.judge(now)
	switch {
	case late:
		wait = lookAgain
	case verdict != nil:
		w.lost(verdict)
		return
	}
	w.arm(max(wait, time.Millisecond))
	if ping {
		w.ping()
	}
}

// pinged is called when a ping was written, by who wrote it. The acknowledged come first: more of them meanwhile make the place too low by
// that, never too high.
func (w *watch) pinged() {
	acked, _ := w.kernel.acked()
	delivered := uint64(0)
	if queued, ok := w.kernel.queued(); ok {
		delivered = acked + queued
	}
	w.pulse.acked.Store(acked)
	w.pulse.delivered.Store(delivered)
	w.pulse.written.Store(w.pulse.now())
}

// seeProgress asks the kernel how much has reached the client's machine.
func (w *watch) seeProgress(now int64) {
	acked, ok := w.kernel.acked()
	if !ok {
		return
	}
	if acked > max(w.acked, w.pulse.acked.Load()) {
		w.acked, w.progressed = acked, now
	}
	if pinged := w.pulse.pinged.Load(); pinged != w.reachedBy {
		w.reached, w.reachedBy = 0, pinged
	}
	if w.reached == 0 && w.pulse.written.Load() != 0 && acked >= w.pulse.delivered.Load() {
		w.reached = now
	}
}

// judge says whether the client is lost, when to look again, and whether to ping.
func (w *watch) judge(now int64) (verdict error, wait time.Duration, ping bool) {
	wait = w.interval
	if since := w.pulse.writing.Load(); since != 0 {
		left := w.writeTimeout - time.Duration(now-max(since, w.progressed))
		if left <= 0 {
			return errStuck, 0, false
		}
		wait = left
	}
	heard, pinged := w.pulse.heard.Load(), w.pulse.pinged.Load()
	if pinged != 0 && heard < pinged {
		verdict, left, ping := w.judgeSilence(now, pinged)
		return verdict, min(wait, left, w.pingTimeout/2), ping
	}
	left := w.interval - time.Duration(now-heard)
	if left <= 0 { // soon after it the ping should be with the client's machine
		return nil, min(wait, w.pingTimeout/16), true
	}
	return nil, min(wait, left), false
}

// judgeSilence: a ping has no answer yet. The time for one begins when the ping has reached the client's machine; before, all progress
// towards that is a sign of life.
func (w *watch) judgeSilence(now, pinged int64) (verdict error, wait time.Duration, ping bool) {
	written := w.pulse.written.Load()
	if written == 0 {
		return nil, w.pingTimeout, false
	}
	listening := w.pulse.listening.Load()
	if listening == 0 {
		return nil, w.pingTimeout, time.Duration(now-pinged) >= w.interval
	}
	since := max(written, listening)
	if w.pulse.delivered.Load() != 0 {
		if w.reached > 0 {
			since = max(since, w.reached)
		} else {
			since = max(since, w.progressed)
		}
	}
	left := w.pingTimeout - time.Duration(now-since)
	if left <= 0 {
		return errSilent, 0, false
	}
	return nil, left, false
}
