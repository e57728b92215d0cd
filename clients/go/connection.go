package singoff

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/singoff/singoff/clients/go/roomstate"
	"github.com/singoff/singoff/clients/go/session"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// How long things take.
const (
	// welcomeTimeout is how long a try may take, from reaching the server to its Welcome.
	welcomeTimeout = 15 * time.Second
	// promisedInterval is promised in Hello; pingInterval is kept. The server counts the client as lost after 8 s: the shorter one's pings are, the longer
	// the process may be stopped right before one.
	promisedInterval = 3 * time.Second
	pingInterval     = 2 * time.Second
	// The first pings after a Welcome come quickPingInterval apart, so that the clock is known soon: leastQuickPings, and up to quickPings while it
	// isn't well known.
	quickPings        = 24
	leastQuickPings   = 4
	quickPingInterval = 125 * time.Millisecond
	// lostAfter nothing was heard for this long, though a Ping was sent, the connection counts as lost.
	lostAfter = 8 * time.Second
	// watchInterval is how often that is looked at.
	watchInterval = 500 * time.Millisecond
)

// errOver ends a connection whose session has ended.
var errOver = errors.New("singoff: the session has ended")

// connection is one try to connect, and the stream that comes of it.
type connection struct {
	room       *Room
	ctx        context.Context // its cause is why the connection has ended
	cancel     context.CancelCauseFunc
	token      string // of the Hello; empty: a guest's
	stream     transport.Stream
	tooLate    *time.Timer   // ends a try without a Welcome
	welcomed   chan struct{} // closed with the Welcome
	welcomedAt time.Time     // set before welcomed is closed

	signs   chan struct{} // a sign of life has come, to be answered with a Ping
	useful  atomic.Bool   // something that was sent after the Welcome was answered
	heard   atomic.Uint64 // how many messages have come
	pinged  atomic.Bool   // a Ping was sent since the last message came
	stalled atomic.Bool   // nothing is read, since the application doesn't take its events
}

func newConnection(r *Room) *connection {
	c := &connection{room: r, welcomed: make(chan struct{}), signs: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancelCause(r.ctx)
	return c
}

func (c *connection) wasWelcomed() bool {
	select {
	case <-c.welcomed:
		return true
	default:
		return false
	}
}

// serve lives the connection through, and returns why it ended. Nothing of it is left then.
func (c *connection) serve() error {
	defer c.cancel(nil)
	if err := c.signIn(); err != nil {
		return err
	}
	hello, err := c.hello()
	if err != nil {
		return err
	}
	c.tooLate = time.AfterFunc(welcomeTimeout, func() { c.cancel(ErrNoWelcome) })
	defer c.tooLate.Stop()
	stream, err := c.room.client.transport.Join(c.ctx)
	if err != nil {
		return c.cause(err)
	}
	c.stream = stream
	var loops sync.WaitGroup
	loops.Go(func() { c.sendLoop(hello) })
	loops.Go(c.receiveLoop)
	if c.room.options.FreshToken != nil {
		loops.Go(c.renewLoop)
	}
	c.watchLoop()
	loops.Wait()
	err = c.cause(nil)
	if errors.Is(err, ErrNoWelcome) || errors.Is(err, ErrConnectionLost) {
		stream.Distrust()
	}
	return err
}

func (c *connection) hello() (*singoffv1.JoinRequest, error) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	c.token = c.room.session.Token()
	return c.room.session.Connect()
}

// cause is why the connection has ended: what ended its context, else err.
func (c *connection) cause(err error) error {
	if cause := context.Cause(c.ctx); cause != nil {
		return cause
	}
	return err
}

// receiveLoop takes what the server says, one event after the other, until the stream ends.
func (c *connection) receiveLoop() {
	for {
		response, err := c.stream.Recv()
		if err != nil {
			switch {
			case errors.Is(err, io.EOF):
				err = fmt.Errorf("singoff: the server ended the stream: %w", err)
			case errors.Is(err, transport.ErrUnanswered):
				err = fmt.Errorf("%w: %w", ErrConnectionLost, err)
			}
			c.cancel(err)
			return
		}
		c.heard.Add(1)
		c.pinged.Store(false)
		if len(response.GetEvents()) == 0 {
			c.answerSign()
		}
		for _, event := range response.GetEvents() {
			if err := c.receive(event); err != nil {
				c.cancel(err)
				return
			}
		}
	}
}

// answerSign lets sendLoop send a Ping.
func (c *connection) answerSign() {
	select {
	case c.signs <- struct{}{}:
	default:
	}
}

// receive takes one event. An error ends the connection; an event it wasn't taken for comes again with the next one.
func (c *connection) receive(event *singoffv1.Event) error {
	r := c.room
	if pong := event.GetPong(); pong != nil {
		r.clock.pong(pong)
		c.useful.Store(true)
		return nil
	}
	if err := c.reserve(); err != nil {
		return err
	}
	t, over, err := r.take(event)
	if err != nil {
		c.unreserve()
		return err
	}
	if r.events != nil {
		r.events <- t // there is room: a slot was reserved
	} else {
		r.saver.took(t.resume)
	}
	if welcome := event.GetWelcome(); welcome != nil {
		c.greet(welcome)
	}
	r.wakeUp()
	switch goaway := event.GetGoaway(); {
	case over:
		return errOver
	case goaway != nil:
		return goawayError(goaway)
	}
	return nil
}

// reserve waits for room for one more event. While it waits nothing is read: that is how a slow application slows the server.
func (c *connection) reserve() error {
	if c.room.events == nil {
		return nil
	}
	select {
	case c.room.slots <- struct{}{}:
		return nil
	default:
	}
	c.stalled.Store(true)
	defer c.stalled.Store(false)
	select {
	case c.room.slots <- struct{}{}:
		return nil
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
}

func (c *connection) unreserve() {
	if c.room.events != nil {
		<-c.room.slots
	}
}

// take hands an event to the session and applies it to the state; over: the session has ended with it.
func (r *Room) take(event *singoffv1.Event) (t taking, over bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	class, err := r.session.Receive(event)
	if err != nil {
		return taking{}, false, err
	}
	switch state := r.state.Load(); class {
	case session.Start:
		r.show(roomstate.Of(event.GetWelcome()))
	case session.Live, session.Aside:
		r.show(state.Apply(event))
	}
	r.deliverLocked()
	return taking{event, r.session.Resume()}, r.session.Phase() == session.Ended, nil
}

// show publishes a state.
func (r *Room) show(state State) {
	r.state.Store(&state)
	if self := state.Self(); self != nil {
		r.self.Store(self)
	}
}

// greet does what a Welcome asks for.
func (c *connection) greet(welcome *singoffv1.Welcome) {
	r := c.room
	c.tooLate.Stop()
	r.clock.restart(welcome)
	if r.self.Load() == nil {
		r.self.Store(welcome.GetSelf())
	}
	r.limits.Store(welcome.GetLimits())
	r.saver.knows(r.guestKey())
	r.logger.Info().Stringer("recovery", welcome.GetRecovery().GetKind()).Str("member", welcome.GetSelf().GetMemberId()).Msg("joined")
	r.states.set(ConnectionState{Phase: PhaseJoined, Attempt: r.attempt(), Way: c.stream.Way()})
	c.welcomedAt = time.Now()
	close(c.welcomed)
	select {
	case <-r.joined:
	default:
		close(r.joined)
	}
}

func (r *Room) guestKey() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session.GuestKey()
}

func (r *Room) attempt() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session.Attempt()
}

func (r *Room) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
