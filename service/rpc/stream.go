package rpc

import (
	"context"
	"errors"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

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
// One goroutine reads and one writes, at the same time; Context and Peer may be called by any. Whoever implements it ends
// the context when Serve has returned, which frees a Receive or Send that is still under way.
type Stream interface {
	// Context ends when the connection breaks, the client gives up, or Serve has returned.
	Context() context.Context
	// Peer says who is at the other end.
	Peer() Peer
	// Receive waits for the next message. io.EOF is a clean end of the input if the context is alive a moment later; ErrTooLarge and
	// ErrMalformed are the client's fault; every other error is a broken connection.
	Receive() (*singoffv1.JoinRequest, error)
	// Send sends one JoinResponse, encoded as the concatenation of parts. It keeps the bytes, which nobody changes any more, but not
	// the slice that holds them. It may wait for a slow reader.
	Send(parts [][]byte) error
}

// Peer is who is at the other end of a stream or call, as far as the transport knows.
type Peer struct {
	// Addr is the client's address, as trusted proxies tell it.
	Addr string
	// UserAgent is what the client's transport says of itself.
	UserAgent string
	// Transport is the way in: TransportNative, TransportWebsocket or TransportFetch.
	Transport string
}

// The ways in, as the operator is shown them.
const (
	TransportNative    = "native"
	TransportWebsocket = "websocket"
	TransportFetch     = "fetch"
)

type peerKey struct{}

// WithPeer is for what carries gRPC calls inside something else, and knows better than gRPC who is at the other end.
func WithPeer(ctx context.Context, p Peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// PeerOf is who makes a gRPC call.
func PeerOf(ctx context.Context) Peer {
	if known, ok := ctx.Value(peerKey{}).(Peer); ok {
		return known
	}
	p := Peer{Transport: TransportNative}
	if from, ok := peer.FromContext(ctx); ok && from.Addr != nil {
		p.Addr = from.Addr.String()
	}
	if md, _ := metadata.FromIncomingContext(ctx); len(md.Get("user-agent")) > 0 {
		p.UserAgent = md.Get("user-agent")[0]
	}
	return p
}
