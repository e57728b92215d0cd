package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

const (
	connectionIDBytes = 16
	// sendCommands is how many commands a Send has at most.
	sendCommands = 64
	// sendPatience is how long a Send waits for its commands to be taken; then it answers that it took fewer.
	sendPatience = 2 * time.Second
)

// Send implements singoffv1.RoomServiceServer: it hands the commands to the Watch of their connection, as fast as that reads on.
func (r *Room) Send(ctx context.Context, req *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
	if err := r.checkSend(req); err != nil {
		return nil, err
	}
	w := r.watches.find([connectionIDBytes]byte(req.GetConnectionId()))
	if w == nil {
		return nil, r.noConnection(ctx)
	}
	if err := r.cfg.Door.owns(ctx, w.user); err != nil {
		return nil, err
	}
	select {
	case w.sending <- struct{}{}:
	default:
		return nil, status.Error(codes.Aborted, "send: another Send of this connection is under way")
	}
	defer func() { <-w.sending }()
	switch send := req.GetSend(); {
	case send <= w.lastSend:
		return w.answer, nil
	case send != w.lastSend+1:
		return nil, status.Errorf(codes.FailedPrecondition, "send: is %d, the next of this connection is %d", send, w.lastSend+1)
	}
	return w.hand(ctx, req)
}

var errNoConnection = status.Error(codes.NotFound, "connection_id: there is no such connection, or it has ended; make a new one")

// noConnection counts who asks for one that isn't there; how fast a connection may send is its own limit.
func (r *Room) noConnection(ctx context.Context) error {
	if err := r.cfg.Door.mayCall(ctx); err != nil {
		return err
	}
	return errNoConnection
}

// owns checks who a Send says that it is by. It needn't say: the connection's id is secret, and the stream ends with its token.
func (d Door) owns(ctx context.Context, user rules.User) error {
	who, err := d.shown(ctx)
	if err == nil && who.known && who.user != user {
		err = status.Error(codes.Unauthenticated, "connection_id: is another user's connection")
	}
	return err
}

func (r *Room) checkSend(req *singoffv1.SendRequest) error {
	refuse := func(format string, args ...any) error { return status.Errorf(codes.InvalidArgument, format, args...) }
	if n := len(req.GetConnectionId()); n != connectionIDBytes {
		return refuse("connection_id: has %d bytes, must have %d", n, connectionIDBytes)
	}
	if req.GetSend() == 0 {
		return refuse("send: is 0, the first Send of a connection has 1")
	}
	if n := len(req.GetCommands()); n > sendCommands {
		return refuse("commands: are %d, at most %d are allowed", n, sendCommands)
	}
	limit := int(r.cfg.Limits.GetMessageBytes())
	for i, command := range req.GetCommands() {
		if n := proto.Size(command); n > limit {
			return refuse("commands[%d]: has %d bytes, the limit is %d", i, n, limit)
		}
	}
	return nil
}

// hand gives the commands to Receive. One that it took is on its way like one on the wire of a Join: what comes of it is told by the Watch alone.
func (w *watch) hand(ctx context.Context, req *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
	patience := time.NewTimer(sendPatience)
	defer patience.Stop()
	taken := 0
	for _, command := range req.GetCommands() {
		if !w.handOne(ctx, command, patience) {
			break
		}
		taken++
		if number := command.GetNumber(); number != 0 {
			w.next = number + 1
		}
	}
	w.lastSend = req.GetSend()
	w.answer = &singoffv1.SendResponse{Taken: uint32(taken), NextNumber: w.next}
	if w.isOver() {
		return nil, errNoConnection
	}
	return w.answer, nil
}

func (w *watch) handOne(ctx context.Context, command *singoffv1.JoinRequest, patience *time.Timer) bool {
	select {
	case w.commands <- command:
		return true
	case <-patience.C:
	case <-ctx.Done():
	case <-w.over:
	}
	return false
}

func (w *watch) isOver() bool {
	select {
	case <-w.over:
		return true
	default:
		return false
	}
}
