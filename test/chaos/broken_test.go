package chaos

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/test/stage"
)

// A connection that breaks while a hundred commands wait must never be taken for a Leave: with the usual websocket bridge it was, in a quarter
// of cases. Two hundred breaks a way.
func TestBrokenConnectionIsNeverALeave(t *testing.T) {
	t.Parallel()
	const people, breaks, waiting = 8, 25, 100
	addrs := stage.Serve(t, func(cfg *service.Config) { cfg.Rules.Watchers = people })
	for _, way := range stage.Ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			room := marker + "broken-" + string(way)
			seen := watchFor(t, addrs, room, people)
			var all sync.WaitGroup
			for i := range people {
				all.Go(func() {
					hello := &singoffv1.Hello{
						RoomId: room, Nickname: fmt.Sprint("p", i), GuestKey: make([]byte, 16), Instance: fmt.Sprint("page ", i),
					}
					rand.Read(hello.GuestKey)
					var number uint64
					for n := range breaks {
						hello.Attempt = uint64(n + 1)
						number = breakOnce(t, addrs, way, hello, waiting, number)
					}
				})
			}
			all.Wait()
			away, left := seen()
			if left != nil {
				t.Errorf("somebody left, who was cut off: %v", left)
			}
			// Who is back before the loss was noticed was never AWAY; at the end all are.
			if breaks := people * breaks; away < people || away > breaks {
				t.Errorf("saw AWAY %d times after %d breaks of %d people", away, breaks, people)
			}
		})
	}
}

// breakOnce joins, sends commands without waiting for an answer, and cuts the connection. The number of the last one is given back.
func breakOnce(t *testing.T, addrs service.Addrs, way transport.Kind, hello *singoffv1.Hello, waiting int, number uint64) uint64 {
	t.Helper()
	n := newNetwork(t, stage.Target(addrs, way))
	defer n.close()
	carrier, err := stage.Carry(n.address(), way)
	if err != nil {
		t.Error(err)
		return number
	}
	defer carrier.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := carrier.Join(ctx)
	if err == nil {
		err = stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}})
	}
	if err != nil {
		t.Errorf("%s: %v", hello.GetNickname(), err)
		return number
	}
	number = welcomed(t, stream, hello.GetNickname())
	for range waiting {
		number++
		chat := &singoffv1.ChatMessage{Text: fmt.Sprint(hello.GetNickname(), " says ", number)}
		if err := stream.Send(&singoffv1.JoinRequest{Number: number, Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: chat}}); err != nil {
			t.Errorf("%s: %v", hello.GetNickname(), err)
			return number
		}
	}
	n.cut()
	for err == nil {
		_, err = stream.Recv()
	}
	if errors.Is(err, io.EOF) {
		t.Errorf("%s: a cut connection ended with OK", hello.GetNickname())
	}
	return number
}

func welcomed(t *testing.T, stream transport.Stream, who string) uint64 {
	t.Helper()
	for {
		response, err := stream.Recv()
		if err != nil {
			t.Errorf("%s: %v instead of Welcome", who, err)
			return 0
		}
		for _, event := range response.GetEvents() {
			if welcome := event.GetWelcome(); welcome != nil {
				return welcome.GetLastNumber()
			}
		}
	}
}

// watchFor is somebody in the room who sees everything. The function it gives tells how often a member was AWAY, and who LEFT, up to
// the moment when all are away.
func watchFor(t *testing.T, addrs service.Addrs, room string, people uint32) func() (away int, left *singoffv1.Event) {
	t.Helper()
	client, err := singoff.Dial(addrs.GRPC)
	if err != nil {
		t.Fatal(err)
	}
	seat, err := client.Join(t.Context(), singoff.JoinOptions{RoomID: room, Nickname: "seer", Role: singoffv1.Role_ROLE_SINGER})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	self := seat.Self().GetMemberId()
	type seen struct {
		away int
		left *singoffv1.Event
	}
	result := make(chan seen, 1)
	const last = "that was all"
	go func() {
		var s seen
		for event, err := range seat.Events() {
			switch {
			case err != nil || event == nil:
				t.Errorf("the seer was cut off: %v", err)
			case event.GetPresence().GetMember().GetMemberId() == self: // a busy machine may lose the seer, too
			case event.GetPresence().GetChange() == singoffv1.Presence_CHANGE_AWAY:
				s.away++
			case event.GetPresence().GetChange() == singoffv1.Presence_CHANGE_LEFT:
				s.left = event
			}
			if event.GetChatMessage().GetText() == last {
				break
			}
		}
		result <- s
	}()
	return func() (int, *singoffv1.Event) {
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		for giveUp := time.After(patience); seat.State().Room.GetCounts().GetAway() < people; {
			select {
			case <-look.C:
			case <-giveUp:
				rooms, err := client.ListRooms(t.Context(), 0, "")
				t.Fatalf("got %v, want %d away; the seer is %+v, the rooms are %v, %v", seat.State().Room, people, seat.Connection(), rooms, err)
			}
		}
		if _, err := seat.Say(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		s := <-result
		return s.away, s.left
	}
}
