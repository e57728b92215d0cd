package socket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/socket"
)

// rooms is a RoomService whose ListRooms does what a test says.
type rooms struct {
	singoffv1.UnimplementedRoomServiceServer
	list func(context.Context, *singoffv1.ListRoomsRequest) (*singoffv1.ListRoomsResponse, error)
}

func (r rooms) ListRooms(ctx context.Context, req *singoffv1.ListRoomsRequest) (*singoffv1.ListRoomsResponse, error) {
	return r.list(ctx, req)
}

// calls serves a real gRPC server's calls over sockets.
func calls(t *testing.T, list func(context.Context, *singoffv1.ListRoomsRequest) (*singoffv1.ListRoomsResponse, error), opts ...grpc.ServerOption) *server {
	t.Helper()
	srv := grpc.NewServer(opts...)
	singoffv1.RegisterRoomServiceServer(srv, rooms{list: list})
	healthv1.RegisterHealthServer(srv, health.NewServer())
	t.Cleanup(srv.Stop)
	return listen(t, echo, func(cfg *socket.Config) {
		cfg.Calls = srv
		cfg.RemoteAddr = func(*http.Request) string { return "203.0.113.7" }
	})
}

func (s *server) call(t *testing.T, method string, headers ...string) *client {
	t.Helper()
	c := upgrade(t, s.dial(t), method)
	c.headers(headers...)
	return c
}

func TestUnaryCall(t *testing.T) {
	t.Parallel()
	s := calls(t, func(ctx context.Context, req *singoffv1.ListRoomsRequest) (*singoffv1.ListRoomsResponse, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		want := rpc.Peer{Addr: "203.0.113.7", UserAgent: "test", Transport: rpc.TransportWebsocket}
		if got := rpc.PeerOf(ctx); got != want || fmt.Sprint(md["singoff-guest-key"]) != "[k]" {
			t.Errorf("got %+v, %v, want %+v and the metadata", got, md, want)
		}
		grpc.SetHeader(ctx, metadata.Pairs("x-said", "first"))
		grpc.SetTrailer(ctx, metadata.Pairs("x-said", "last"))
		return &singoffv1.ListRoomsResponse{NextPageToken: req.GetNamespace()}, nil
	})
	c := s.call(t, singoffv1.RoomService_ListRooms_FullMethodName, "singoff-guest-key: k\r\n")
	c.say(&singoffv1.ListRoomsRequest{Namespace: "night"})
	c.endSending()
	if p := c.mustPart(); p.flags != 0x80 || string(p.data) != "Content-Type: application/grpc+proto\r\nX-Said: first\r\n" {
		t.Errorf("got %#x %q, want the headers", p.flags, p.data)
	}
	var resp singoffv1.ListRoomsResponse
	if p := c.mustPart(); p.flags != 0 || proto.Unmarshal(p.data, &resp) != nil || resp.GetNextPageToken() != "night" {
		t.Errorf("got %#x %q, want the answer", p.flags, p.data)
	}
	c.wantEnd("grpc-status: 0\r\nx-said: last\r\n")
	s.wantEnded(t, "served")
}

func TestCallThatFails(t *testing.T) {
	t.Parallel()
	s := calls(t, func(context.Context, *singoffv1.ListRoomsRequest) (*singoffv1.ListRoomsResponse, error) {
		return nil, status.Error(codes.InvalidArgument, "page_size: 한도 100")
	})
	for name, test := range map[string]struct {
		method string
		header string
		want   []string
	}{
		"status":      {singoffv1.RoomService_ListRooms_FullMethodName, "", []string{"grpc-status: 3\r\n", "grpc-message: page_size: %ED%95%9C%EB%8F%84 100\r\n"}},
		"no method":   {"/singoff.v1.RoomService/Dance", "", []string{"grpc-status: 12\r\n"}},
		"no service":  {"/nowhere", "", []string{"grpc-status: 12\r\n"}},
		"bad timeout": {singoffv1.RoomService_ListRooms_FullMethodName, "grpc-timeout: soon\r\n", []string{"grpc-status: 13\r\n", "grpc-message: malformed grpc-timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := s.call(t, test.method, test.header)
			c.say(&singoffv1.ListRoomsRequest{})
			c.endSending()
			p := c.mustPart()
			for _, want := range test.want {
				if p.flags != 0x80 || !strings.Contains(string(p.data), want) {
					t.Errorf("got %#x %q, want trailers alone with %q", p.flags, p.data, want)
				}
			}
			c.wantClose(ws.StatusNormalClosure)
		})
	}
}

// A call that streams goes on after the end of sending, and ends with its socket, however that ends.
func TestStreamingCallEndsWithItsSocket(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end    func(*client)
		reason string
	}{
		"close frame": {func(c *client) { c.send(frame(ws.OpClose, true, nil)) }, "closed"},
		"FIN":         {func(c *client) { c.conn.Close() }, "broken"},
		"RST":         {reset, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan struct{})
			s := calls(t, nil, grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
				defer close(ended)
				return handler(srv, stream)
			}))
			c := s.call(t, healthv1.Health_Watch_FullMethodName)
			c.say(&healthv1.HealthCheckRequest{})
			c.endSending()
			c.wantHeaders()
			if p := c.mustPart(); p.flags != 0 {
				t.Errorf("got %#x %q, want a message", p.flags, p.data)
			}
			c.send(frame(ws.OpPing, true, []byte("?")))
			if f, err := c.frame(); err != nil || f.Header.OpCode != ws.OpPong {
				t.Errorf("got %+v, %v, want the pong", f, err)
			}
			test.end(c)
			<-ended
			s.wantEnded(t, test.reason)
		})
	}
}

func TestRequestTooLarge(t *testing.T) {
	t.Parallel()
	s := calls(t, nil)
	c := s.call(t, singoffv1.RoomService_ListRooms_FullMethodName)
	c.binary(append([]byte{0}, grpcHead(0, 1<<20)...)...)
	for range 70 {
		c.conn.Write(mask(append([]byte{0}, make([]byte, 4<<10)...)))
	}
	c.wantEnd("grpc-message: the request is larger than 262144 bytes\r\ngrpc-status: 8\r\n")
}

// A handler that doesn't read its request, or is done before it has come, waits for nobody.
func TestHandlersOfEveryKind(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    []string
	}{
		"no answer": {func(http.ResponseWriter, *http.Request) {}, []string{"grpc-message: the call ended without a status\r\ngrpc-status: 13\r\n"}},
		"trailers alone": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "5")
			w.(http.Flusher).Flush()
		}, []string{"content-type: application/grpc\r\ngrpc-status: 5\r\n"}},
		"announced trailers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "Grpc-Status, X-Last")
			w.Header().Set("X-First", "1")
			w.WriteHeader(http.StatusOK)
			w.WriteHeader(http.StatusTeapot)
			w.(http.Flusher).Flush()
			w.Header().Set("Grpc-Status", "0")
			w.Header().Set("X-Last", "2")
			w.Header().Set(http.TrailerPrefix+"X-More", "3")
		}, []string{"X-First: 1\r\n", "grpc-status: 0\r\nx-last: 2\r\nx-more: 3\r\n"}},
		"an answer for people": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "go away", http.StatusForbidden) },
			[]string{"grpc-message: go away\r\ngrpc-status: 7\r\n"}},
		"too many": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "later", http.StatusTooManyRequests) },
			[]string{"grpc-message: later\r\ngrpc-status: 14\r\n"}},
		"panic": {func(http.ResponseWriter, *http.Request) { panic("secret") }, []string{"grpc-message: internal error\r\ngrpc-status: 13\r\n"}},
		"a large answer": {func(w http.ResponseWriter, r *http.Request) {
			io.ReadFull(r.Body, make([]byte, 2))
			w.Header().Set("Trailer", "Grpc-Status")
			for range 10 {
				w.Write(append(grpcHead(0, 10<<10), make([]byte, 10<<10)...))
			}
			w.Header().Set("Grpc-Status", "0")
		}, append(append([]string{""}, repeated(string(make([]byte, 10<<10)), 10)...), "grpc-status: 0\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, echo, func(cfg *socket.Config) { cfg.Calls = test.handler })
			c := s.call(t, "/some.Service/Method")
			c.binary(0, 1, 2)
			for _, want := range test.want {
				if p := c.mustPart(); string(p.data) != want {
					t.Errorf("got %q, want %q", p.data, want)
				}
			}
			c.wantClose(ws.StatusNormalClosure)
		})
	}
}

func repeated(s string, n int) (out []string) {
	for range n {
		out = append(out, s)
	}
	return out
}

func TestRequestAsTheHandlerSeesIt(t *testing.T) {
	t.Parallel()
	s := listen(t, echo, func(cfg *socket.Config) {
		cfg.Calls = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			got := fmt.Sprint(r.Method, r.ProtoMajor, r.URL.Path, r.Host, r.Header, string(body), err)
			want := "POST2/some.Service/Method" + "battle.example" +
				"map[Content-Type:[application/grpc+proto] Te:[trailers] X-Grpc-Web:[1]]ab<nil>"
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			w.Header().Set("Grpc-Status", "0")
		})
	})
	c := s.call(t, "/some.Service/Method", "connection: close\r\ncontent-length: 7\r\n")
	c.binary(0, 'a')
	c.binary(0, 'b')
	c.endSending()
	c.wantEnd("grpc-status: 0\r\n")
}

// What isn't read of the request when the socket breaks is an error for who reads it, never its end.
func TestRequestThatBreaksOff(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	s := listen(t, echo, func(cfg *socket.Config) {
		cfg.Calls = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			<-r.Context().Done()
			got <- err
		})
	})
	c := s.call(t, "/some.Service/Method")
	c.binary(0, 'a')
	c.conn.(*net.TCPConn).CloseWrite()
	if err := <-got; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %v, want an error", err)
	}
}
