package room

import (
	"context"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// publish tells what the engine says: into the ring and the outboxes, and wakes the senders. It waits for nobody.
func (r *room) publish(out engine.Output) {
	now := r.now()
	tells := make([][]byte, len(out.Tells))
	for i, t := range out.Tells {
		tells[i], _ = engine.Response(t.Event)
	}
	if out.Changed {
		r.summary.Store(r.engine.State().Summary())
	}
	greetings := r.greetings(out.Welcomes)
	r.manager.metrics.events.Add(float64(len(out.Items)))
	r.tellBegun(out.Items)
	r.mu.Lock()
	defer r.mu.Unlock()
	base := r.ring.end()
	if len(r.conns) > 0 {
		for _, it := range out.Items {
			r.ring.push(it, now)
		}
		r.trimLocked(now, base)
	}
	for c, g := range greetings {
		r.attachLocked(c, g)
	}
	for i, t := range out.Tells {
		if c := r.conns[t.Connection]; c != nil && c.phase == phaseAttached {
			r.tellLocked(c, private{tells[i], base + uint64(t.After)})
		}
	}
	for _, e := range out.Ended {
		if c := r.conns[e.Connection]; c != nil {
			c.endLocked(e.Goaway, r.afterLocked(base, out.Items, e.Seq))
		}
	}
	for _, id := range out.Answered {
		if c := r.conns[id]; c != nil {
			c.answered()
		}
	}
	r.renamedLocked(out.Renamed)
	r.actedLocked(out.Acted)
	if len(out.Items) > 0 {
		r.wakeLocked()
	}
}

// tellBegun tells of songs that begin.
func (r *room) tellBegun(items []engine.Item) {
	for _, it := range items {
		if it.Begins != "" && r.manager.cfg.Began != nil {
			r.manager.cfg.Began(r.key.Namespace, it.Begins)
		}
	}
}

// greetings makes the Welcomes of those who still wait for one, without the lock: only the loop changes the state that they show.
func (r *room) greetings(welcomes []engine.Welcome) map[*Conn]*greeting {
	if len(welcomes) == 0 {
		return nil
	}
	all := make(map[*Conn]*greeting, len(welcomes))
	state := r.engine.State()
	for _, w := range welcomes {
		if c := r.conn(w.Connection); c != nil {
			all[c] = r.welcome(c, w, state)
		}
	}
	return all
}

func (r *room) conn(id rules.Connection) *Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns[id]
}

// attachLocked gives a connection its Welcome; from here on it gets what is told.
func (r *room) attachLocked(c *Conn, g *greeting) {
	if c.phase != phaseJoining {
		return
	}
	if g.welcome.Recovery == nil {
		g.missed, g.inRing = r.ring.since(g.after, g.upTo)
	}
	c.greeting, c.phase, c.cursor, c.self = g, phaseAttached, r.ring.end(), g.welcome.Self
	c.wakeSender()
}

// afterLocked is the ring's index after the event with that seq, or the end if it is older than what was told just now.
func (r *room) afterLocked(base uint64, items []engine.Item, seq uint64) uint64 {
	for i, it := range items {
		if it.Seq > seq {
			return base + uint64(i)
		}
	}
	return r.ring.end()
}

// wakeLocked wakes all senders.
func (r *room) wakeLocked() {
	for _, c := range r.conns {
		if c.phase == phaseAttached {
			c.wakeSender()
		}
	}
}

// trim lets go of what nobody needs any more.
func (r *room) trim() {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trimLocked(now, r.ring.end())
}

// trimLocked drops what is too old or too much from the ring, but nothing from the index keep on, and ends those whose place in it is gone.
func (r *room) trimLocked(now time.Time, keep uint64) {
	first := r.ring.first
	if r.ring.trim(now, keep); r.ring.first == first {
		return
	}
	for _, c := range r.inOrderLocked(func(c *Conn) bool { return c.phase == phaseAttached && c.cursor < r.ring.first }) {
		r.tooSlowLocked(c)
	}
}

// snapshot stores one every so many entries, beside the loop, and trims what is older than must be kept.
func (r *room) snapshot() {
	r.sinceSnap++
	if r.sinceSnap < snapshotEvery || r.snapshoting.Swap(true) {
		return
	}
	r.sinceSnap = 0
	snap, err := r.engine.Snapshot()
	if err != nil {
		r.logger.Error().Err(err).Msg("a snapshot can't be made")
		r.snapshoting.Store(false)
		return
	}
	r.background.Go(func() {
		defer r.snapshoting.Store(false)
		r.keepSnapshot(snap)
	})
}

// storeSnapshot stores one at once.
func (r *room) storeSnapshot() {
	if snap, err := r.engine.Snapshot(); err == nil {
		r.keepSnapshot(snap)
	}
}

// keepSnapshot is no loss when it fails: the log has all that the snapshot says.
func (r *room) keepSnapshot(snap eventlog.Snapshot) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), appendTimeout)
	defer cancel()
	err := r.manager.log.StoreSnapshot(ctx, r.key, snap)
	if retain := uint64(r.manager.cfg.RetainEvents); err == nil && snap.Seq > retain {
		err = r.manager.log.Trim(ctx, r.key, snap.Seq-retain)
	}
	if err != nil {
		r.logger.Warn().Err(err).Msg("a snapshot wasn't stored")
	}
}
