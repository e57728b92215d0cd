package room

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// room is one room, opened once on this node. Its loop owns the engine; connections hand their inputs in through push, and
// their senders take what was told out of the ring.
type room struct {
	key     eventlog.Key
	manager *Manager
	logger  zerolog.Logger
	ctx     context.Context
	stop    context.CancelFunc
	wall    time.Time    // the clock when the room was loaded, with its monotonic reading
	ahead   atomic.Int64 // nanoseconds by which the log's newest event was ahead of it
	wake    chan struct{}
	results chan result // of the append under way
	summary atomic.Pointer[singoffv1.RoomSummary]

	mu       sync.Mutex // protects everything below, and the outboxes of conns
	inbox    []engine.Input
	conns    map[rules.Connection]*Conn
	acts     map[uint64]*act // of the operator, who waits for them
	lastAct  uint64
	newActs  int             // in the inbox
	rechecks []chan struct{} // closed when the log was found to be as the loop knows it
	ring     ring
	closed   atomic.Bool // takes nothing more; may be read without mu
	draining bool        // takes nobody more
	away     bool        // the log doesn't answer: new joins must come back later

	// The loop's own.

	engine      *engine.Engine
	spare       []engine.Input // the inbox that was taken last, to be used again
	appending   time.Time      // since when an append is under way; zero: none is
	troubled    bool           // the log refuses, or doesn't answer in time
	retryAt     time.Time      // troubled: when the log is tried again, if nobody asks for anything before
	sinceSnap   int            // entries since the last snapshot
	background  sync.WaitGroup // the append and the snapshot under way
	snapshoting atomic.Bool
	rechecking  []chan struct{} // by the append under way
}

// now is the room's clock: the wall clock when it was loaded, or the log's newest event if that is later, plus monotonic time since.
func (r *room) now() time.Time {
	return r.wall.Round(0).Add(r.manager.cfg.Clock.Now().Sub(r.wall) + time.Duration(r.ahead.Load()))
}

// catchUp sets the room's clock ahead if the log's newest event is later.
func (r *room) catchUp(newest time.Time) {
	if ahead := newest.Sub(r.now()); ahead > 0 {
		r.ahead.Add(int64(ahead))
	}
}

// push hands an input to the loop; false: the connection or the room is over.
func (r *room) push(c *Conn, in engine.Input) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.phase >= phaseEnding || r.closed.Load() {
		return false
	}
	r.pushLocked(in)
	return true
}

func (r *room) pushLocked(in engine.Input) {
	r.inbox = append(r.inbox, in)
	r.wakeLoop()
}

// wakeLoop never waits.
func (r *room) wakeLoop() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// tell puts an event into one connection's outbox.
func (r *room) tell(c *Conn, response []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.phase < phaseEnding {
		r.tellLocked(c, private{response, r.ring.end()})
	}
}

func (r *room) tellLocked(c *Conn, p private) {
	if len(c.private) >= maxPrivate || c.privateBytes+len(p.response) > maxPrivateBytes {
		r.tooSlowLocked(c)
		return
	}
	c.private = append(c.private, p)
	c.privateBytes += len(p.response)
	c.wakeSender()
}

// lose ends a connection that is broken.
func (r *room) lose(c *Conn, reason singoffv1.Presence_Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.phase < phaseEnding && !r.closed.Load() {
		r.pushLocked(engine.Input{Connection: c.id, Lost: reason})
	}
	c.overLocked()
}

// expel ends a connection with a goodbye after what it was told so far.
func (r *room) expel(c *Conn, g *singoffv1.Goaway, reason singoffv1.Presence_Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expelLocked(c, g, reason)
}

func (r *room) expelLocked(c *Conn, g *singoffv1.Goaway, reason singoffv1.Presence_Reason) {
	if c.endLocked(g, r.ring.end()) && !r.closed.Load() {
		r.pushLocked(engine.Input{Connection: c.id, Lost: reason})
	}
}

func (r *room) tooSlowLocked(c *Conn) {
	if c.phase < phaseEnding {
		r.manager.metrics.slowed.Inc()
	}
	r.expelLocked(c, slowConsumer(), singoffv1.Presence_REASON_CONNECTION_LOST)
}

// inOrderLocked gives the connections that are wanted, in the order they came in, so that what is decided of several at once doesn't depend
// on chance. Where none is wanted it costs a look at each.
func (r *room) inOrderLocked(wanted func(*Conn) bool) (conns []*Conn) {
	for _, c := range r.conns {
		if wanted(c) {
			conns = append(conns, c)
		}
	}
	slices.SortFunc(conns, func(a, b *Conn) int { return cmp.Compare(a.id, b.id) })
	return conns
}

func everyConn(*Conn) bool { return true }

// close ends the room on this node: it takes nothing more, and its connections end with the goodbye, or as lost with nil.
func (r *room) close(bye *singoffv1.Goaway) {
	r.mu.Lock()
	r.closed.Store(true)
	for _, c := range r.conns {
		if bye != nil {
			c.endLocked(bye, r.ring.end())
		} else {
			c.overLocked()
		}
	}
	r.endActsLocked(ErrUnsettled)
	r.mu.Unlock()
	r.setTroubled(false)
	r.manager.remove(r)
}
