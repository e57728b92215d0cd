package room

import (
	"context"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Drain refuses new joins and sends everybody away, with times to come back spread over spread. It waits until all connections have
// ended or ctx is done, and answers with ctx's error then.
func (m *Manager) Drain(ctx context.Context, spread time.Duration) error {
	m.mu.Lock()
	m.draining = true
	rooms := make([]*room, 0, len(m.rooms))
	for _, r := range m.rooms {
		rooms = append(rooms, r)
	}
	m.mu.Unlock()
	for _, r := range rooms {
		r.drain(spread)
	}
	for m.connections.Load() > 0 {
		select {
		case <-m.gone:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.wakeDrain() // another one may wait too
	return nil
}

func (r *room) drain(spread time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	for _, c := range r.inOrderLocked(everyConn) {
		r.expelLocked(c, draining(spread), singoffv1.Presence_REASON_SHUT_DOWN)
	}
}

// Close ends all rooms, without a goodbye to whoever is still connected, stores a snapshot of each, so that they are opened quickly when the
// server is started again, and waits for their goroutines.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.draining = true
	m.mu.Unlock()
	m.stop()
	m.running.Wait()
	return nil
}
