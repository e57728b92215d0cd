package room

import (
	"runtime/debug"
	"time"
)

// loop is the room's one goroutine.
func (r *room) loop() {
	defer r.manager.running.Done()
	defer r.background.Wait()
	defer r.stop()
	defer r.giveUpOnPanic()
	if err := r.open(); err != nil {
		r.failOpen(err)
		return
	}
	timer := r.manager.cfg.Clock.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.ctx.Done():
			r.close(nil)
			r.background.Wait()
			r.storeSnapshot()
			return
		case res := <-r.results:
			if !r.settle(res) {
				return
			}
		case <-r.wake:
		case <-timer.C:
			r.trim()
		}
		r.advance()
		if r.unload() {
			return
		}
		timer.Reset(r.sleep())
	}
}

// giveUpOnPanic closes a room whose rules have a bug; the others go on. What was answered stays in the log.
func (r *room) giveUpOnPanic() {
	if p := recover(); p != nil {
		r.logger.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("room given up after a bug")
		r.close(givenUp())
	}
}

// advance decides what waits and what is due, unless an append is under way.
func (r *room) advance() {
	now := r.now()
	if !r.appending.IsZero() {
		if now.Sub(r.appending) >= r.manager.cfg.Patience {
			r.losePatience()
		}
		return
	}
	for r.appending.IsZero() {
		r.takeIn()
		switch {
		case r.troubled && !now.Before(r.retryAt), !r.troubled && r.takeRechecks():
			r.append(now, r.engine.Probe(now))
		case r.engine.Waiting() || !r.troubled && r.due(now):
			app, must, out := r.engine.Decide(now)
			if must {
				r.append(now, app)
			} else {
				r.publish(out)
			}
		default:
			return
		}
	}
}

// takeIn moves the inbox into the engine.
func (r *room) takeIn() {
	r.mu.Lock()
	inbox := r.takeLocked(r.inbox)
	r.inbox = r.spare[:0]
	r.mu.Unlock()
	for _, in := range inbox {
		r.engine.Push(in)
	}
	clear(inbox)
	if r.spare = inbox; cap(inbox) > maxSpare {
		r.spare = nil
	}
}

func (r *room) due(now time.Time) bool {
	at, any := r.engine.Wake()
	return any && !at.After(now)
}

// sleep is until something happens by itself.
func (r *room) sleep() time.Duration {
	now := r.now()
	next := now.Add(idleWake)
	wake := func(at time.Time, any bool) {
		if any && at.Before(next) {
			next = at
		}
	}
	switch {
	case !r.appending.IsZero():
		wake(r.appending.Add(r.manager.cfg.Patience), !r.away)
	case r.troubled:
		wake(r.retryAt, true)
	default:
		wake(r.engine.Wake())
	}
	r.mu.Lock()
	wake(r.ring.due())
	r.mu.Unlock()
	return max(0, next.Sub(now))
}

// unload closes a room in which nobody is and nothing is left to happen; a later join opens it again.
func (r *room) unload() bool {
	if !r.appending.IsZero() || !r.engine.State().Empty() || r.engine.Waiting() || r.engine.Owing() {
		return false
	}
	r.mu.Lock()
	idle := len(r.inbox) == 0 && len(r.conns) == 0
	if idle {
		r.closed.Store(true)
	}
	r.mu.Unlock()
	if idle {
		r.setTroubled(false)
		r.background.Wait()
		r.storeSnapshot()
		r.logger.Info().Msg("room unloaded")
		r.manager.remove(r)
	}
	return idle
}
