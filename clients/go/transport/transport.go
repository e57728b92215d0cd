// Package transport is the seam between the SDK and the way its messages travel.
// A Transport opens streams of Join to one server and makes unary calls: Native by gRPC over HTTP/2, Websocket and Fetch through the HTTP
// port as browsers do it, Auto by the websocket as long as that works. It knows nothing of rooms: what to send, repeat and wait for is decided above it.
package transport

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// ErrClosed is the answer of a transport that was closed.
var ErrClosed = errors.New("transport: closed")

// ErrUnanswered is wrapped by the end of a stream whose server took or answered nothing of what was sent, for too long.
var ErrUnanswered = errors.New("unanswered")

// Transport reaches one server. All its methods may be called concurrently.
type Transport interface {
	// Join opens a stream, or fails with a gRPC status error. It makes one try to reach the server: repeating is the caller's. Ending
	// ctx breaks the stream without leaving the room.
	Join(ctx context.Context) (Stream, error)
	// Unary calls a method by its full name, `/singoff.v1.RoomService/ListRooms`, or fails with a gRPC status error.
	Unary(ctx context.Context, method string, request, answer proto.Message) error
	// Close breaks all streams and calls under way, and waits until nothing of them is left.
	Close() error
}

// Stream is one Join. Send and Recv may run together, but each from one goroutine at a time.
type Stream interface {
	// Send hands a message on; the first one is the Hello. It may wait for the server to read. After an error, Recv tells why. The message
	// mustn't be changed any more.
	Send(*singoffv1.JoinRequest) error
	// Recv waits for the next message. One without events is a sign of life, to be answered with a Ping. io.EOF is the end with status OK;
	// any other error is a gRPC status error; over the HTTP port it is a *FailedError if the server hasn't said it.
	Recv() (*singoffv1.JoinResponse, error)
	// Distrust says that the connection below seems dead: the next Join mustn't use it again. It ends nothing by itself.
	Distrust()
	// Way is how the stream travels.
	Way() Way
}

// Kind names a way to reach a server.
type Kind string

// The kinds.
const (
	// KindAuto is the websocket, and fetch where that doesn't work; native for a server that isn't named by a URL.
	KindAuto Kind = "auto"
	// KindNative is gRPC over HTTP/2.
	KindNative Kind = "native"
	// KindWebsocket is a websocket for each Join, by the HTTP port.
	KindWebsocket Kind = "websocket"
	// KindFetch is plain HTTP requests, by the HTTP port.
	KindFetch Kind = "fetch"
)

// Way is how one stream travels.
type Way struct {
	// Kind is native, websocket or fetch.
	Kind Kind
	// Fallback is why Auto doesn't take the websocket; nil: it does, or Auto wasn't asked.
	Fallback error
}

// FailedError is the failure of a way: what ended the stream, or kept it from opening, was not said by the server.
type FailedError struct {
	// Kind of the way.
	Kind Kind
	// Code it is as a gRPC status.
	Code codes.Code
	// Unreached: no connection was made at all, so another way to the same address would fare no better.
	Unreached bool
	// Err is what went wrong.
	Err error
}

// Error says which way failed, and why.
func (e *FailedError) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

// Unwrap gives what went wrong.
func (e *FailedError) Unwrap() error { return e.Err }

// GRPCStatus makes it a gRPC status error.
func (e *FailedError) GRPCStatus() *status.Status { return status.New(e.Code, e.Error()) }

// causeError makes a status error of what ended a stream's or a call's context.
func causeError(kind Kind, cause error) error {
	if status.Code(cause) != codes.Unknown || errors.Is(cause, io.EOF) {
		return cause
	}
	return &FailedError{Kind: kind, Code: codeOfCause(cause), Err: cause}
}

func codeOfCause(cause error) codes.Code {
	switch {
	case errors.Is(cause, context.Canceled):
		return codes.Canceled
	case errors.Is(cause, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	}
	return codes.Unavailable
}
