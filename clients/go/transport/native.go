package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Static windows end the pings by which HTTP/2 would probe for bandwidth. A stream's window is also what a server can have on the way to an
// application that doesn't take its events.
const (
	streamWindow     = 64 << 10
	connectionWindow = 1 << 20
)

// NativeConfig says how native gRPC reaches the server.
type NativeConfig struct {
	// Target is a name that gRPC knows: `host:port`, `unix:PATH`, `dns:///host:port`. Required.
	Target string
	// Credentials protect the connection, or don't. Required.
	Credentials credentials.TransportCredentials
	// UserAgent is told to the server before gRPC's own; may be empty.
	UserAgent string
	// Dial makes a connection to the address in Target; nil: as gRPC does.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
}

func (c NativeConfig) validate() error {
	switch {
	case c.Target == "":
		return errors.New("transport: Target is empty")
	case c.Credentials == nil:
		return errors.New("transport: Credentials is nil")
	}
	return nil
}

// Native is gRPC over HTTP/2. All streams and calls share one connection, which is made by the first one that needs it. gRPC's own
// reconnecting is off: each Join or Unary on a connection that failed makes one new try.
type Native struct {
	config NativeConfig

	mu      sync.Mutex // protects what follows
	current *sharedConn
	conns   map[*sharedConn]struct{} // those that aren't closed
	closed  bool
}

// sharedConn is closed when it isn't current any more and its last stream has ended.
type sharedConn struct {
	*grpc.ClientConn
	users   int
	retired bool
}

// NewNative makes a Transport over native gRPC. Nothing is sent yet.
func NewNative(config NativeConfig) (*Native, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	n := &Native{config: config, conns: map[*sharedConn]struct{}{}}
	conn, err := n.dial()
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	n.current, n.conns[conn] = conn, struct{}{}
	return n, nil
}

func (n *Native) dial() (*sharedConn, error) {
	// After a failed try gRPC waits this long before it tries again by itself: in effect it never does.
	never := backoff.Config{BaseDelay: 24 * time.Hour, Multiplier: 1, MaxDelay: 24 * time.Hour}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(n.config.Credentials),
		grpc.WithUserAgent(n.config.UserAgent),
		grpc.WithStaticStreamWindowSize(streamWindow),
		grpc.WithStaticConnWindowSize(connectionWindow),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: never, MinConnectTimeout: 12 * time.Second}),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
	}
	if n.config.Dial != nil {
		options = append(options, grpc.WithContextDialer(n.config.Dial))
	}
	conn, err := grpc.NewClient(n.config.Target, options...)
	if err != nil {
		return nil, err
	}
	return &sharedConn{ClientConn: conn}, nil
}

// acquire gives a connection that may still work, making another one if it surely doesn't.
func (n *Native) acquire() (*sharedConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, ErrClosed
	}
	if n.current.GetState() == connectivity.TransientFailure || n.current.retired {
		conn, err := n.dial()
		if err != nil {
			return nil, fmt.Errorf("transport: %w", err)
		}
		n.retireLocked(n.current)
		n.current, n.conns[conn] = conn, struct{}{}
	}
	n.current.users++
	return n.current, nil
}

func (n *Native) release(conn *sharedConn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	conn.users--
	n.closeUnusedLocked(conn)
}

func (n *Native) retire(conn *sharedConn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.retireLocked(conn)
}

func (n *Native) retireLocked(conn *sharedConn) {
	conn.retired = true
	n.closeUnusedLocked(conn)
}

func (n *Native) closeUnusedLocked(conn *sharedConn) {
	if _, open := n.conns[conn]; open && conn.retired && conn.users == 0 {
		delete(n.conns, conn)
		_ = conn.Close()
	}
}

// Join opens a stream. If there is no connection it waits for one to be made, as long as ctx lasts.
func (n *Native) Join(ctx context.Context) (Stream, error) {
	conn, err := n.acquire()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { n.release(conn) })
	stream, err := singoffv1.NewRoomServiceClient(conn).Join(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	return &nativeStream{BidiStreamingClient: stream, native: n, conn: conn, cancel: cancel}, nil
}

// Unary makes one call.
func (n *Native) Unary(ctx context.Context, method string, request, answer proto.Message) error {
	conn, err := n.acquire()
	if err != nil {
		return err
	}
	defer n.release(conn)
	return conn.Invoke(outgoing(ctx), method, request, answer)
}

// Close breaks everything; later calls fail with ErrClosed.
func (n *Native) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	var errs []error
	for conn := range n.conns {
		errs = append(errs, conn.Close())
	}
	clear(n.conns)
	return errors.Join(errs...)
}

type nativeStream struct {
	grpc.BidiStreamingClient[singoffv1.JoinRequest, singoffv1.JoinResponse]
	native *Native
	conn   *sharedConn
	cancel context.CancelFunc
}

// Recv waits for the next message. An error is the end of the stream.
func (s *nativeStream) Recv() (*singoffv1.JoinResponse, error) {
	response, err := s.BidiStreamingClient.Recv()
	if err != nil {
		s.cancel()
	}
	return response, err
}

// Way is native.
func (s *nativeStream) Way() Way { return Way{Kind: KindNative} }

// Distrust makes the next Join use another connection; this one is closed when its last stream has ended.
func (s *nativeStream) Distrust() { s.native.retire(s.conn) }
