package rpc

import (
	"context"
	"errors"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// What Stream.Receive answers beside io.EOF, to be told apart with errors.Is.
var (
	// ErrTooLarge: a message is larger than Limits.message_bytes. The stream can still be written to.
	ErrTooLarge = errors.New("rpc: message too large")
	// ErrMalformed: a message isn't a JoinRequest, or holds text that isn't UTF-8. The stream can still be written to.
	ErrMalformed = errors.New("rpc: message malformed: it isn't an encoded JoinRequest, or holds text that isn't UTF-8")
)

// Stream is one open Join, whatever carries it.
//
// One goroutine reads and one writes, at the same time; Context and RemoteAddr may be called by any. Whoever implements it ends
// the context when Serve has returned, which frees a Receive or Send that is still under way.
type Stream interface {
	// Context ends when the connection breaks, the client gives up, or Serve has returned.
	Context() context.Context
	// RemoteAddr is the client's address, for the operator.
	RemoteAddr() string
	// Receive waits for the next message. io.EOF is a clean end of the input if the context is alive a moment later; ErrTooLarge and
	// ErrMalformed are the client's fault; every other error is a broken connection.
	Receive() (*singoffv1.JoinRequest, error)
	// Send sends one JoinResponse, encoded as the concatenation of parts. It keeps the bytes, which nobody changes any more, but not
	// the slice that holds them. It may wait for a slow reader.
	Send(parts [][]byte) error
}
