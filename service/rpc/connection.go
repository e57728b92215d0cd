package rpc

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// errInternal is the cause that a connection's context ends with after a panic.
var errInternal = errors.New("rpc: internal error")

// errStatusInternal is all that a client is told of it; the rest is logged.
var errStatusInternal = status.Error(codes.Internal, "internal error")

// connection is one Join from its first message to its status. Three goroutines at most: the caller of serve waits and decides,
// receiveLoop is the only reader, sendLoop the only writer once the room has the connection.
type connection struct {
	room   *Room
	stream Stream
	ctx    context.Context
	cancel context.CancelCauseFunc

	// first has the first message; joined is closed when joining, conn, silence and expiry are set.
	first   chan received
	joined  chan struct{}
	joining *joining
	conn    Conn
	silence *silence
	expiry  *expiry
	limiter *rate.Limiter
	// closed tells that an address has one stream less.
	closed func()
	serving
	// sent has what sendLoop ended with.
	sent chan *singoffv1.Goaway
}

// received is what Receive answered, and when.
type received struct {
	request *singoffv1.JoinRequest
	err     error
	at      time.Time
}

// serving is what one transport needs that others don't.
type serving struct {
	// beat is how often the server says something; 0: the transport shows by itself that it lives.
	beat time.Duration
	// taking says whether the client's machine is still taking what it was sent; nil: nobody knows.
	taking func() bool
	// onJoin is told the connection's id, and whose it is, when its Hello was handed to the room, before anything of the answer is sent; may
	// be nil.
	onJoin func(id [16]byte, user rules.User)
}

// Serve serves one Join until it ends. The error is a gRPC status, nil is OK. When it has returned the caller must end the stream's context.
func (r *Room) Serve(stream Stream) error { return r.serve(stream, serving{}) }

func (r *Room) serve(stream Stream, how serving) error {
	r.metrics.connections.Inc()
	defer r.metrics.connections.Dec()
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(context.Canceled)
	limits := r.cfg.Limits
	c := &connection{
		room:    r,
		stream:  stream,
		ctx:     ctx,
		cancel:  cancel,
		first:   make(chan received, 1),
		joined:  make(chan struct{}),
		sent:    make(chan *singoffv1.Goaway, 1),
		limiter: rate.NewLimiter(rate.Limit(limits.GetCommandsPerSecond()), int(limits.GetCommandBurst())),
		serving: how,
		closed:  func() {},
	}
	defer c.abandon()
	defer func() { c.closed() }()
	r.loops.Go(c.receiveLoop)
	reason, err := c.serve()
	r.metrics.streams.WithLabelValues(reason).Inc()
	r.cfg.Logger.Debug().Str("remote", stream.Peer().Addr).Str("reason", reason).Err(err).Msg("stream ended")
	return err
}

// serve gives the reason for the metrics and the status.
func (c *connection) serve() (reason string, err error) {
	if goaway := c.join(); goaway != nil {
		return c.refuse(goaway)
	}
	if c.conn == nil {
		c.room.metrics.hellos.WithLabelValues("lost").Inc()
		return c.broken()
	}
	c.room.metrics.hellos.WithLabelValues("taken").Inc()
	c.silence = newSilence(c.joining.pingInterval, c.taking)
	defer c.silence.stop()
	c.expiry = newExpiry(c.joining.who.expires())
	defer c.expiry.stop()
	close(c.joined)
	c.room.loops.Go(c.sendLoop)
	return c.watch()
}

// watch waits for the end, whoever makes it.
func (c *connection) watch() (string, error) {
	var beats <-chan time.Time
	if c.beat > 0 {
		ticker := time.NewTicker(c.beat)
		defer ticker.Stop()
		beats = ticker.C
	}
	for {
		select {
		case goaway := <-c.sent:
			return c.ended(goaway)
		case <-c.conn.Ended():
			return c.lastWords()
		case <-c.ctx.Done():
			c.conn.Lost()
			return c.lastWords()
		case <-beats:
			c.conn.Beat()
		case <-c.expiry.C():
			if c.expiry.passed() {
				c.conn.End(tokenExpired())
				return c.lastWords()
			}
		case <-c.silence.C():
			if c.silence.lost() {
				c.conn.End(&singoffv1.Goaway{
					Reason:  singoffv1.Goaway_REASON_CONNECTION_LOST,
					Message: fmt.Sprintf("nothing came for %v, although a ping was promised", c.silence.limit),
				})
				return c.lastWords()
			}
		}
	}
}

// lastWords lets the sender send what is left, for a moment: one that is stuck is freed by the return of Serve.
func (c *connection) lastWords() (string, error) {
	timer := time.NewTimer(c.room.cfg.EndGrace)
	defer timer.Stop()
	select {
	case goaway := <-c.sent:
		return c.ended(goaway)
	case <-timer.C:
	}
	if c.ctx.Err() != nil {
		return c.broken()
	}
	return "stuck", status.Error(codes.Aborted, "this connection read too slowly; come back and resume")
}

func (c *connection) ended(goaway *singoffv1.Goaway) (string, error) {
	if goaway == nil {
		return c.broken()
	}
	return reasonOf(goaway), statusOf(goaway)
}

// broken is the end of a stream that nothing more can be said on.
func (c *connection) broken() (string, error) {
	if errors.Is(context.Cause(c.ctx), errInternal) {
		return "internal", errStatusInternal
	}
	if err := c.stream.Context().Err(); err != nil {
		return "lost", status.FromContextError(err).Err()
	}
	return "lost", status.Error(codes.Unavailable, "the connection was lost")
}

// sendLoop is the write side: the room's events, in order, until the end.
func (c *connection) sendLoop() { c.sent <- c.conn.SendLoop(c.stream.Send) }

// recovered turns a panic over a client's input into the end of its connection alone.
func (c *connection) recovered() {
	if p := recover(); p != nil {
		c.room.cfg.Logger.Error().Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Str("remote", c.stream.Peer().Addr).Msg("panic over a client's input")
		c.cancel(errInternal)
	}
}

// pause waits, or until the connection ends, which it says.
func (c *connection) pause(d time.Duration) (alive bool) {
	if d <= 0 {
		return c.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return c.ctx.Err() == nil
	case <-c.ctx.Done():
		return false
	}
}

// abandon leaves no member behind that has no stream: nothing happens if the connection has ended.
func (c *connection) abandon() {
	if c.conn != nil {
		c.conn.Lost()
	}
}

// reasonOf is a Goaway's reason as metrics and logs have it: `hello_timeout`.
func reasonOf(g *singoffv1.Goaway) string {
	return strings.ToLower(strings.TrimPrefix(g.GetReason().String(), "REASON_"))
}
