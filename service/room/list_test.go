package room_test

import (
	"fmt"
	"slices"
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func ids(rooms []*singoffv1.RoomSummary) (list []string) {
	for _, r := range rooms {
		list = append(list, r.GetRoomId())
	}
	return list
}

func (h *house) in(namespace, id, name string) *stream {
	h.t.Helper()
	g := h.guest(name, singer)
	g.key.Namespace, g.key.Room = namespace, id
	return g.enter()
}

func TestRoomsAreListedInPages(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		for _, n := range []int{7, 2, 9, 1, 5} {
			h.in("default", fmt.Sprint("room-", n), "민아")
			h.in("other", fmt.Sprint("room-", n+1), "민아")
		}
		first := h.Rooms("default", "", 3)
		if got := ids(first); !slices.Equal(got, []string{"room-1", "room-2", "room-5"}) {
			t.Errorf("got first page %v", got)
		}
		if got := ids(h.Rooms("default", "room-5", 3)); !slices.Equal(got, []string{"room-7", "room-9"}) {
			t.Errorf("got second page %v", got)
		}
		if got := ids(h.Rooms("default", "room-6", 1)); !slices.Equal(got, []string{"room-7"}) {
			t.Errorf("got %v after an id that isn't there", got)
		}
		if got := ids(h.Rooms("other", "", 100)); len(got) != 5 || got[0] != "room-10" {
			t.Errorf("got %v of the other namespace", got)
		}
		if got := h.Rooms("nowhere", "", 100); len(got) != 0 {
			t.Errorf("got %v of a namespace with no room", ids(got))
		}
	})
}

func TestSummaryFollowsTheRoom(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.in("default", "battle", "민아")
		line := func() *singoffv1.RoomSummary {
			if list := h.Rooms("default", "", 10); len(list) == 1 {
				return list[0]
			}
			t.Fatal("the room isn't listed")
			return nil
		}
		if got := line(); got.GetTitle() != "battle" || got.GetCounts().GetSingers() != 1 || got.GetSeats().GetWatchers() != 6 {
			t.Errorf("got %v, want one singer of the room `battle`", got)
		}
		a.does(&singoffv1.Presence{Nickname: "민아★"})
		a.does(&singoffv1.Moderation{Action: singoffv1.Moderation_ACTION_LOCK})
		if got := line(); !got.GetLocked() || got.GetSingers()[0].GetNickname() != "민아★" {
			t.Errorf("got %v, want it locked, and the new nickname", got)
		}
		a.breaks()
		if got := line(); got.GetCounts().GetAway() != 1 || !got.GetSingers()[0].GetAway() {
			t.Errorf("got %v, want the singer away", got)
		}
		a.g.back(a).does(&singoffv1.Leave{})
		if got := h.Rooms("default", "", 10); len(got) != 0 {
			t.Errorf("got %v, want no room that nobody is in", got)
		}
	})
}

func TestRoomsAndNamespacesAreIsolated(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.in("default", "battle", "민아")
		b := h.in("default", "other", "민아")
		c := h.in("elsewhere", "battle", "민아")
		for i, s := range []*stream{a, b, c} {
			s.do(1, &singoffv1.ChatMessage{Text: fmt.Sprint("of ", i)})
			s.g.number = 1
			s.does(&singoffv1.Presence{Nickname: fmt.Sprint("name ", i)})
		}
		for i, s := range []*stream{a, b, c} {
			wantEvents(t, fmt.Sprint(s.g.key), s.live(), fmt.Sprint("1:of ", i), fmt.Sprintf("2:name %d renamed", i))
		}
		a.does(&singoffv1.Leave{})
		b.wantOpen(t)
		c.wantOpen(t)
	})
}
