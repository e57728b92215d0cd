package room

import (
	"context"
	"slices"

	"github.com/singoff/singoff/service/eventlog"
)

// Recheck has a room that is open here append an entry of no meaning. Where its log was changed behind its back that is a conflict: the room is over, its
// members come back at once, and whoever opens it again finds what the log says now. It returns when that is settled; for a room that isn't open at once. The
// end of ctx ends the waiting.
func (m *Manager) Recheck(ctx context.Context, key eventlog.Key) error {
	m.mu.Lock()
	r := m.rooms[key]
	m.mu.Unlock()
	if r == nil {
		return nil
	}
	select {
	case <-r.recheck():
		return nil
	case <-r.ctx.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *room) recheck() <-chan struct{} {
	done := make(chan struct{})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rechecks = append(r.rechecks, done)
	r.wakeLoop()
	return done
}

// takeRechecks says whether the next append has to be made for those who wait, with or without anything to decide.
func (r *room) takeRechecks() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rechecking = slices.Concat(r.rechecking, r.rechecks)
	r.rechecks = nil
	return len(r.rechecking) > 0
}

// rechecked tells those who wait that an append was kept.
func (r *room) rechecked() {
	for _, done := range r.rechecking {
		close(done)
	}
	r.rechecking = nil
}
