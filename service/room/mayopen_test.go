package room_test

import (
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

// TestWhoMayOpenARoomIsAskedForNewOnesAlone: a limit on new rooms must not keep anybody out of one that is there.
func TestWhoMayOpenARoomIsAskedForNewOnesAlone(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		asked := 0
		join := func(roomID string, answer *singoffv1.Goaway) *singoffv1.Goaway {
			conn, refused := h.Join(eventlog.Key{Namespace: "default", Room: roomID},
				rules.Hello{User: rules.Guest([]byte{byte(asked)}), Role: watcher, Nickname: "June"},
				room.Joining{MayOpen: func() *singoffv1.Goaway { asked++; return answer }})
			if conn != nil {
				conn.Lost()
			}
			return refused
		}
		h.guest("민아", singer).enter()
		no := &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_TOO_MANY}
		if refused := join("battle", no); refused != nil || asked != 0 {
			t.Errorf("got %v after %d questions, want to be let into the room that is there", refused, asked)
		}
		if refused := join("other", no); refused != no || asked != 1 {
			t.Errorf("got %v after %d questions, want the new room refused", refused, asked)
		}
		if refused := join("other", nil); refused != nil || asked != 2 {
			t.Errorf("got %v after %d questions, want the refused room not to be there, and now opened", refused, asked)
		}
	})
}
