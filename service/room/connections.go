package room

import (
	"cmp"
	"slices"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
)

// Which says which connections are asked for.
type Which struct {
	// Namespace; empty: all.
	Namespace string
	// Room of the namespace; empty: all.
	Room string
	// After is the ID of the newest one that isn't asked for any more; 0: from the oldest on.
	After uint64
	// Most is how many are given at most.
	Most int
}

// Connection is one that is open, as the operator sees it.
type Connection struct {
	// ID rises with each connection that this process takes.
	ID   uint64
	Room eventlog.Key
	// Member whose it is, but for what changes with the seat; nil: its Hello isn't answered yet.
	Member *singoffv1.Member
	// About is what it brought.
	About Joining
	// Since when.
	Since time.Time
	// Behind is how many events wait to be sent to it, and Lag for how long the oldest of them has.
	Behind uint64
	Lag    time.Duration
}

// Connections lists the open connections asked for, the oldest first. total counts all of them, and more says that some come after these.
// Each room is locked for a moment, and none together with another: what comes and goes meanwhile may or may not be there.
func (m *Manager) Connections(which Which) (list []Connection, total int, more bool) {
	var found []*Conn
	for _, r := range m.open(which.Namespace) {
		if which.Room != "" && r.key.Room != which.Room {
			continue
		}
		n, conns := r.after(which.After)
		total += n
		found = append(found, conns...)
	}
	slices.SortFunc(found, func(a, b *Conn) int { return cmp.Compare(a.id, b.id) })
	if more = len(found) > which.Most; more {
		found = found[:which.Most]
	}
	for _, c := range found {
		list = append(list, c.show())
	}
	return list, total, more
}

// after gives the connections of a room with ids above one, in no order, and how many there are in all.
func (r *room) after(id uint64) (total int, conns []*Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		if uint64(c.id) > id {
			conns = append(conns, c)
		}
	}
	return len(r.conns), conns
}

func (c *Conn) show() Connection {
	r := c.room
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	v := Connection{ID: uint64(c.id), Room: r.key, Member: c.self, About: c.about, Since: c.since, Behind: uint64(len(c.private))}
	end := r.ring.end()
	if c.phase == phaseEnding {
		end = min(end, c.until)
	}
	if from := max(c.cursor, r.ring.first); c.phase != phaseJoining && from < end {
		v.Behind += end - from
		v.Lag = max(0, now.Sub(r.ring.at(from).told))
	}
	return v
}

// renamedLocked lets connections know the new nicknames of their members.
func (r *room) renamedLocked(members []*singoffv1.Member) {
	for _, m := range members {
		for _, c := range r.conns {
			if c.self.GetMemberId() == m.GetMemberId() {
				c.self = m
			}
		}
	}
}
