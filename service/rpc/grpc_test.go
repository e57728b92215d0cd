package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
)

// overGRPC serves s on a port and gives a connection to it, and the one TCP connection under it once it is dialled.
func overGRPC(t *testing.T, s *server) (*grpc.ClientConn, <-chan net.Conn) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer(grpc.ForceServerCodecV2(rpc.Codec()), grpc.MaxRecvMsgSize(rpc.MaxReceiveBytes), grpc.WaitForHandlers(true))
	singoffv1.RegisterRoomServiceServer(srv, s.Room)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()
	under := make(chan net.Conn, 10)
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
			if err == nil {
				under <- c
			}
			return c, err
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		srv.Stop()
		<-served
		s.Wait()
	})
	return conn, under
}

// open joins over gRPC and waits until the room has the connection: it answers a ping.
func open(t *testing.T, conn *grpc.ClientConn) singoffv1.RoomService_JoinClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	stream, err := singoffv1.NewRoomServiceClient(conn).Join(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, req := range []*singoffv1.JoinRequest{hello(), ping(0)} {
		if err := stream.Send(req); err != nil {
			t.Fatal(err)
		}
	}
	if resp, err := stream.Recv(); err != nil || resp.GetEvents()[0].GetPong() == nil {
		t.Fatalf("got %v, %v, want a Pong", resp, err)
	}
	return stream
}

// ending reads the stream to its end.
func ending(stream singoffv1.RoomService_JoinClient) (last *singoffv1.Event, err error) {
	for {
		resp, err := stream.Recv()
		if err != nil {
			return last, err
		}
		events := resp.GetEvents()
		last = events[len(events)-1]
	}
}

func TestJoinOverGRPC(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	conn, _ := overGRPC(t, s)
	stream := open(t, conn)
	if err := stream.Send(chat(1, "안녕")); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	last, err := ending(stream)
	if !errors.Is(err, io.EOF) || last.GetGoaway().GetReason() != singoffv1.Goaway_REASON_LEFT {
		t.Errorf("got %v, %v, want LEFT and OK", last, err)
	}
	if got := s.manager.conn(t); len(got.taken()) != 1 || !strings.HasPrefix(got.about.RemoteAddr, "127.0.0.1:") {
		t.Errorf("got %v from %q, want a command from 127.0.0.1", got.taken(), got.about.RemoteAddr)
	}
}

func TestRefusalOverGRPC(t *testing.T) {
	t.Parallel()
	conn, _ := overGRPC(t, newServer(t))
	stream, err := singoffv1.NewRoomServiceClient(conn).Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(hello(func(h *singoffv1.Hello) { h.RoomId = "a b" })); err != nil {
		t.Fatal(err)
	}
	last, err := ending(stream)
	if last.GetGoaway().GetField() != "hello.room_id" || status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v, %v, want a Goaway for hello.room_id and INVALID_ARGUMENT", last, err)
	}
	if _, err := singoffv1.NewRoomServiceClient(conn).ListRooms(t.Context(), &singoffv1.ListRoomsRequest{}); err != nil {
		t.Errorf("got %v from a call that gRPC's own codec serves", err)
	}
}

// raw sends bytes as a message.
type raw struct{ grpc.ClientStream }

func (r raw) send(data []byte) error {
	m := new(singoffv1.JoinRequest)
	m.ProtoReflect().SetUnknown(data)
	return r.SendMsg(m)
}

func TestMessagesThatAreTooLargeOrMalformed(t *testing.T) {
	t.Parallel()
	padding := func(n int) []byte { // an unknown field that fills n bytes in all
		return protowire.AppendBytes(protowire.AppendTag(nil, 111, protowire.BytesType), make([]byte, n-2-protowire.SizeVarint(uint64(n-4))))
	}
	if got := len(padding(16 << 10)); got != 16<<10 {
		t.Fatalf("got a message of %d bytes, want 16384", got)
	}
	for name, test := range map[string]struct {
		data    []byte
		message string // of the Goaway; empty: none
		code    codes.Code
	}{
		"one too many":  {padding(16<<10 + 1), "16385 bytes, the limit is 16384", codes.InvalidArgument},
		"200 KB":        {padding(200_000), "200000 bytes, the limit is 16384", codes.InvalidArgument},
		"beyond gRPC's": {padding(300_000), "", codes.ResourceExhausted},
		"not protobuf":  {protowire.AppendTag(nil, 3, protowire.BytesType), "isn't an encoded JoinRequest", codes.InvalidArgument},
		"not UTF-8":     {[]byte("\x22\x03\x0a\x01\xff"), "UTF-8", codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, _ := overGRPC(t, newServer(t))
			stream := open(t, conn)
			if err := (raw{stream}).send(test.data); err != nil {
				t.Fatal(err)
			}
			last, err := ending(stream)
			if status.Code(err) != test.code || test.message != "" && last.GetGoaway().GetReason() != singoffv1.Goaway_REASON_PROTOCOL_ERROR ||
				!strings.Contains(last.GetGoaway().GetMessage(), test.message) {
				t.Errorf("got %v, %v, want %q and %v", last, err, test.message, test.code)
			}
		})
	}
}

func TestLargestMessageIsTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	conn, _ := overGRPC(t, s)
	stream := open(t, conn)
	largest := chat(1, strings.Repeat("a", 16<<10-8))
	if got := proto.Size(largest); got != 16<<10 {
		t.Fatalf("got a message of %d bytes, want 16384", got)
	}
	if err := stream.Send(largest); err != nil {
		t.Fatal(err)
	}
	stream.CloseSend()
	if _, err := ending(stream); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want OK", err)
	}
	if got := len(s.manager.conn(t).taken()); got != 1 {
		t.Errorf("got %d commands, want 1", got)
	}
}

// A connection that breaks may look like a half-close at first; a member who is cut off must be AWAY then, not have left.
func TestBrokenConnectionOverGRPCIsNoHalfClose(t *testing.T) {
	t.Parallel()
	for _, closing := range []string{"reset", "fin", "cancel"} {
		t.Run(closing, func(t *testing.T) {
			t.Parallel()
			for range 20 {
				s := newServer(t)
				conn, under := overGRPC(t, s)
				ctx, cancel := context.WithCancel(t.Context())
				stream, err := singoffv1.NewRoomServiceClient(conn).Join(ctx)
				if err != nil {
					t.Fatal(err)
				}
				stream.Send(hello())
				stream.Send(ping(0))
				stream.Recv()
				tcp := (<-under).(*net.TCPConn)
				switch closing {
				case "reset":
					tcp.SetLinger(0)
					tcp.Close()
				case "fin":
					tcp.Close()
				case "cancel":
					cancel()
				}
				member := s.manager.conn(t)
				select {
				case <-member.Ended():
				case <-time.After(10 * time.Second):
					t.Fatal("got no end within 10s")
				}
				member.mu.Lock()
				if member.halfClosed || !member.lost {
					t.Errorf("got half-closed %v, lost %v, want lost alone", member.halfClosed, member.lost)
				}
				member.mu.Unlock()
				cancel()
			}
		})
	}
}
