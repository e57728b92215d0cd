package singoff_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// fakeServer is a server in memory, so that time can be the test's: each Join is played by serve.
type fakeServer struct {
	serve func(*fakeStream) error // what it returns ends the stream; nil: status OK

	streams    sync.WaitGroup
	mu         sync.Mutex // protects what follows
	joins      []time.Time
	distrusted int
}

// fakeStream is both ends of a stream. What the server sends waits in down until it is read, as many messages as fit.
type fakeStream struct {
	ctx    context.Context
	server *fakeServer
	try    int // from 1
	hello  *singoffv1.Hello
	way    transport.Way
	up     chan *singoffv1.JoinRequest
	down   chan *singoffv1.JoinResponse
	ended  chan struct{} // closed after err is set
	err    error
}

func (f *fakeServer) Join(ctx context.Context) (transport.Stream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joins = append(f.joins, time.Now())
	s := &fakeStream{
		ctx: ctx, server: f, try: len(f.joins), up: make(chan *singoffv1.JoinRequest, 1000), down: make(chan *singoffv1.JoinResponse, 4),
		ended: make(chan struct{}),
	}
	f.streams.Go(s.serveLoop)
	return s, nil
}

func (s *fakeStream) serveLoop() {
	defer close(s.ended)
	request := s.next()
	if request == nil {
		s.err = status.FromContextError(s.ctx.Err()).Err()
		return
	}
	s.hello = request.GetHello()
	s.err = s.server.serve(s)
	if s.err == nil {
		s.err = io.EOF
	}
}

func (f *fakeServer) Unary(context.Context, string, proto.Message, proto.Message) error {
	return status.Error(codes.Unimplemented, "streams only")
}

// Close waits for what serve does, so that a test may read what it wrote.
func (f *fakeServer) Close() error {
	f.streams.Wait()
	return nil
}

func (f *fakeServer) tries() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.joins...)
}

// The client's end.

func (s *fakeStream) Send(m *singoffv1.JoinRequest) error {
	select {
	case s.up <- m:
		return nil
	case <-s.ctx.Done():
	case <-s.ended:
	}
	return io.EOF
}

func (s *fakeStream) Recv() (*singoffv1.JoinResponse, error) {
	select {
	case m := <-s.down:
		return m, nil
	default:
	}
	select {
	case m := <-s.down:
		return m, nil
	case <-s.ctx.Done():
		return nil, status.FromContextError(s.ctx.Err()).Err()
	case <-s.ended:
	}
	select {
	case m := <-s.down:
		return m, nil
	default:
		return nil, s.err
	}
}

func (s *fakeStream) Distrust() {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.distrusted++
}

func (s *fakeStream) Way() transport.Way { return s.way }

// The server's end.

// next is the client's next message; nil: the stream is over.
func (s *fakeStream) next() *singoffv1.JoinRequest {
	select {
	case m := <-s.up:
		return m
	case <-s.ctx.Done():
		return nil
	}
}

// command is the client's next message but a Ping, which is answered.
func (s *fakeStream) command() *singoffv1.JoinRequest {
	for {
		m := s.next()
		ping := m.GetPing()
		if ping == nil {
			return m
		}
		now := timestamppb.Now()
		s.tell(&singoffv1.Event{Body: &singoffv1.Event_Pong{Pong: &singoffv1.Pong{
			ClientTime: ping.GetClientTime(), Id: ping.GetId(), ReceivedTime: now, SentTime: now}}})
	}
}

// tell sends events in one message; false: the stream is over.
func (s *fakeStream) tell(events ...*singoffv1.Event) bool {
	select {
	case s.down <- &singoffv1.JoinResponse{Events: events}:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// stay answers Pings until the client goes.
func (s *fakeStream) stay() error {
	for s.command() != nil {
	}
	return errors.New("gone")
}

// greet says Welcome to a member who joined at seq 1. Nothing has happened since seq 10, or what the client has seen.
func (s *fakeStream) greet(change ...func(*singoffv1.Welcome)) {
	self := &singoffv1.Member{MemberId: "m1", Nickname: s.hello.GetNickname(), Role: s.hello.GetRole()}
	w := &singoffv1.Welcome{
		Self: self, Instance: s.hello.GetInstance(), InstanceKnown: s.try > 1, MemberSince: &singoffv1.Since{Epoch: 7, Seq: 1},
		Epoch: 7, SnapshotSeq: max(10, s.hello.GetResume().GetLastSeq()), Room: &singoffv1.RoomState{Members: []*singoffv1.Member{self}},
		Recovery: &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_NEW}, ServerTime: timestamppb.Now(),
	}
	if s.hello.GetResume() != nil {
		w.Recovery.Kind = singoffv1.Recovery_KIND_RESUMED
	}
	for _, c := range change {
		c(w)
	}
	s.tell(&singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: w}})
}

func goaway(g *singoffv1.Goaway) *singoffv1.Event {
	return &singoffv1.Event{Body: &singoffv1.Event_Goaway{Goaway: g}}
}

func retryAfter(d time.Duration) *singoffv1.Event {
	return goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_DRAINING, RetryAfter: durationpb.New(d)})
}

func said(seq, number uint64, text string) *singoffv1.Event {
	body := &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}
	return &singoffv1.Event{Seq: seq, Number: number, MemberId: "m1", Body: body}
}

// dialFake gives a client whose server is played by serve; it is closed with the test.
func dialFake(t *testing.T, serve func(*fakeStream) error) (*singoff.Client, *fakeServer) {
	t.Helper()
	server := &fakeServer{serve: serve}
	client, err := singoff.Dial("fake", singoff.WithCustomTransport(server))
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return client, server
}

func mustJoin(t *testing.T, client *singoff.Client, change ...func(*singoff.JoinOptions)) *singoff.Room {
	t.Helper()
	options := singoff.JoinOptions{RoomID: "friday", Nickname: "Mina"}
	for _, c := range change {
		c(&options)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	room, err := client.Join(ctx, options)
	if err != nil {
		t.Fatalf("Join: %v", err)
	}
	return room
}
