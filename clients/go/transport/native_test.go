package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers each message of a Join with an event of the same number, and ends well when the client half-closes.
type echo struct {
	singoffv1.UnimplementedRoomServiceServer
}

func (echo) Join(stream grpc.BidiStreamingServer[singoffv1.JoinRequest, singoffv1.JoinResponse]) error {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.GetLeave() != nil {
			return status.Error(codes.Aborted, "left")
		}
		if err := stream.Send(&singoffv1.JoinResponse{Events: []*singoffv1.Event{{Number: m.GetNumber()}}}); err != nil {
			return err
		}
	}
}

func (echo) ListRooms(context.Context, *singoffv1.ListRoomsRequest) (*singoffv1.ListRoomsResponse, error) {
	return &singoffv1.ListRoomsResponse{NextPageToken: "next"}, nil
}

// countingListener counts the connections that were made.
type countingListener struct {
	net.Listener
	accepted atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return conn, err
}

func listen(t *testing.T, addr string) *countingListener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	return &countingListener{Listener: l}
}

func serve(t *testing.T, l net.Listener) *grpc.Server {
	t.Helper()
	server := grpc.NewServer()
	singoffv1.RegisterRoomServiceServer(server, echo{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() { server.Stop(); <-ended })
	return server
}

func native(t *testing.T, addr string) *transport.Native {
	t.Helper()
	n, err := transport.NewNative(transport.NativeConfig{Target: addr, Credentials: insecure.NewCredentials()})
	if err != nil {
		t.Fatalf("NewNative: %v", err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func open(t *testing.T, n *transport.Native) transport.Stream {
	t.Helper()
	stream, err := n.Join(t.Context())
	if err != nil {
		t.Fatalf("Join: %v", err)
	}
	return stream
}

// say sends a message and waits for its echo.
func say(t *testing.T, stream transport.Stream, number uint64) {
	t.Helper()
	if err := stream.Send(&singoffv1.JoinRequest{Number: number}); err != nil {
		t.Fatalf("Send: %v", err)
	}
	m, err := stream.Recv()
	if err != nil || m.GetEvents()[0].GetNumber() != number {
		t.Fatalf("Recv: got %v, %v, want number %d", m, err, number)
	}
}

func TestStreamsAndCallsShareAConnection(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0")
	serve(t, l)
	n := native(t, l.Addr().String())
	one, two := open(t, n), open(t, n)
	say(t, one, 1)
	say(t, two, 2)
	answer := new(singoffv1.ListRoomsResponse)
	err := n.Unary(t.Context(), singoffv1.RoomService_ListRooms_FullMethodName, &singoffv1.ListRoomsRequest{}, answer)
	if err != nil || answer.GetNextPageToken() != "next" {
		t.Errorf("Unary: got %v, %v", answer, err)
	}
	if got := l.accepted.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
	if err := one.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Leave{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Recv(); status.Code(err) != codes.OK && status.Code(err) != codes.Aborted {
		t.Errorf("the end of a stream: got %v, want ABORTED", err)
	}
	say(t, two, 3)
}

// A connection that looks dead isn't used for another try, but its other streams may go on with it.
func TestDistrust(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0")
	serve(t, l)
	n := native(t, l.Addr().String())
	old := open(t, n)
	say(t, old, 1)
	old.Distrust()
	old.Distrust()
	fresh := open(t, n)
	say(t, fresh, 2)
	say(t, old, 3)
	say(t, open(t, n), 4)
	if got := l.accepted.Load(); got != 2 {
		t.Errorf("got %d connections, want the old one and one fresh one", got)
	}
}

// Each Join makes one try, which says what is wrong now: not what was wrong before, and not after a wait of gRPC's own.
func TestEachJoinIsOneTry(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0")
	addr := l.Addr().String()
	_ = l.Close()
	n := native(t, addr)
	for range 3 {
		if _, err := n.Join(t.Context()); status.Code(err) != codes.Unavailable {
			t.Fatalf("Join of nobody: got %v, want UNAVAILABLE", err)
		}
	}
	l = listen(t, addr)
	server := serve(t, l)
	stream := open(t, n)
	say(t, stream, 1)
	server.Stop()
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("a stream whose server is gone: got %v, want UNAVAILABLE", err)
	}
	if _, err := n.Join(t.Context()); status.Code(err) != codes.Unavailable {
		t.Errorf("Join of a server that is gone: got %v, want UNAVAILABLE", err)
	}
	if got := l.accepted.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
	serve(t, listen(t, addr))
	say(t, open(t, n), 1)
}

func TestClose(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0")
	serve(t, l)
	n := native(t, l.Addr().String())
	old := open(t, n)
	say(t, old, 1)
	old.Distrust()
	fresh := open(t, n)
	if err := n.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	for name, stream := range map[string]transport.Stream{"distrusted": old, "fresh": fresh} {
		if _, err := stream.Recv(); err == nil {
			t.Errorf("the %s stream outlived Close", name)
		}
	}
	if _, err := n.Join(t.Context()); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Join after Close: got %v, want ErrClosed", err)
	}
	if err := n.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]transport.NativeConfig{
		"no target": {Credentials: insecure.NewCredentials()}, "no credentials": {Target: "localhost:1"},
	} {
		if _, err := transport.NewNative(config); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
