package room

import (
	"context"
	"errors"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// ErrEnded is what a connection answers that is over.
var ErrEnded = errors.New("room: the connection has ended")

// Joining is what a connection brings beside its Hello.
type Joining struct {
	// Instance as the client named it, or as the server made it; echoed in Welcome.
	Instance string
	// GuestKey that the server made, to be told in Welcome; nil if the client has its own or a token.
	GuestKey []byte
	// Resume is where the client wants to go on; nil: it is new.
	Resume *singoffv1.Resume
	// MayOpen is asked, if the room isn't loaded, whether this connection may have it loaded; the Goaway says why not. It must not
	// wait. nil: it may.
	MayOpen func() *singoffv1.Goaway
	// Client, RemoteAddr, UserAgent and Transport are for the operator.
	Client, RemoteAddr, UserAgent, Transport string
}

// Conn is one open stream to a room. It has a read side (Do, HalfClose), which one goroutine uses, a write side (SendLoop), which another one
// runs, and calls that any goroutine may make at any time (Tell, Lost, End, Ended).
type Conn struct {
	id       rules.Connection
	secret   [16]byte
	room     *room
	about    Joining
	since    time.Time
	user     rules.User
	instance rules.Instance
	slots    chan struct{} // one for each command without an answer
	wake     chan struct{} // the sender has something to do
	ended    chan struct{} // closed when the connection is over; see phase

	// The outbox, protected by room.mu.

	phase        phase
	self         *singoffv1.Member // as Welcome showed it, or renamed since; nil: none was made yet
	cursor       uint64            // index in the ring of the next event to send
	until        uint64            // ending: index in the ring after the last event to send
	private      []private         // for this connection alone, in order
	privateBytes int
	greeting     *greeting // the Welcome, before everything else
	greeted      bool      // the Welcome was sent
	goaway       *singoffv1.Goaway
}

// phase of a connection: it only moves on.
type phase int

const (
	phaseJoining  phase = iota // its Hello isn't answered
	phaseAttached              // gets what the room tells
	phaseEnding                // gets what is left, then its Goaway
	phaseOver                  // gets nothing
)

// private is an event for one connection, sent when its cursor has come to after.
type private struct {
	response []byte
	after    uint64
}

// Do hands a command to the room. It waits while MaxUnanswered commands have no answer. ErrEnded: nothing was handed on.
func (c *Conn) Do(ctx context.Context, cmd rules.Command) error {
	select {
	case c.slots <- struct{}{}:
	case <-c.ended:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	if !c.room.push(c, engine.Input{Connection: c.id, Command: &cmd, Size: cmd.Size}) {
		return ErrEnded
	}
	return nil
}

// HalfClose says that the input has ended cleanly: the member leaves once everything is answered.
func (c *Conn) HalfClose() {
	c.room.push(c, engine.Input{Connection: c.id, HalfClosed: true})
}

// Tell sends an event to this connection alone, after what was told before.
func (c *Conn) Tell(e *singoffv1.Event) {
	response, _ := engine.Response(e)
	c.room.tell(c, response)
}

// ID is secret: it names this connection in the calls of its client, as Welcome.connection_id.
func (c *Conn) ID() [16]byte { return c.secret }

// Beat sends an empty response: a sign of life, where the transport has none of its own.
func (c *Conn) Beat() { c.room.tell(c, nil) }

// Ended is closed when the connection is over, whoever ended it. What is left for it may still be sent.
func (c *Conn) Ended() <-chan struct{} { return c.ended }

// Lost says that the connection is broken: its member becomes AWAY, and nothing more is sent. After the end it does nothing.
func (c *Conn) Lost() { c.room.lose(c, singoffv1.Presence_REASON_CONNECTION_LOST) }

// End ends the connection from outside the room's rules: it gets what was told so far, then the Goaway, and its member becomes AWAY.
func (c *Conn) End(g *singoffv1.Goaway) {
	c.room.expel(c, g, singoffv1.Presence_REASON_CONNECTION_LOST)
}

// Now is the room's clock: that of the events' times and of what plays.
func (c *Conn) Now() time.Time { return c.room.now() }

// answered gives a slot back.
func (c *Conn) answered() {
	select {
	case <-c.slots:
	default:
	}
}

// wakeSender never waits.
func (c *Conn) wakeSender() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// endLocked moves on to ending: what lies before until is still sent, then the goodbye.
func (c *Conn) endLocked(g *singoffv1.Goaway, until uint64) bool {
	if c.phase >= phaseEnding {
		return false
	}
	if c.phase == phaseJoining {
		c.cursor = until
	}
	c.phase, c.goaway, c.until = phaseEnding, g, until
	c.room.manager.metrics.goodbye(g)
	close(c.ended)
	c.wakeSender()
	return true
}

// overLocked moves on to the end: nothing more is sent. The last one of a room wakes its loop, which may be unloaded then.
func (c *Conn) overLocked() {
	if c.phase == phaseOver {
		return
	}
	if c.phase < phaseEnding {
		close(c.ended)
	}
	c.phase, c.private, c.greeting = phaseOver, nil, nil
	c.wakeSender()
	r := c.room
	delete(r.conns, c.id)
	if len(r.conns) == 0 {
		r.ring.clear()
		r.wakeLoop()
	}
	r.manager.left()
}
