package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	// sendCommands is how many commands a Send has at most, sendBytes about how many bytes: one that is larger goes alone.
	sendCommands = 64
	sendBytes    = 16 << 10
	// sendTimeout is how long a Send may take. The server waits 2 s for its commands to be taken.
	sendTimeout = 7 * time.Second
	// Commands that weren't taken go again after pauses that grow from the least to the most.
	leastPause = 50 * time.Millisecond
	mostPause  = time.Second
	// lastWords is how long a Watch may take to tell its end after a Send has met it.
	lastWords = 2 * time.Second
)

// fetchStream is a Join in two halves: a Watch, and Sends one after the other.
type fetchStream struct {
	fetch      *Fetch
	generation *generation
	ctx        context.Context // its cause is why the stream has ended
	cancel     context.CancelCauseFunc
	loops      sync.WaitGroup

	greeted bool          // Hello was sent; of Send alone
	opened  chan struct{} // closed when watch is set
	watch   *connect.ServerStreamForClient[body]
	id      chan []byte                 // Welcome.connection_id, once
	queue   chan *singoffv1.JoinRequest // to sendLoop
}

// Send opens the Watch with a Hello, and hands every later message to the Sends.
func (s *fetchStream) Send(m *singoffv1.JoinRequest) error {
	if !s.greeted {
		s.greeted = true
		return s.open(m.GetHello())
	}
	if s.ctx.Err() == nil {
		select {
		case s.queue <- m:
			return nil
		case <-s.ctx.Done():
		}
	}
	return causeError(KindFetch, context.Cause(s.ctx))
}

func (s *fetchStream) open(hello *singoffv1.Hello) error {
	if hello == nil {
		return s.end(status.Error(codes.Internal, "the first message is not a Hello"))
	}
	request := connect.NewRequest(&body{message: &singoffv1.WatchRequest{Hello: hello}})
	watch, err := s.fetch.client(s.generation, singoffv1.RoomService_Watch_FullMethodName).CallServerStream(s.ctx, request)
	if err != nil {
		return s.end(fetchError(s.ctx, err))
	}
	s.watch = watch
	close(s.opened)
	return nil
}

// Recv reads what the Watch says next. Without events it is a sign of life.
func (s *fetchStream) Recv() (*singoffv1.JoinResponse, error) {
	select {
	case <-s.opened:
	case <-s.ctx.Done():
		return nil, causeError(KindFetch, context.Cause(s.ctx))
	}
	if !s.watch.Receive() {
		err := io.EOF
		if s.watch.Err() != nil {
			err = fetchError(s.ctx, s.watch.Err())
		}
		_ = s.end(err)
		_ = s.watch.Close() // its end was told already
		return nil, err
	}
	response := new(singoffv1.JoinResponse) // a WatchResponse has the same bytes
	if err := proto.Unmarshal(s.watch.Msg().encoded, response); err != nil {
		return nil, s.end(&FailedError{Kind: KindFetch, Code: codes.Internal, Err: err})
	}
	for _, event := range response.GetEvents() {
		if id := event.GetWelcome().GetConnectionId(); id != nil {
			s.welcomed(id)
		}
	}
	return response, nil
}

// welcomed lets the Sends begin.
func (s *fetchStream) welcomed(id []byte) {
	select {
	case s.id <- id:
	default: // a second Welcome, which the session refuses
	}
}

func (s *fetchStream) end(err error) error {
	s.cancel(err)
	return err
}

// sendLoop sends what was queued, one Send after the other, until the stream ends or a Send fails.
func (s *fetchStream) sendLoop() {
	send := &singoffv1.SendRequest{}
	select {
	case send.ConnectionId = <-s.id:
	case <-s.ctx.Done():
		return
	}
	client := s.fetch.client(s.generation, singoffv1.RoomService_Send_FullMethodName)
	var waiting []*singoffv1.JoinRequest
	for pause := leastPause; ; {
		if waiting = s.gather(waiting); waiting == nil {
			return
		}
		send.Send++
		send.Commands = waiting[:fitting(waiting)]
		taken, err := s.send(client, send)
		if err != nil {
			s.failed(err)
			return
		}
		all := taken == len(send.Commands)
		waiting = waiting[taken:]
		if taken > 0 {
			pause = leastPause
		}
		if !all {
			if !s.wait(pause) {
				return
			}
			pause = min(2*pause, mostPause)
		}
	}
}

// gather adds what is queued to what waits; if nothing does it waits for something. Nil: the stream has ended.
func (s *fetchStream) gather(waiting []*singoffv1.JoinRequest) []*singoffv1.JoinRequest {
	if len(waiting) == 0 {
		select {
		case m := <-s.queue:
			waiting = append(waiting, m)
		case <-s.ctx.Done():
			return nil
		}
	}
	for len(waiting) < sendCommands {
		select {
		case m := <-s.queue:
			waiting = append(waiting, m)
		default:
			return waiting
		}
	}
	return waiting
}

// fitting is how many of the commands go into one Send; at least one does.
func fitting(commands []*singoffv1.JoinRequest) int {
	size := 0
	for i, m := range commands {
		if size += proto.Size(m); size > sendBytes && i > 0 {
			return i
		}
	}
	return len(commands)
}

func (s *fetchStream) send(c *client, request *singoffv1.SendRequest) (taken int, err error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, sendTimeout, fmt.Errorf("%w: a Send, within %v", ErrUnanswered, sendTimeout))
	defer cancel()
	answer := new(singoffv1.SendResponse)
	if err := s.fetch.unary(ctx, c, request, answer); err != nil {
		return 0, err
	}
	if n := int(answer.GetTaken()); n <= len(request.GetCommands()) {
		return n, nil
	}
	err = fmt.Errorf("%d of %d commands were taken", answer.GetTaken(), len(request.GetCommands()))
	return 0, &FailedError{Kind: KindFetch, Code: codes.Internal, Err: err}
}

// failed ends the stream for a Send that failed. One that found the connection ended lets the Watch say why, which is on its way.
func (s *fetchStream) failed(err error) {
	if _, ours := errors.AsType[*FailedError](err); !ours && status.Code(err) == codes.NotFound && !s.wait(lastWords) {
		return
	}
	s.cancel(err)
}

// wait waits; false: the stream has ended.
func (s *fetchStream) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// Distrust makes later requests use other connections.
func (s *fetchStream) Distrust() { s.generation.retire() }

// Way is fetch.
func (s *fetchStream) Way() Way { return Way{Kind: KindFetch} }
