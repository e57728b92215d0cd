package rpc_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeManager is a Manager whose connections do what a test says.
type fakeManager struct {
	mu      sync.Mutex
	refuse  *singoffv1.Goaway
	conns   []*fakeConn
	hold    chan struct{} // Do waits until it is closed
	broken  bool          // of the connections
	summary []*singoffv1.RoomSummary
}

func (m *fakeManager) Join(key eventlog.Key, hello rules.Hello, about room.Joining) (rpc.Conn, *singoffv1.Goaway) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		return nil, m.refuse
	}
	c := &fakeConn{
		key: key, hello: hello, about: about, hold: m.hold, broken: m.broken,
		outbox: make(chan *singoffv1.Event, 1000),
		ended:  make(chan struct{}),
	}
	m.conns = append(m.conns, c)
	return c, nil
}

func (m *fakeManager) Rooms(_, after string, n int) (out []*singoffv1.RoomSummary) {
	for _, r := range m.summary {
		if r.GetRoomId() > after && len(out) < n {
			out = append(out, r)
		}
	}
	return out
}

// conn is the one connection there is.
func (m *fakeManager) conn(t *testing.T) *fakeConn {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.conns) != 1 {
		t.Fatalf("got %d connections, want 1", len(m.conns))
	}
	return m.conns[0]
}

type fakeConn struct {
	key    eventlog.Key
	hello  rules.Hello
	about  room.Joining
	hold   chan struct{}
	outbox chan *singoffv1.Event

	mu         sync.Mutex
	commands   []rules.Command
	halfClosed bool
	broken     bool // Ended panics
	lost       bool
	goaway     *singoffv1.Goaway
	ended      chan struct{}
}

func (c *fakeConn) Do(ctx context.Context, cmd rules.Command) error {
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-c.ended:
			return errors.New("ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands = append(c.commands, cmd)
	return nil
}

func (c *fakeConn) HalfClose() {
	c.mu.Lock()
	c.halfClosed = true
	c.mu.Unlock()
	c.End(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_LEFT, Final: true})
}

func (c *fakeConn) Tell(ev *singoffv1.Event) { c.outbox <- ev }

func (c *fakeConn) Beat() { c.outbox <- nil }

// fakeID is the id of every fakeConn.
const fakeID = "0123456789abcdef"

func (c *fakeConn) ID() [16]byte { return [16]byte([]byte(fakeID)) }

func (c *fakeConn) Lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isEnded() {
		c.lost = true
		close(c.ended)
	}
}

func (c *fakeConn) End(g *singoffv1.Goaway) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isEnded() {
		c.goaway = g
		close(c.ended)
	}
}

func (c *fakeConn) isEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

func (c *fakeConn) Ended() <-chan struct{} {
	if c.broken {
		panic("broken")
	}
	return c.ended
}

func (c *fakeConn) Now() time.Time { return time.Now() }

func (c *fakeConn) SendLoop(send func([][]byte) error) *singoffv1.Goaway {
	for {
		select {
		case ev := <-c.outbox:
			if send([][]byte{encode(ev)}) != nil {
				return nil
			}
		case <-c.ended:
			if c.goaway == nil || send([][]byte{encode(&singoffv1.Event{Body: &singoffv1.Event_Goaway{Goaway: c.goaway}})}) != nil {
				return nil
			}
			return c.goaway
		}
	}
}

func (c *fakeConn) taken() []rules.Command {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.commands)
}

// encode makes no event a sign of life.
func encode(ev *singoffv1.Event) []byte {
	if ev == nil {
		return nil
	}
	data, err := proto.Marshal(&singoffv1.JoinResponse{Events: []*singoffv1.Event{ev}})
	if err != nil {
		panic(err)
	}
	return data
}

// memStream is a Stream in memory.
type memStream struct {
	ctx    context.Context
	cancel context.CancelFunc
	in     chan message // closed: the input has ended
	deaf   bool         // Send never returns before the context ends
	mu     sync.Mutex
	events []*singoffv1.Event
}

type message struct {
	request *singoffv1.JoinRequest
	err     error
}

func newStream() *memStream {
	ctx, cancel := context.WithCancel(context.Background())
	return &memStream{ctx: ctx, cancel: cancel, in: make(chan message, 1000)}
}

func (s *memStream) Context() context.Context { return s.ctx }
func (s *memStream) Peer() rpc.Peer {
	return rpc.Peer{Addr: "memory", UserAgent: "test", Transport: rpc.TransportNative}
}

func (s *memStream) Receive() (*singoffv1.JoinRequest, error) {
	select {
	case m, open := <-s.in:
		if !open {
			return nil, io.EOF
		}
		return m.request, m.err
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
}

func (s *memStream) Send(parts [][]byte) error {
	if s.deaf {
		<-s.ctx.Done()
		return s.ctx.Err()
	}
	if s.ctx.Err() != nil {
		return io.ErrClosedPipe
	}
	resp := new(singoffv1.JoinResponse)
	if err := proto.Unmarshal(slices.Concat(parts...), resp); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, resp.GetEvents()...)
	return nil
}

func (s *memStream) sent() []*singoffv1.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

func (s *memStream) say(requests ...*singoffv1.JoinRequest) {
	for _, r := range requests {
		s.in <- message{request: r}
	}
}

// server is a Room over a fakeManager.
type server struct {
	*rpc.Room
	manager  *fakeManager
	registry *prometheus.Registry
}

func newServer(t *testing.T, change ...func(*rpc.Config)) *server {
	t.Helper()
	s := &server{manager: &fakeManager{}, registry: prometheus.NewPedanticRegistry()}
	cfg := rpc.Config{
		Manager: s.manager, Track: songs, Registerer: s.registry,
		Logger: zerolog.New(zerolog.NewTestWriter(t)),
	}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	if s.Room, err = rpc.NewRoom(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Wait)
	return s
}

// songs is a catalogue of one; looking up `panic` panics.
func songs(_ context.Context, id string) (*singoffv1.Track, error) {
	switch id {
	case "panic":
		panic("secret detail")
	case "song":
		return &singoffv1.Track{TrackId: id, Title: "Song"}, nil
	}
	return nil, catalog.ErrNoSuchTrack
}

// start serves the stream as a transport would, and gives a function that waits for the end.
func (s *server) start(stream *memStream) (end func() error) {
	result := make(chan error, 1)
	go func() {
		err := s.Serve(stream)
		stream.cancel()
		result <- err
	}()
	return func() error { return <-result }
}

func hello(change ...func(*singoffv1.Hello)) *singoffv1.JoinRequest {
	h := &singoffv1.Hello{RoomId: "battle", Nickname: "Mina"}
	for _, f := range change {
		f(h)
	}
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: h}}
}

func chat(number uint64, text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Number: number, Command: &singoffv1.JoinRequest_ChatMessage{
		ChatMessage: &singoffv1.ChatMessage{Text: text},
	}}
}

func ping(number uint64) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Number: number, Command: &singoffv1.JoinRequest_Ping{Ping: &singoffv1.Ping{Id: 7}}}
}

const moment = time.Millisecond
