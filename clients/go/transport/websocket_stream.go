package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/coder/websocket"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// socketStream is a Join over a websocket. The socket is closed when ctx ends.
type socketStream struct {
	websocket *Websocket
	conn      *websocket.Conn
	ctx       context.Context // its cause is why the stream has ended
	cancel    context.CancelCauseFunc
	loops     sync.WaitGroup
	wire      wire
	heard     atomic.Bool // something has come
}

// Send writes a message.
func (s *socketStream) Send(m *singoffv1.JoinRequest) error {
	if cause := context.Cause(s.ctx); cause != nil {
		return causeError(KindWebsocket, cause)
	}
	b, err := data(func(b []byte) ([]byte, error) { return proto.MarshalOptions{}.MarshalAppend(b, m) })
	if err != nil {
		return status.Errorf(codes.Internal, "a command can't be encoded: %v", err)
	}
	ctx, cancel := context.WithTimeout(s.ctx, writeTimeout)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageBinary, b); err != nil {
		if ctx.Err() != nil && s.ctx.Err() == nil {
			err = fmt.Errorf("%w: a message wasn't taken within %v", ErrUnanswered, writeTimeout)
		}
		return s.end(s.failure(err))
	}
	return nil
}

// Recv reads the next message.
func (s *socketStream) Recv() (*singoffv1.JoinResponse, error) {
	message, ended, err := s.wire.next()
	switch {
	case err != nil:
		return nil, s.end(s.failure(err))
	case ended != nil:
		s.farewell()
		return nil, s.end(errorOf(ended))
	}
	response := new(singoffv1.JoinResponse)
	if err := proto.Unmarshal(message, response); err != nil {
		return nil, s.end(s.failure(err))
	}
	return response, nil
}

func errorOf(ended *status.Status) error {
	if ended.Code() == codes.OK {
		return io.EOF
	}
	return ended.Err()
}

// farewell lets the websocket end as websockets do: the trailers have ended the stream already.
func (s *socketStream) farewell() {
	ctx, cancel := context.WithTimeout(s.ctx, farewellTimeout)
	defer cancel()
	for {
		if _, _, err := s.conn.Read(ctx); err != nil {
			return
		}
	}
}

// failure is why the stream is broken, an error having been seen.
func (s *socketStream) failure(err error) error {
	if cause := context.Cause(s.ctx); cause != nil {
		return causeError(KindWebsocket, cause)
	}
	return &FailedError{Kind: KindWebsocket, Code: codes.Unavailable, Err: err}
}

// end ends the stream, and gives why it has ended: the first reason counts.
func (s *socketStream) end(err error) error {
	s.cancel(err)
	return err
}

// probeLoop asks the server's end of the websocket for a sign of life, so that one that something in between only lets open doesn't pass
// for one that works.
func (s *socketStream) probeLoop() {
	ctx, cancel := context.WithTimeout(s.ctx, probeTimeout)
	defer cancel()
	if s.conn.Ping(ctx) == nil || s.heard.Load() || s.ctx.Err() != nil {
		return
	}
	s.cancel(&FailedError{Kind: KindWebsocket, Code: codes.Unavailable, Err: fmt.Errorf("it opened, and nothing came for %v", probeTimeout)})
}

// Distrust: each websocket has a connection of its own, but the one of the calls may be as dead.
func (s *socketStream) Distrust() { s.websocket.calls.distrust() }

// Way is a websocket.
func (s *socketStream) Way() Way { return Way{Kind: KindWebsocket} }

// messages is what comes over a websocket as one stream of bytes: frames and messages needn't begin together.
type messages struct {
	stream  *socketStream
	current io.Reader // nil: the next message has not begun
}

// Read gives bytes of the current message, or of the next.
func (m *messages) Read(b []byte) (int, error) {
	for {
		if m.current == nil {
			kind, r, err := m.stream.conn.Reader(m.stream.ctx)
			if err != nil {
				return 0, err
			}
			if kind != websocket.MessageBinary {
				return 0, fmt.Errorf("%w: a message of text", errWire)
			}
			m.stream.heard.Store(true)
			m.current = r
		}
		n, err := m.current.Read(b)
		if errors.Is(err, io.EOF) {
			m.current, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
