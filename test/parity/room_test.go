package parity

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// A whisper is heard by two, and by nobody else, not even later.
func TestDirect(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun, hana := h.enter("Mina", singer), h.enter("Jun", singer), h.enter("Hana", watcher)
		mina.must(mina.Whisper(h.Context(), jun.id(), "비밀"))
		jun.must(jun.Whisper(h.Context(), mina.id(), "알았어"))
		late := h.enter("Late", watcher)
		h.caughtUp(mina, jun, hana, late)
		for _, g := range []*guest{mina, jun} {
			if got := texts(g.heard()); !slices.Equal(got[:2], []string{"비밀", "알았어"}) {
				h.Errorf("%s heard %v", g.name, got)
			}
		}
		for _, g := range []*guest{hana, late} {
			if got := texts(g.heard()); len(got) != 1 {
				h.Errorf("%s heard %v, want the last line alone", g.name, got)
			}
			if len(g.State().Chat) != 1 {
				h.Errorf("%s has the chat %v, want the last line alone", g.name, g.State().Chat)
			}
		}
	})
}

// What is said to all is heard by all who are in the room, a big screen too, and by each once.
func TestBroadcast(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun := h.enter("Mina", singer), h.enter("Jun", watcher)
		screen := h.join(h.dial(), singoff.JoinOptions{RoomID: battle, Role: observer})
		for i := range 20 {
			mina.says(fmt.Sprint(i))
		}
		h.caughtUp(jun, mina, screen)
		for _, g := range []*guest{mina, jun, screen} {
			if got := texts(g.heard()); len(got) != 21 {
				h.Errorf("%s heard %d lines, want 21", g.name, len(got))
			}
		}
	})
}

// The prototype sent some events twice. Here each has a seq of its own, and comes once.
func TestNothingTwice(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun := h.enter("Mina", singer), h.enter("Jun", watcher)
		for i := range 10 {
			mina.says(fmt.Sprint(i))
			jun.must(jun.Vote(h.Context(), mina.id(), singoffv1.Vote_Choice(1+i%3)))
		}
		h.caughtUp(jun, mina)
		for _, g := range []*guest{mina, jun} {
			seen := map[uint64]bool{}
			for _, e := range g.heard() {
				if seq := e.GetSeq(); seq != 0 && seen[seq] {
					h.Errorf("%s: seq %d came twice: %v", g.name, seq, e)
				} else {
					seen[seq] = true
				}
			}
		}
	})
}

// The prototype's rooms were one, because of a literal key: chat, presence and votes reached everybody everywhere.
func TestRooms(t *testing.T) {
	overEachWay(t, func(h *house) {
		at := func(room, name string) *guest {
			return h.join(h.dial(), singoff.JoinOptions{RoomID: room, Nickname: name, Role: singer})
		}
		mina, jun := at("a", "Mina"), at("b", "Jun")
		hana := at("a", "Hana")
		mina.says("only a")
		jun.says("only b")
		mina.must(mina.Vote(h.Context(), hana.id(), singoffv1.Vote_CHOICE_UP))
		h.caughtUp(mina, hana)
		h.caughtUp(jun)
		if got := texts(jun.heard()); !slices.Equal(got, []string{"only b", "that was all"}) {
			h.Errorf("b heard %v", got)
		}
		if got := texts(hana.heard()); !slices.Equal(got, []string{"only a", "that was all"}) {
			h.Errorf("a heard %v", got)
		}
		for _, e := range jun.heard() {
			if e.GetVote() != nil || e.GetPresence().GetMember().GetNickname() == "Hana" {
				h.Errorf("b was told of a: %v", e)
			}
		}
		if a, b := len(mina.State().Room.GetMembers()), len(jun.State().Room.GetMembers()); a != 2 || b != 1 {
			h.Errorf("got %d members in a and %d in b, want 2 and 1", a, b)
		}
	})
}

// Rooms of the same id in two namespaces never see each other.
func TestNamespaces(t *testing.T) {
	overEachWay(t, func(h *house) {
		options := singoff.JoinOptions{RoomID: battle, Nickname: "Mina", Role: singer}
		seoul := h.join(h.dial(singoff.WithNamespace("seoul")), options)
		busan := h.join(h.dial(singoff.WithNamespace("busan")), options)
		seoul.says("서울")
		busan.says("부산")
		said, err := h.admin.Announce(h.Context(), &singoffv1.AnnounceRequest{
			Text: "서울에만", To: &singoffv1.AnnounceRequest_Namespace{Namespace: "seoul"},
		})
		if err != nil || said.GetRooms() != 1 {
			h.Fatalf("Announce: got %v, %v, want one room", said, err)
		}
		seoul.await("the announcement", announced("서울에만"))
		h.caughtUp(busan)
		if got := texts(busan.heard()); !slices.Equal(got, []string{"부산", "that was all"}) {
			h.Errorf("busan heard %v", got)
		}
		if slices.ContainsFunc(busan.heard(), announced("서울에만")) {
			h.Error("busan was told what was announced to seoul")
		}
	})
}

func announced(text string) func(*singoffv1.Event) bool {
	return func(e *singoffv1.Event) bool { return e.GetAnnouncement().GetText() == text }
}

// The operator says something to one room, or to all.
func TestAnnouncement(t *testing.T) {
	overEachWay(t, func(h *house) {
		at := func(room string) *guest {
			return h.join(h.dial(), singoff.JoinOptions{RoomID: room, Nickname: "Mina", Role: singer})
		}
		a, b := at("a"), at("b")
		say := func(request *singoffv1.AnnounceRequest, rooms int32) {
			said, err := h.admin.Announce(h.Context(), request)
			if err != nil || said.GetRooms() != rooms || said.GetFailed() != 0 {
				h.Fatalf("Announce: got %v, %v, want %d rooms", said, err, rooms)
			}
		}
		say(&singoffv1.AnnounceRequest{Text: "a alone", To: &singoffv1.AnnounceRequest_Room{Room: &singoffv1.RoomName{RoomId: "a"}}}, 1)
		say(&singoffv1.AnnounceRequest{Text: "all", To: &singoffv1.AnnounceRequest_All{All: true}}, 2)
		a.await("its announcement", announced("a alone"))
		a.await("that to all", announced("all"))
		b.await("that to all", announced("all"))
		if slices.ContainsFunc(b.heard(), announced("a alone")) {
			h.Error("b was told what was announced to a")
		}
	})
}

// One client is in several rooms, leaves one, and stays in the others.
func TestSeveralRooms(t *testing.T) {
	overEachWay(t, func(h *house) {
		client := h.dial()
		var seats []*guest
		for _, room := range []string{"a", "b", "c"} {
			seats = append(seats, h.join(client, singoff.JoinOptions{RoomID: room, Nickname: "Mina", Role: singer}))
		}
		if err := seats[1].Leave(h.Context()); err != nil {
			h.Fatal(err)
		}
		<-seats[1].Done()
		for _, g := range []*guest{seats[0], seats[2]} {
			g.says("still here")
		}
		list, err := client.ListRooms(h.Context(), 0, "")
		if err != nil {
			h.Fatal(err)
		}
		var ids []string
		for _, r := range list.GetRooms() {
			ids = append(ids, r.GetRoomId())
		}
		if !slices.Equal(ids, []string{"a", "c"}) {
			h.Errorf("got the rooms %v, want a and c", ids)
		}
	})
}

// The prototype showed nicknames as "undefined": its events carried none. Here whoever is told of somebody is told the name.
func TestNickname(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun := h.enter("Mina", singer), h.enter("Jun", watcher)
		mina.must(mina.Rename(h.Context(), "민아❤️"))
		jun.await("the new name", func(e *singoffv1.Event) bool {
			return e.GetPresence().GetChange() == singoffv1.Presence_CHANGE_RENAMED && e.GetPresence().GetMember().GetNickname() == "민아❤️"
		})
		var rejected *singoff.RejectedError
		if _, err := jun.Rename(h.Context(), "민아❤️"); !errors.As(err, &rejected) || rejected.Reason != singoffv1.Rejected_REASON_NICKNAME_TAKEN {
			h.Errorf("a name that is taken: got %v", err)
		}
		mina.says("안녕")
		h.caughtUp(jun, mina)
		for _, e := range jun.heard() {
			member, chat := e.GetPresence().GetMember(), e.GetChatMessage()
			if member != nil && member.GetNickname() == "" || chat != nil && chat.GetNickname() == "" {
				h.Errorf("an event without a name: %v", e)
			}
		}
	})
}

// Two singers and six watchers: never a third singer or a seventh watcher, however many ask at once, and the counts are right.
func TestSeats(t *testing.T) {
	overEachWay(t, func(h *house) {
		var in [3]atomic.Int32
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				role := []singoffv1.Role{singer, watcher}[i%2]
				_, err := h.try(h.dial(), singoff.JoinOptions{RoomID: battle, Nickname: fmt.Sprint("p", i), Role: role})
				var goaway *singoff.GoawayError
				switch {
				case err == nil:
					in[role].Add(1)
				case !errors.As(err, &goaway) || goaway.Reason != singoffv1.Goaway_REASON_FULL || !goaway.Final:
					h.Errorf("got %v, want FULL", err)
				}
			})
		}
		all.Wait()
		if singers, watchers := in[singer].Load(), in[watcher].Load(); singers != 2 || watchers != 6 {
			h.Errorf("got %d singers and %d watchers, want 2 and 6", singers, watchers)
		}
		list, err := h.dial().ListRooms(h.Context(), 0, "")
		if err != nil {
			h.Fatal(err)
		}
		if counts := list.GetRooms()[0].GetCounts(); counts.GetSingers() != 2 || counts.GetWatchers() != 6 {
			h.Errorf("got %v, want 2 and 6", counts)
		}
	})
}

// Everybody is told who comes, as what, and how many there are then.
func TestJoinAnnouncements(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina := h.enter("Mina", singer)
		jun := h.enter("Jun", watcher)
		joined := mina.await("JOINED", presence(singoffv1.Presence_CHANGE_JOINED, jun.id())).GetPresence()
		if m := joined.GetMember(); m.GetNickname() != "Jun" || m.GetRole() != watcher {
			h.Errorf("got %v, want the watcher Jun", m)
		}
		if c := joined.GetCounts(); c.GetSingers() != 1 || c.GetWatchers() != 1 {
			h.Errorf("got %v, want one singer and one watcher", c)
		}
	})
}
