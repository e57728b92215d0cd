package rpc_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/rpc"
)

// wantEnd checks a stream's only event, a Goaway, and the status that followed.
func wantEnd(t *testing.T, stream *memStream, err error, want *singoffv1.Goaway) {
	t.Helper()
	events := stream.sent()
	if len(events) != 1 || events[0].GetGoaway() == nil {
		t.Fatalf("got events %v, want one Goaway", events)
	}
	got := events[0].GetGoaway()
	if got.GetReason() != want.GetReason() || got.GetFinal() != want.GetFinal() || got.GetField() != want.GetField() {
		t.Errorf("got %v, want reason %v, final %v, field %q", got, want.GetReason(), want.GetFinal(), want.GetField())
	}
	if !strings.Contains(got.GetMessage(), want.GetMessage()) {
		t.Errorf("got message %q, want it to contain %q", got.GetMessage(), want.GetMessage())
	}
	if code := status.Code(err); code != rpc.Code(want.GetReason()) {
		t.Errorf("got status %v, want %v", err, rpc.Code(want.GetReason()))
	}
}

func invalid(field, message string) *singoffv1.Goaway {
	return &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_INVALID_HELLO, Final: true, Field: field, Message: message}
}

func TestHelloThatIsRefusedByItsForm(t *testing.T) {
	t.Parallel()
	unauthenticated := &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_UNAUTHENTICATED, Final: true, Field: "hello.token"}
	for name, test := range map[string]struct {
		first *singoffv1.JoinRequest
		want  *singoffv1.Goaway
	}{
		"no hello":          {chat(1, "hi"), invalid("hello", "must be the first message")},
		"empty":             {&singoffv1.JoinRequest{}, invalid("hello", "must be the first message")},
		"numbered":          {&singoffv1.JoinRequest{Number: 3, Command: hello().Command}, invalid("number", "is 3")},
		"no room":           {hello(func(h *singoffv1.Hello) { h.RoomId = "" }), invalid("hello.room_id", "is missing; 1 to 64")},
		"room too long":     {hello(func(h *singoffv1.Hello) { h.RoomId = strings.Repeat("a", 65) }), invalid("hello.room_id", "has 65 bytes, the limit is 64")},
		"room with a slash": {hello(func(h *singoffv1.Hello) { h.RoomId = "a/b" }), invalid("hello.room_id", "'/'")},
		"room in Hangul":    {hello(func(h *singoffv1.Hello) { h.RoomId = "배틀" }), invalid("hello.room_id", "'배'")},
		"namespace":         {hello(func(h *singoffv1.Hello) { h.Namespace = "a b" }), invalid("hello.namespace", "' '")},
		"title too long":    {hello(func(h *singoffv1.Hello) { h.RoomTitle = strings.Repeat("금", 101) }), invalid("hello.room_title", "has 101 characters, the limit is 100")},
		"title with a bell": {hello(func(h *singoffv1.Hello) { h.RoomTitle = "a\ab" }), invalid("hello.room_title", "U+0007")},
		"role":              {hello(func(h *singoffv1.Hello) { h.Role = 9 }), invalid("hello.role", "is 9")},
		"short key":         {hello(func(h *singoffv1.Hello) { h.GuestKey = make([]byte, 15) }), invalid("hello.guest_key", "has 15 bytes, must have 16")},
		"long key":          {hello(func(h *singoffv1.Hello) { h.GuestKey = make([]byte, 17) }), invalid("hello.guest_key", "has 17 bytes, must have 16")},
		"token and key":     {hello(func(h *singoffv1.Hello) { h.Token, h.GuestKey = "t", make([]byte, 16) }), invalid("hello.guest_key", "excludes a token")},
		"token":             {hello(func(h *singoffv1.Hello) { h.Token = "t" }), unauthenticated},
		"instance":          {hello(func(h *singoffv1.Hello) { h.Instance = strings.Repeat("i", 65) }), invalid("hello.instance", "the limit is 64")},
		"client":            {hello(func(h *singoffv1.Hello) { h.Client = strings.Repeat("c", 65) }), invalid("hello.client", "the limit is 64")},
		"client newline":    {hello(func(h *singoffv1.Hello) { h.Client = "a\nb" }), invalid("hello.client", "U+000A")},
		"ping too often":    {hello(promise(999 * time.Millisecond)), invalid("hello.ping_interval", "must be 1s to 10s")},
		"ping too rare":     {hello(promise(10*time.Second + 1)), invalid("hello.ping_interval", "must be 1s to 10s")},
		"ping never":        {hello(promise(0)), invalid("hello.ping_interval", "must be 1s to 10s")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, stream := newServer(t), newStream()
			stream.say(test.first)
			err := s.start(stream)()
			wantEnd(t, stream, err, test.want)
			if len(s.manager.conns) != 0 {
				t.Errorf("got %v, want nothing handed to the room", s.manager.conns)
			}
		})
	}
}

func promise(d time.Duration) func(*singoffv1.Hello) {
	return func(h *singoffv1.Hello) { h.PingInterval = durationpb.New(d) }
}

func TestHelloThatTheManagerRefuses(t *testing.T) {
	t.Parallel()
	s, stream := newServer(t), newStream()
	s.manager.refuse = &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_DRAINING, RetryAfter: durationpb.New(time.Second), Message: "shuts down"}
	stream.say(hello())
	err := s.start(stream)()
	wantEnd(t, stream, err, s.manager.refuse)
}

func TestHelloThatNeverComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, stream := newServer(t), newStream()
		began := time.Now()
		err := s.start(stream)()
		wantEnd(t, stream, err, &singoffv1.Goaway{
			Reason: singoffv1.Goaway_REASON_HELLO_TIMEOUT, Field: "hello", Message: "within 5s",
		})
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("got the end after %v, want 5s", took)
		}
	})
}

func TestInputThatEndsBeforeHello(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want *singoffv1.Goaway
	}{
		"end":       {io.EOF, invalid("hello", "ended without one")},
		"too large": {rpc.ErrTooLarge, &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_PROTOCOL_ERROR, Final: true, Message: "message too large"}},
		"malformed": {rpc.ErrMalformed, &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_PROTOCOL_ERROR, Final: true, Message: "UTF-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, stream := newServer(t), newStream()
				stream.in <- message{err: test.err}
				err := s.start(stream)()
				wantEnd(t, stream, err, test.want)
			})
		})
	}
}

func TestConnectionThatBreaksBeforeHello(t *testing.T) {
	t.Parallel()
	s, stream := newServer(t), newStream()
	end := s.start(stream)
	stream.in <- message{err: errors.New("reset by peer")}
	if err := end(); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
	if events := stream.sent(); len(events) != 0 {
		t.Errorf("got %v, want nothing said", events)
	}
}

func TestHelloIsHandedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, stream := newServer(t), newStream()
		key := []byte("0123456789abcdef")
		stream.say(hello(func(h *singoffv1.Hello) {
			h.Namespace, h.RoomTitle, h.Role = "club", "금요일 배틀", singoffv1.Role_ROLE_SINGER
			h.GuestKey, h.Instance, h.Attempt, h.Client = key, "page-1", 4, "test/1"
			h.Resume = &singoffv1.Resume{Epoch: 5, LastSeq: 6}
		}))
		end := s.start(stream)
		synctest.Wait()
		conn := s.manager.conn(t)
		want := rules.Hello{
			User: rules.Guest(key), Instance: rules.InstanceOf("page-1"), Attempt: 4,
			Role: singoffv1.Role_ROLE_SINGER, Nickname: "Mina", Title: "금요일 배틀",
		}
		if conn.hello != want {
			t.Errorf("got %+v, want %+v", conn.hello, want)
		}
		if got := conn.key.String(); got != "club/battle" {
			t.Errorf("got room %q, want club/battle", got)
		}
		about := conn.about
		if about.GuestKey != nil || about.Instance != "page-1" || about.Client != "test/1" || about.RemoteAddr != "memory" ||
			!proto.Equal(about.Resume, &singoffv1.Resume{Epoch: 5, LastSeq: 6}) {
			t.Errorf("got %+v", about)
		}
		stream.cancel()
		end()
	})
}

func TestHelloTypedByHandGetsKeyAndInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, stream := newServer(t), newStream()
		stream.say(hello())
		end := s.start(stream)
		synctest.Wait()
		conn := s.manager.conn(t)
		if got := conn.key.String(); got != "default/battle" {
			t.Errorf("got room %q, want default/battle", got)
		}
		if len(conn.about.GuestKey) != 16 || conn.hello.User != rules.Guest(conn.about.GuestKey) {
			t.Errorf("got key %x and user %x, want the user of a key of 16 bytes", conn.about.GuestKey, conn.hello.User)
		}
		if conn.about.Instance == "" || conn.hello.Instance != rules.InstanceOf(conn.about.Instance) || !conn.hello.TakeOver {
			t.Errorf("got instance %q, take over %v, want one that was made, and it takes over", conn.about.Instance, conn.hello.TakeOver)
		}
		stream.cancel()
		end()
	})
}
