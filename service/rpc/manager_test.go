package rpc_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/rpc"
)

// realServer is a Room over real rooms, in a synctest bubble.
func realServer(t *testing.T, change ...func(*rpc.Config)) (*server, *room.Manager) {
	t.Helper()
	s := &server{registry: prometheus.NewPedanticRegistry()}
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	manager, err := room.NewManager(log, room.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Wait()
		manager.Close()
		log.Close()
	})
	cfg := rpc.Config{Manager: rpc.Rooms(manager), Track: songs, Registerer: s.registry}
	for _, f := range change {
		f(&cfg)
	}
	s.Room, err = rpc.NewRoom(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s, manager
}

// enter joins a real room and waits for the Welcome.
func enter(t *testing.T, s *server, change ...func(*singoffv1.Hello)) (*memStream, func() error) {
	t.Helper()
	stream := newStream()
	t.Cleanup(stream.cancel)
	stream.say(hello(change...))
	end := s.start(stream)
	synctest.Wait()
	if events := stream.sent(); len(events) != 1 || events[0].GetWelcome() == nil {
		t.Fatalf("got %v, want a Welcome", events)
	}
	return stream, end
}

// after is what a stream has got since the first n events.
func after(stream *memStream, n int) []*singoffv1.Event {
	synctest.Wait()
	return stream.sent()[n:]
}

func named(nickname string) func(*singoffv1.Hello) {
	return func(h *singoffv1.Hello) { h.Nickname = nickname }
}

func TestRealRoomAnswersInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t)
		stream, end := enter(t, s)
		stream.say(chat(1, "하나"), ping(0), chat(2, "둘"), chat(2, "둘"), ping(9), chat(3, ""), chat(0, "셋"))
		got := after(stream, 1)
		if len(got) != 7 {
			t.Fatalf("got %d events %v, want 7", len(got), got)
		}
		pongs := 0
		numbers := map[uint64]*singoffv1.Event{}
		for _, ev := range got {
			switch {
			case ev.GetPong() != nil:
				pongs++
			case ev.GetRejected().GetReason() == singoffv1.Rejected_REASON_NOT_TAKEN:
				if ev.GetRejected().GetNextNumber() != 3 {
					t.Errorf("got %v, want 3 to be the next number", ev)
				}
			case !ev.GetAck().GetRepeated():
				numbers[ev.GetNumber()] = ev
			}
		}
		if pongs != 1 || numbers[1].GetChatMessage().GetText() != "하나" || numbers[2].GetChatMessage().GetText() != "둘" ||
			numbers[3].GetRejected().GetField() != "chat_message.text" || numbers[0].GetChatMessage().GetText() != "셋" {
			t.Errorf("got %v, want a Pong, 하나, 둘, a refusal of the empty text as 3, and 셋", got)
		}
		stream.cancel()
		end()
	})
}

func TestRealRoomLetsGo(t *testing.T) {
	t.Parallel()
	leave := &singoffv1.JoinRequest{Number: 1, Command: &singoffv1.JoinRequest_Leave{Leave: &singoffv1.Leave{}}}
	for name, test := range map[string]struct {
		act    func(*memStream)
		change singoffv1.Presence_Change
		code   codes.Code
	}{
		"leave":      {func(s *memStream) { s.say(leave) }, singoffv1.Presence_CHANGE_LEFT, codes.OK},
		"half-close": {func(s *memStream) { close(s.in) }, singoffv1.Presence_CHANGE_LEFT, codes.OK},
		"broken":     {func(s *memStream) { s.cancel() }, singoffv1.Presence_CHANGE_AWAY, codes.Canceled},
		"malformed":  {func(s *memStream) { s.in <- message{err: rpc.ErrMalformed} }, singoffv1.Presence_CHANGE_AWAY, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, _ := realServer(t)
				mate, endMate := enter(t, s, named("Jun"))
				stream, end := enter(t, s)
				before := len(mate.sent())
				test.act(stream)
				if err := end(); status.Code(err) != test.code {
					t.Errorf("got %v, want %v", err, test.code)
				}
				seen := after(mate, before)
				if len(seen) == 0 || seen[0].GetPresence().GetChange() != test.change {
					t.Errorf("got %v, want %v", seen, test.change)
				}
				mate.cancel()
				endMate()
			})
		})
	}
}

func TestRealRoomIsTakenOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t)
		as := func(instance string) func(*singoffv1.Hello) {
			return func(h *singoffv1.Hello) {
				h.GuestKey, h.Instance, h.Attempt, h.TakeOver = []byte("0123456789abcdef"), instance, 1, true
			}
		}
		first, endFirst := enter(t, s, as("one"))
		second, endSecond := enter(t, s, as("two"))
		if err := endFirst(); status.Code(err) != codes.Aborted {
			t.Errorf("got %v, want ABORTED", err)
		}
		events := first.sent()
		if got := events[len(events)-1].GetGoaway(); got.GetReason() != singoffv1.Goaway_REASON_TAKEN_OVER || !got.GetFinal() {
			t.Errorf("got %v, want TAKEN_OVER, final", got)
		}
		second.cancel()
		endSecond()
	})
}

func TestRealRoomsAreListedAndDrained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, manager := realServer(t)
		_, end := enter(t, s)
		list, err := s.ListRooms(t.Context(), &singoffv1.ListRoomsRequest{})
		if err != nil || len(list.GetRooms()) != 1 || list.GetRooms()[0].GetRoomId() != "battle" {
			t.Errorf("got %v, %v, want the battle", list, err)
		}
		if err := manager.Drain(t.Context(), 5*time.Second); err != nil {
			t.Errorf("got %v, want all connections ended", err)
		}
		if err := end(); status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want UNAVAILABLE", err)
		}
		late := newStream()
		late.say(hello())
		lateEnd := s.start(late)
		wantEnd(t, late, lateEnd(), &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_DRAINING})
	})
}
