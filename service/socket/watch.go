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
	lateness = 250 * time.Millisecond
	// lookAgain is the time to the next look after a late one: in it all that the client said should have been read, on a busy machine too.
	lookAgain = 2 * time.Second
)

// kernel is what the operating system knows of what was sent, as acks.Kernel tells it; ok is false if it doesn't.
type kernel interface {
	Acked() (n uint64, ago time.Duration, ok bool)
	Queued() (n uint64, ok bool)
}

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
	progressed int64  // when more was found acknowledged, by the kernel's time
	reached    int64  // when the last ping was found delivered, by the kernel's time; 0: it wasn't
	reachedBy  int64  // that ping: pulse.pinged
	lateAt     int64  // the last look that came late: before it nobody was pinged in time

	mu      sync.Mutex // protects what follows
	due     time.Time  // of the next look
	timer   *time.Timer
	stopped bool
	looks   sync.WaitGroup // looks that are armed or under way
}

// begin begins to look. stop it.
func (w *watch) begin() {
	w.acked, _, _ = w.kernel.Acked()
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
	j := w.judge(now)
	switch {
	case late:
		j.wait, w.lateAt = lookAgain, now
	case j.lost != nil:
		w.lost(j.lost)
		return
	}
	w.arm(max(j.wait, time.Millisecond))
	if j.ping {
		w.ping()
	}
}

// pinged is called when a ping was written, by who wrote it. The acknowledged come first: more of them meanwhile make the place too low by
// that, never too high.
func (w *watch) pinged() {
	acked, _, _ := w.kernel.Acked()
	delivered := uint64(0)
	if queued, ok := w.kernel.Queued(); ok {
		delivered = acked + queued
	}
	w.pulse.acked.Store(acked)
	w.pulse.delivered.Store(delivered)
	w.pulse.written.Store(w.pulse.now())
}

// seeProgress asks the kernel how much has reached the client's machine.
func (w *watch) seeProgress(now int64) {
	acked, ago, ok := w.kernel.Acked()
	if !ok {
		return
	}
	at := now - int64(ago)
	if acked > max(w.acked, w.pulse.acked.Load()) {
		w.acked, w.progressed = acked, at
	}
	if pinged := w.pulse.pinged.Load(); pinged != w.reachedBy {
		w.reached, w.reachedBy = 0, pinged
	}
	if w.reached == 0 && w.pulse.written.Load() != 0 && acked >= w.pulse.delivered.Load() {
		w.reached = at
	}
}

// judgement is what a look leads to.
type judgement struct {
	lost error         // nil: the client lives
	wait time.Duration // to the next look
	ping bool
}

// judge judges by the times in pulse and by what the kernel told.
func (w *watch) judge(now int64) judgement {
	wait := w.interval
	if since := w.pulse.writing.Load(); since != 0 {
		if wait = w.writeTimeout - time.Duration(now-max(since, w.progressed)); wait <= 0 {
			return judgement{lost: errStuck}
		}
	}
	heard, pinged := w.pulse.heard.Load(), w.pulse.pinged.Load()
	j := w.judgeSilence(now, heard, pinged)
	j.wait = min(j.wait, wait)
	return j
}

// judgeSilence pings a client that is silent, and judges one that goes on being so.
func (w *watch) judgeSilence(now, heard, pinged int64) judgement {
	left := w.interval - time.Duration(now-heard)
	switch {
	case left > 0:
		return judgement{wait: left}
	case pinged == 0 || heard >= pinged:
		if j := w.judgeBefore(now, heard); j.lost != nil {
			return j
		}
		return judgement{wait: w.pingTimeout / 24, ping: true} // so soon the ping should be with the client's machine
	case w.pulse.written.Load() == 0:
		return w.judgeBefore(now, heard)
	}
	return w.judgeAfter(now, pinged)
}

// judgeBefore: a ping waits for a write that is under way. A client of which nothing comes and that takes nothing has had all the time it would
// have had for an answer.
func (w *watch) judgeBefore(now, heard int64) judgement {
	writing, listening := w.pulse.writing.Load(), w.pulse.listening.Load()
	if writing == 0 || listening == 0 {
		return judgement{wait: w.pingTimeout / 2}
	}
	since := max(heard, listening, w.lateAt, w.progressed)
	if _, _, told := w.kernel.Acked(); !told {
		since = max(since, writing) // of this chunk: the one before was taken
	}
	left := w.interval + w.pingTimeout - time.Duration(now-since)
	if left <= 0 {
		return judgement{lost: errSilent}
	}
	return judgement{wait: min(left, w.pingTimeout/2)}
}

// judgeAfter: a ping was written and has no answer. The time for one begins when the ping has reached the client's machine; before, all progress
// towards that is a sign of life.
func (w *watch) judgeAfter(now, pinged int64) judgement {
	written, listening := w.pulse.written.Load(), w.pulse.listening.Load()
	onTheWay := w.pulse.delivered.Load() != 0 && w.reached == 0
	since, timeout := max(written, listening), w.pingTimeout
	switch {
	case onTheWay && listening == 0: // what comes isn't seen; what is taken is
		since, timeout = max(written, w.progressed), w.writeTimeout
	case onTheWay:
		since = max(since, w.progressed)
	case listening == 0:
		return judgement{wait: w.pingTimeout / 2, ping: time.Duration(now-pinged) >= w.interval}
	default:
		since = max(since, w.reached)
	}
	left := timeout - time.Duration(now-since)
	if left <= 0 {
		return judgement{lost: errSilent}
	}
	return judgement{wait: min(left, w.pingTimeout/2)}
}
