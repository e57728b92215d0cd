package rpc

import (
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// join waits for the Hello and hands it to the room. Neither a Goaway nor a Conn: the connection is broken.
func (c *connection) join() (refused *singoffv1.Goaway) {
	from, door := c.stream.Peer(), c.room.cfg.Door
	closed, full := door.Limits.Stream(from.Addr)
	c.closed = closed
	if full != nil {
		return tooMany(full)
	}
	req, goaway := c.awaitHello()
	if goaway != nil || req == nil {
		return goaway
	}
	if refused := tooMany(door.Limits.Join(from.Addr)); refused != nil {
		return refused
	}
	j, goaway := door.parseHello(req)
	if goaway != nil {
		return goaway
	}
	c.joining = j
	j.about.RemoteAddr, j.about.UserAgent, j.about.Transport = from.Addr, from.UserAgent, from.Transport
	j.about.MayOpen = func() *singoffv1.Goaway { return tooMany(door.Limits.Room(from.Addr)) }
	if c.conn, goaway = c.room.cfg.Manager.Join(j.key, j.hello, j.about); goaway == nil && c.onJoin != nil {
		c.onJoin(c.conn.ID(), j.who.user)
	}
	return goaway
}

// awaitHello gives the first message. Neither a message nor a Goaway: the connection is broken.
func (c *connection) awaitHello() (*singoffv1.JoinRequest, *singoffv1.Goaway) {
	timer := time.NewTimer(c.room.cfg.HelloTimeout)
	defer timer.Stop()
	select {
	case first := <-c.first:
		return c.firstMessage(first)
	case <-c.ctx.Done():
		return nil, nil
	case <-timer.C:
	}
	select {
	case first := <-c.first:
		return c.firstMessage(first)
	default:
		return nil, &singoffv1.Goaway{
			Reason:  singoffv1.Goaway_REASON_HELLO_TIMEOUT,
			Field:   "hello",
			Message: fmt.Sprintf("didn't come within %v", c.room.cfg.HelloTimeout),
		}
	}
}

func (c *connection) firstMessage(first received) (*singoffv1.JoinRequest, *singoffv1.Goaway) {
	switch {
	case first.err == nil:
		return first.request, nil
	case errors.Is(first.err, io.EOF):
		if !c.pause(halfCloseDoubt) {
			return nil, nil
		}
		return nil, badHello("hello", "is missing: the stream's input ended without one")
	}
	if goaway := protocolError(first.err); goaway != nil {
		return nil, goaway
	}
	c.cancel(first.err)
	return nil, nil
}

// refuse answers a Hello that never reached a member.
func (c *connection) refuse(goaway *singoffv1.Goaway) (string, error) {
	reason := reasonOf(goaway)
	c.room.metrics.hellos.WithLabelValues(reason).Inc()
	event := &singoffv1.Event{
		Time: timestamppb.Now(),
		Body: &singoffv1.Event_Goaway{Goaway: goaway},
	}
	data, err := proto.Marshal(&singoffv1.JoinResponse{Events: []*singoffv1.Event{event}})
	if err != nil {
		c.room.cfg.Logger.Error().Err(err).Msg("a Goaway can't be encoded")
		return "internal", errStatusInternal
	}
	if err := c.stream.Send([][]byte{data}); err != nil {
		return c.broken()
	}
	return reason, statusOf(goaway)
}
