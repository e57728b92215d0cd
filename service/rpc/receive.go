package rpc

import (
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// halfCloseDoubt is how long an end of the input waits for the stream's context to end: a broken connection looks like a half-close
// first.
const halfCloseDoubt = 100 * time.Millisecond

// receiveLoop is the read side. It hands the first message to serve, and every later one to the room, no faster than the limits allow.
func (c *connection) receiveLoop() {
	defer c.recovered()
	c.first <- c.receive()
	select {
	case <-c.joined:
	case <-c.ctx.Done():
		return
	}
	for {
		c.silence.listen()
		message := c.receive()
		c.silence.heard()
		if message.err != nil {
			c.inputEnded(message.err)
			return
		}
		if !c.pause(c.limiter.Reserve().Delay()) || !c.take(message) {
			return
		}
	}
}

func (c *connection) receive() received {
	request, err := c.stream.Receive()
	return received{request: request, err: err, at: time.Now()}
}

// take answers a Ping and hands every other command to the room; false: the connection has ended.
func (c *connection) take(message received) bool {
	req := message.request
	if ping := req.GetPing(); ping != nil && req.GetNumber() == 0 {
		c.count(req, "taken")
		c.room.metrics.heard(ping)
		c.conn.Tell(pong(ping, c.conn.Now(), time.Since(message.at)))
		return true
	}
	track := func(id string) (*singoffv1.Track, error) { return c.room.cfg.Track(c.ctx, id) }
	cmd := parseCommand(req, asked{track: track, gone: c.room.cfg.Gone, renew: c.renew})
	if cmd.Refusal == nil {
		c.count(req, "taken")
	} else {
		c.count(req, "malformed")
	}
	return c.conn.Do(c.ctx, cmd) == nil
}

func (c *connection) count(req *singoffv1.JoinRequest, result string) {
	c.room.metrics.commands.WithLabelValues(kindOf(req), result).Inc()
}

// pong answers by the room's clock, which is also that of starts_at: a wall clock that is set can't come between them. ago is when the
// Ping was read.
func pong(ping *singoffv1.Ping, now time.Time, ago time.Duration) *singoffv1.Event {
	sent := timestamppb.New(now)
	return &singoffv1.Event{
		Time: sent,
		Body: &singoffv1.Event_Pong{Pong: &singoffv1.Pong{
			ClientTime:   ping.GetClientTime(),
			Id:           ping.GetId(),
			ReceivedTime: timestamppb.New(now.Add(-ago)),
			SentTime:     sent,
		}},
	}
}

// inputEnded tells the room how the client's side of the stream ended.
func (c *connection) inputEnded(err error) {
	if errors.Is(err, io.EOF) {
		if c.pause(halfCloseDoubt) {
			c.conn.HalfClose()
		} else {
			c.conn.Lost()
		}
		return
	}
	if goaway := protocolError(err); goaway != nil {
		c.conn.End(goaway)
		return
	}
	c.conn.Lost()
}

// protocolError is the goodbye to a client that sent what clients don't send; nil: the error isn't its fault.
func protocolError(err error) *singoffv1.Goaway {
	if !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrMalformed) {
		return nil
	}
	return &singoffv1.Goaway{
		Reason:  singoffv1.Goaway_REASON_PROTOCOL_ERROR,
		Final:   true,
		Message: strings.TrimPrefix(err.Error(), "rpc: "),
	}
}
