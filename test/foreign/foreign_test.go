// Package foreign lets clients that others have written hold a battle with each other: over the websocket of grpc-web's own
// client, over fetch by connect-web, and over native gRPC by grpc-js and Python's grpcio, which never pings. They are in this folder, thin as
// they can be: each sends and prints messages as JSON lines, and knows the protocol from its description alone.
package foreign_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/test/stage"
)

// describe writes the protocol's description to a file.
func describe(t *testing.T) string {
	t.Helper()
	var set descriptorpb.FileDescriptorSet
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	add(singoffv1.File_singoff_v1_room_service_proto)
	data, err := proto.Marshal(&set)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "singoff.binpb")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// clients are by their way in.
func clients(at service.Addrs) (websocket, fetch, js, python client) {
	return client{"node", "websocket.mjs", "http://" + at.HTTP},
		client{"node", "fetch.mjs", "http://" + at.HTTP},
		client{"node", "native.mjs", at.GRPC},
		client{"/usr/bin/python3", "native.py", at.GRPC} // Debian's: another Python hasn't Debian's grpcio
}

func chat(text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}
}

func vote(singer string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Vote{Vote: &singoffv1.Vote{
		SingerMemberId: singer, Choice: singoffv1.Vote_CHOICE_UP,
	}}}
}

// quiet is longer than it takes to call a connection lost.
const quiet = 9 * time.Second

func TestForeignClientsHoldABattle(t *testing.T) {
	t.Parallel()
	at, description := stage.Serve(t), describe(t)
	websocket, fetch, js, python := clients(at)
	const singer, watcher = singoffv1.Role_ROLE_SINGER, singoffv1.Role_ROLE_WATCHER
	hello := func(nickname string, role singoffv1.Role) *singoffv1.Hello {
		return &singoffv1.Hello{RoomId: "battle", RoomTitle: "금요일 배틀", Nickname: nickname, Role: role}
	}
	mina := websocket.enter(t, description, hello("미나", singer))
	minaID := mina.welcome().GetSelf().GetMemberId()
	juno := fetch.enter(t, description, hello("Juno", singer))
	duri := js.enter(t, description, hello("두리❤️", watcher))
	py := python.enter(t, description, hello("Py", watcher))
	all := []*guest{mina, juno, duri, py}
	for _, g := range all {
		if title := g.welcome().GetRoom().GetTitle(); title != "금요일 배틀" {
			t.Errorf("%s: got the title %q", g.name, title)
		}
	}
	everybody := func(what string, right func(*singoffv1.Event) bool) {
		t.Helper()
		for _, g := range all {
			g.await(what, right)
		}
	}

	for _, g := range all {
		answer := g.ask(chat("안녕 from " + g.name))
		everybody("the line of "+g.name, func(e *singoffv1.Event) bool { return proto.Equal(e.GetChatMessage(), answer.GetChatMessage()) })
	}
	for _, g := range []*guest{juno, duri, py} {
		if answer := g.ask(vote(minaID)); answer.GetVote() == nil {
			t.Errorf("%s: voting was answered by %v", g.name, answer)
		}
	}
	everybody("three votes for 미나", func(e *singoffv1.Event) bool { return e.GetVote().GetTally().GetUpGuests() == 3 })
	for _, g := range all {
		wrong := g.ask(vote("nobody")).GetRejected()
		if wrong.GetReason() != singoffv1.Rejected_REASON_NO_SUCH_MEMBER || wrong.GetField() != "vote.singer_member_id" {
			t.Errorf("%s: a wrong vote was answered by %v", g.name, wrong)
		}
	}

	t.Run("quiet", func(t *testing.T) {
		// What is waited for is that nothing comes: no event tells the end of it.
		<-time.After(quiet)
		everybody("itself still being there", func(e *singoffv1.Event) bool { return e.GetWelcome() != nil })
		for _, g := range all {
			for _, e := range g.story() {
				if change := e.GetPresence().GetChange(); change == singoffv1.Presence_CHANGE_AWAY || change == singoffv1.Presence_CHANGE_LEFT {
					t.Errorf("%s saw %v although nobody went", g.name, e)
				}
			}
		}
	})

	key := py.welcome().GetGuestKey()
	pyID := py.welcome().GetSelf().GetMemberId()
	py.kill()
	all = []*guest{mina, juno, duri}
	everybody("Py being away", change(singoffv1.Presence_CHANGE_AWAY, pyID))
	back := hello("Py", watcher)
	back.GuestKey = key
	py = python.enter(t, description, back)
	if self := py.welcome().GetSelf(); self.GetMemberId() != pyID {
		t.Errorf("Py came back as %v, was %s", self, pyID)
	}
	everybody("Py's return", change(singoffv1.Presence_CHANGE_RETURNED, pyID))
	all = []*guest{mina, juno, duri, py}
	sameStory(t, all)

	for _, g := range []*guest{mina, duri, py} { // a half-close leaves; over fetch there is none
		if err := g.in.Close(); err != nil {
			t.Error(err)
		}
	}
	juno.send(&singoffv1.JoinRequest{Number: juno.number + 1, Command: &singoffv1.JoinRequest_Leave{Leave: &singoffv1.Leave{}}})
	for _, g := range all {
		g.await("its LEFT, or Goaway", func(e *singoffv1.Event) bool {
			return e.GetGoaway().GetReason() == singoffv1.Goaway_REASON_LEFT
		})
		if end := g.end(); end.Code != 0 {
			t.Errorf("%s ended with %+v, want OK", g.name, end)
		}
	}
}

func change(change singoffv1.Presence_Change, memberID string) func(*singoffv1.Event) bool {
	return func(e *singoffv1.Event) bool {
		p := e.GetPresence()
		return p.GetChange() == change && p.GetMember().GetMemberId() == memberID
	}
}

// sameStory compares what everybody was told: the same events under the same seq, but for answers to themselves alone.
func sameStory(t *testing.T, all []*guest) {
	t.Helper()
	var whole map[uint64]*singoffv1.Event
	for _, g := range all {
		story := g.story()
		if whole == nil {
			whole = story
			continue
		}
		for seq, e := range story {
			other, told := whole[seq]
			private := e.GetRejected() != nil || e.GetAck() != nil
			if !told || private {
				continue
			}
			e, other = proto.CloneOf(e), proto.CloneOf(other)
			e.Number, other.Number = 0, 0
			if !proto.Equal(e, other) {
				t.Errorf("%s was told %v under seq %d, another %v", g.name, e, seq, other)
			}
		}
	}
}

// A refused Hello is a Goaway, then its status, whoever asks.
func TestForeignClientsAreRefused(t *testing.T) {
	t.Parallel()
	at, description := stage.Serve(t), describe(t)
	websocket, _, js, python := clients(at)
	for _, c := range []client{websocket, js, python} {
		g := c.enter(t, description, &singoffv1.Hello{RoomId: "한글", Nickname: "Mina"})
		goaway := g.await("Goaway", func(e *singoffv1.Event) bool { return e.GetGoaway() != nil }).GetGoaway()
		if goaway.GetField() != "hello.room_id" || !goaway.GetFinal() {
			t.Errorf("%s: got %v, want a final Goaway over hello.room_id", g.name, goaway)
		}
		if end := g.end(); end.Code != 3 {
			t.Errorf("%s: ended with %+v, want INVALID_ARGUMENT", g.name, end)
		}
	}
}
