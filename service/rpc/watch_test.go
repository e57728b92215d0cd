package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
)

// watching opens a Watch and waits until the room has the connection: a Send of a Ping is answered.
func watching(t *testing.T, conn *grpc.ClientConn, change ...func(*singoffv1.Hello)) (singoffv1.RoomServiceClient, grpc.ServerStreamingClient[singoffv1.WatchResponse], context.CancelFunc) {
	t.Helper()
	client := singoffv1.NewRoomServiceClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	stream, err := client.Watch(ctx, &singoffv1.WatchRequest{Hello: hello(change...).GetHello()})
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, err := client.Send(ctx, sending(1, ping(0)))
		if err == nil {
			break
		}
		if status.Code(err) != codes.NotFound {
			t.Fatal(err)
		}
	}
	if resp := nextEvents(t, stream); resp[0].GetPong() == nil {
		t.Fatalf("got %v, want a Pong", resp)
	}
	return client, stream, cancel
}

func sending(send uint64, commands ...*singoffv1.JoinRequest) *singoffv1.SendRequest {
	return &singoffv1.SendRequest{ConnectionId: []byte(fakeID), Send: send, Commands: commands}
}

// nextEvents skips signs of life.
func nextEvents(t *testing.T, stream grpc.ServerStreamingClient[singoffv1.WatchResponse]) []*singoffv1.Event {
	t.Helper()
	for {
		resp, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.GetEvents()) > 0 {
			return resp.GetEvents()
		}
	}
}

func TestWatchAndSend(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	conn, _ := overGRPC(t, s)
	client, stream, _ := watching(t, conn)
	answer, err := client.Send(t.Context(), sending(2, chat(1, "안녕"), ping(0), chat(2, "하나")))
	if err != nil || answer.GetTaken() != 3 || answer.GetNextNumber() != 3 {
		t.Fatalf("got %v, %v, want 3 taken and next number 3", answer, err)
	}
	if resp := nextEvents(t, stream); resp[0].GetPong() == nil {
		t.Fatalf("got %v, want a Pong", resp)
	}
	again, err := client.Send(t.Context(), sending(2, chat(3, "twice?")))
	if err != nil || again.GetTaken() != 3 || again.GetNextNumber() != 3 {
		t.Errorf("repeated: got %v, %v, want the answer of before", again, err)
	}
	older, err := client.Send(t.Context(), sending(1, chat(3, "twice?")))
	if err != nil || older.GetNextNumber() != 3 {
		t.Errorf("an older one: got %v, %v, want the answer of before", older, err)
	}
	if _, err := client.Send(t.Context(), sending(4, chat(3, "out of step"))); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("a gap: got %v, want FAILED_PRECONDITION", err)
	}
	s.manager.conn(t).End(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_SLOW_CONSUMER})
	if resp := nextEvents(t, stream); resp[0].GetGoaway().GetReason() != singoffv1.Goaway_REASON_SLOW_CONSUMER {
		t.Errorf("got %v, want the Goaway", resp)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Aborted {
		t.Errorf("got %v, want ABORTED", err)
	}
	var texts []string
	for _, command := range s.manager.conn(t).taken() {
		texts = append(texts, command.Body.(*singoffv1.ChatMessage).GetText())
	}
	if got := strings.Join(texts, " "); got != "안녕 하나" {
		t.Errorf("the room was handed %q, want %q", got, "안녕 하나")
	}
	if _, err := client.Send(t.Context(), sending(3)); status.Code(err) != codes.NotFound {
		t.Errorf("after the end: got %v, want NOT_FOUND", err)
	}
}

// A connection over fetch that is given up must not be a Leave: there is no half-close in it.
func TestWatchGivenUpIsLost(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	conn, _ := overGRPC(t, s)
	_, _, giveUp := watching(t, conn)
	giveUp()
	c := s.manager.conn(t)
	<-c.ended
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.lost || c.halfClosed || c.goaway != nil {
		t.Errorf("got lost %v, half-closed %v, %v, want lost alone", c.lost, c.halfClosed, c.goaway)
	}
}

func TestWatchSaysThatItLives(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(cfg *rpc.Config) { cfg.BeatInterval = time.Millisecond })
	conn, _ := overGRPC(t, s)
	_, stream, _ := watching(t, conn)
	for range 3 {
		if resp, err := stream.Recv(); err != nil || len(resp.GetEvents()) != 0 {
			t.Fatalf("got %v, %v, want a sign of life", resp, err)
		}
	}
}

func TestWatchRefusesABadHello(t *testing.T) {
	t.Parallel()
	conn, _ := overGRPC(t, newServer(t))
	for name, c := range map[string]struct {
		request *singoffv1.WatchRequest
		field   string
	}{
		"none":    {&singoffv1.WatchRequest{}, "hello"},
		"no room": {&singoffv1.WatchRequest{Hello: &singoffv1.Hello{Nickname: "Mina"}}, "hello.room_id"},
		"promise": {&singoffv1.WatchRequest{Hello: &singoffv1.Hello{RoomId: "r", PingInterval: durationpb.New(time.Minute)}}, "hello.ping_interval"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream, err := singoffv1.NewRoomServiceClient(conn).Watch(t.Context(), c.request)
			if err != nil {
				t.Fatal(err)
			}
			if goaway := nextEvents(t, stream)[0].GetGoaway(); goaway.GetField() != c.field || !goaway.GetFinal() {
				t.Errorf("got %v, want a final Goaway over %s", goaway, c.field)
			}
			if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
				t.Errorf("got %v, want INVALID_ARGUMENT", err)
			}
		})
	}
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	conn, _ := overGRPC(t, newServer(t))
	client, _, _ := watching(t, conn)
	many := make([]*singoffv1.JoinRequest, 65)
	for i := range many {
		many[i] = ping(0)
	}
	for name, c := range map[string]struct {
		request *singoffv1.SendRequest
		code    codes.Code
		says    string
	}{
		"no id":          {&singoffv1.SendRequest{Send: 2}, codes.InvalidArgument, "connection_id: has 0 bytes, must have 16"},
		"unknown id":     {&singoffv1.SendRequest{ConnectionId: []byte("fedcba9876543210"), Send: 2}, codes.NotFound, "connection_id"},
		"no send":        {&singoffv1.SendRequest{ConnectionId: []byte(fakeID)}, codes.InvalidArgument, "send: is 0"},
		"too many":       {sending(2, many...), codes.InvalidArgument, "commands: are 65, at most 64"},
		"one too large":  {sending(2, ping(0), chat(1, strings.Repeat("x", 17<<10))), codes.InvalidArgument, "commands[1]: has 17"},
		"one in advance": {sending(3), codes.FailedPrecondition, "send: is 3, the next of this connection is 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client.Send(t.Context(), c.request)
			if status.Code(err) != c.code || !strings.Contains(status.Convert(err).Message(), c.says) {
				t.Errorf("got %v, want %v saying %q", err, c.code, c.says)
			}
		})
	}
}

// A room that answers slowly makes Send take less, and what it took isn't handed in twice when the rest comes again.
func TestSendTakesLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.manager.hold = make(chan struct{})
		ctx := watchingInMemory(t, s)
		answer, err := s.Send(ctx, sending(1, chat(1, "1"), chat(2, "2"), chat(3, "3")))
		if err != nil || answer.GetTaken() != 1 || answer.GetNextNumber() != 2 {
			t.Fatalf("got %v, %v, want 1 taken and next number 2", answer, err)
		}
		close(s.manager.hold)
		answer, err = s.Send(ctx, sending(2, chat(2, "2"), chat(3, "3")))
		if err != nil || answer.GetTaken() != 2 || answer.GetNextNumber() != 4 {
			t.Fatalf("got %v, %v, want 2 taken and next number 4", answer, err)
		}
		synctest.Wait()
		var numbers []uint64
		for _, command := range s.manager.conn(t).taken() {
			numbers = append(numbers, command.Number)
		}
		if len(numbers) != 3 || numbers[0] != 1 || numbers[1] != 2 || numbers[2] != 3 {
			t.Errorf("the room was handed %v, want 1 2 3", numbers)
		}
	})
}

// Nothing but time tells when the first one is under way; in a bubble that is known.
func TestOneSendAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.manager.hold = make(chan struct{})
		ctx := watchingInMemory(t, s)
		first := make(chan error, 1)
		go func() {
			_, err := s.Send(ctx, sending(1, chat(1, "1"), chat(2, "2")))
			first <- err
		}()
		synctest.Wait()
		if _, err := s.Send(ctx, sending(2)); status.Code(err) != codes.Aborted {
			t.Errorf("beside the first one: got %v, want ABORTED", err)
		}
		close(s.manager.hold)
		if err := <-first; err != nil {
			t.Errorf("the first one: %v", err)
		}
		if _, err := s.Send(ctx, sending(2)); err != nil {
			t.Errorf("after the first one: %v", err)
		}
	})
}

// memWatch is the stream of a Watch in memory, whose client takes everything.
type memWatch struct {
	grpc.ServerStream
	ctx context.Context
}

func (w memWatch) Context() context.Context            { return w.ctx }
func (w memWatch) SendMsg(any) error                   { return w.ctx.Err() }
func (w memWatch) Send(*singoffv1.WatchResponse) error { return w.ctx.Err() }

// watchingInMemory opens a Watch in a bubble, until the test ends.
func watchingInMemory(t *testing.T, s *server) context.Context {
	t.Helper()
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(&singoffv1.WatchRequest{Hello: hello().GetHello()}, memWatch{ctx: ctx}) }()
	t.Cleanup(func() {
		giveUp()
		if err := <-ended; status.Code(err) != codes.Canceled {
			t.Errorf("the Watch ended with %v, want CANCELED", err)
		}
	})
	synctest.Wait()
	return ctx
}

// What carries gRPC calls inside something else knows better who is at the other end.
func TestPeerOf(t *testing.T) {
	t.Parallel()
	want := rpc.Peer{Addr: "203.0.113.7", UserAgent: "Phone", Transport: rpc.TransportFetch}
	if got := rpc.PeerOf(rpc.WithPeer(t.Context(), want)); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	s := newServer(t)
	conn, _ := overGRPC(t, s)
	stream := open(t, conn)
	defer func() {
		if err := stream.CloseSend(); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	about := s.manager.conn(t).about
	if !strings.HasPrefix(about.UserAgent, "grpc-go/") || about.Transport != rpc.TransportNative {
		t.Errorf("got %q over %q, want grpc-go over native", about.UserAgent, about.Transport)
	}
}
