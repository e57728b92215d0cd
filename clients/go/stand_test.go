package singoff_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	"github.com/singoff/singoff/clients/go/transport/transporttest"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// stand is a server in memory, reached by any way: each connection is played by serve, whose error ends it as a status.
type stand struct {
	singoffv1.UnimplementedRoomServiceServer
	serve func(*standing) error
	send  func(context.Context) error // before a Send is taken; nil: nothing

	mu    sync.Mutex // protects what follows
	tries map[string][]time.Time
	open  map[string]chan *singoffv1.JoinRequest // Watches, by connection id
}

// standing is one connection.
type standing struct {
	ctx   context.Context
	hello *singoffv1.Hello
	id    []byte
	tell  func(*singoffv1.Event)
	next  func() *singoffv1.JoinRequest // nil: there will be none
}

func (s *stand) play(c *standing) error {
	s.mu.Lock()
	name := c.hello.GetNickname()
	s.tries[name] = append(s.tries[name], time.Now())
	s.mu.Unlock()
	return s.serve(c)
}

func (c *standing) welcome() {
	self := &singoffv1.Member{MemberId: "m1", Nickname: c.hello.GetNickname()}
	c.tell(&singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{
		Self: self, Room: &singoffv1.RoomState{Members: []*singoffv1.Member{self}}, ConnectionId: c.id, SnapshotSeq: 10,
		Recovery: &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_NEW},
	}}})
}

// Join is the way of native gRPC.
func (s *stand) Join(stream grpc.BidiStreamingServer[singoffv1.JoinRequest, singoffv1.JoinResponse]) error {
	next := func() *singoffv1.JoinRequest {
		m, err := stream.Recv()
		if err != nil {
			return nil
		}
		return m
	}
	tell := func(ev *singoffv1.Event) { _ = stream.Send(&singoffv1.JoinResponse{Events: []*singoffv1.Event{ev}}) }
	return s.play(&standing{ctx: stream.Context(), hello: next().GetHello(), tell: tell, next: next})
}

// ServeHTTP is the way of websockets and of fetch.
func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case singoffv1.RoomService_Join_FullMethodName:
		s.socket(w, r)
	case singoffv1.RoomService_Watch_FullMethodName:
		connect.NewServerStreamHandler(r.URL.Path, s.watch).ServeHTTP(w, r)
	case singoffv1.RoomService_Send_FullMethodName:
		if s.send == nil {
			connect.NewUnaryHandler(r.URL.Path, s.take).ServeHTTP(w, r)
		} else if err := s.send(r.Context()); err != nil {
			http.NotFound(w, r)
		}
	}
}

func (s *stand) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"grpc-websockets"}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx := context.WithoutCancel(r.Context())
	next := func() *singoffv1.JoinRequest {
		m := new(singoffv1.JoinRequest)
		if _, b, err := conn.Read(ctx); err != nil || len(b) < 6 || proto.Unmarshal(b[6:], m) != nil {
			return nil
		}
		return m
	}
	frame := func(flags byte, b []byte) {
		head := binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(b)))
		_ = conn.Write(ctx, websocket.MessageBinary, append(head, b...))
	}
	tell := func(ev *singoffv1.Event) {
		b, _ := proto.Marshal(&singoffv1.JoinResponse{Events: []*singoffv1.Event{ev}})
		frame(0, b)
	}
	_, _, _ = conn.Read(ctx) // the headers
	ended := status.Convert(s.play(&standing{ctx: ctx, hello: next().GetHello(), tell: tell, next: next}))
	frame(0x80, []byte("grpc-status: "+string(rune('0'+ended.Code()/10))+string(rune('0'+ended.Code()%10))+"\r\ngrpc-message: "+ended.Message()+"\r\n"))
	_ = conn.Close(websocket.StatusNormalClosure, "")
}

func (s *stand) watch(ctx context.Context, r *connect.Request[singoffv1.WatchRequest], stream *connect.ServerStream[singoffv1.WatchResponse]) error {
	id, up := make([]byte, 16), make(chan *singoffv1.JoinRequest)
	rand.Read(id)
	s.mu.Lock()
	s.open[string(id)] = up
	s.mu.Unlock()
	next := func() *singoffv1.JoinRequest {
		select {
		case m := <-up:
			return m
		case <-ctx.Done():
			return nil
		}
	}
	tell := func(ev *singoffv1.Event) { _ = stream.Send(&singoffv1.WatchResponse{Events: []*singoffv1.Event{ev}}) }
	ended := status.Convert(s.play(&standing{ctx: ctx, hello: r.Msg.GetHello(), id: id, tell: tell, next: next}))
	return connect.NewError(connect.Code(ended.Code()), errors.New(ended.Message()))
}

func (s *stand) take(ctx context.Context, r *connect.Request[singoffv1.SendRequest]) (*connect.Response[singoffv1.SendResponse], error) {
	s.mu.Lock()
	up := s.open[string(r.Msg.GetConnectionId())]
	s.mu.Unlock()
	taken := uint32(0)
	for _, m := range r.Msg.GetCommands() {
		select {
		case up <- m:
			taken++
		case <-ctx.Done():
		}
	}
	return connect.NewResponse(&singoffv1.SendResponse{Taken: taken}), nil
}

// start opens the stand for a way until stop is called, and gives what makes its clients.
func (s *stand) start(t *testing.T, way transport.Kind) (dial func() *singoff.Client, stop func()) {
	t.Helper()
	s.tries, s.open = map[string][]time.Time{}, map[string]chan *singoffv1.JoinRequest{}
	var m *transporttest.Memory
	if way == transport.KindNative {
		m = transporttest.New()
		server := grpc.NewServer(grpc.WaitForHandlers(true))
		singoffv1.RegisterRoomServiceServer(server, s)
		var loops sync.WaitGroup
		loops.Go(func() { _ = server.Serve(m) })
		stop = func() { server.Stop(); loops.Wait() }
	} else {
		m, stop = transporttest.Serve(s)
	}
	return func() *singoff.Client { return dialBy(t, way, m.Dial) }, stop
}

// dialBy makes a client over a network of its own.
func dialBy(t *testing.T, way transport.Kind, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *singoff.Client {
	t.Helper()
	made, err := carrier(way, dial)
	if err != nil {
		t.Fatal(err)
	}
	client, err := singoff.Dial("stand", singoff.WithCustomTransport(made))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func carrier(way transport.Kind, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (transport.Transport, error) {
	config := transport.HTTPConfig{URL: "http://stand", Dial: dial}
	switch way {
	case transport.KindNative:
		return transport.NewNative(transport.NativeConfig{
			Target: "passthrough:///stand", Credentials: insecure.NewCredentials(),
			Dial: func(ctx context.Context, addr string) (net.Conn, error) { return dial(ctx, "tcp", addr) },
		})
	case transport.KindWebsocket:
		return transport.NewWebsocket(config)
	case transport.KindFetch:
		return transport.NewFetch(config)
	}
	websocket, err := transport.NewWebsocket(config)
	if err != nil {
		return nil, err
	}
	fetch, err := transport.NewFetch(config)
	if err != nil {
		return nil, err
	}
	return transport.NewAuto(transport.AutoConfig{Websocket: websocket, Fetch: fetch})
}
