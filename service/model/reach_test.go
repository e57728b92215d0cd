package model

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// reached notes that something has happened at all, so that a schedule that never gets anywhere isn't taken for a proof.
func (w *world) reached(what string) { w.reaches[what]++ }

func (w *world) reach(e *singoffv1.Event) {
	switch b := e.Body.(type) {
	case *singoffv1.Event_Welcome:
		w.reached(b.Welcome.Recovery.Kind.String())
		if b.Welcome.Recovery.Events > 0 {
			w.reached("replayed events")
		}
	case *singoffv1.Event_Goaway:
		w.reached("goaway " + b.Goaway.Reason.String())
	case *singoffv1.Event_Presence:
		w.reached(fmt.Sprint(b.Presence.Change, " ", b.Presence.Reason))
	case *singoffv1.Event_Playback:
		w.reached(b.Playback.Action.String())
	case *singoffv1.Event_Moderation:
		w.reached(b.Moderation.Action.String())
	case *singoffv1.Event_Rejected:
		w.reached("rejected " + b.Rejected.Reason.String())
		if c := b.Rejected.Cause; c != 0 {
			w.reached("not taken " + c.String())
		}
	case *singoffv1.Event_RoomClosed:
		w.reached("room closed")
	case *singoffv1.Event_Announcement:
		w.reached("announcement")
	case *singoffv1.Event_Vote:
		w.reached("vote")
	}
}

// TestSchedulesReachEverything: what the promises are about does happen.
func TestSchedulesReachEverything(t *testing.T) {
	t.Parallel()
	all := map[string]int{}
	for seed := range uint64(60) {
		w := newWorld(seed + 1)
		for range *length {
			w.turn()
		}
		w.quiesce()
		w.verdict()
		if w.failure != "" {
			t.Fatalf("seed %d: %s", seed+1, w.failure)
		}
		for what, n := range w.reaches {
			all[what] += n
		}
	}
	for _, what := range []string{
		"result Done", "result Acked", "result Rejected", "result Unseen", "result Unknown", "result NotSent",
		"KIND_NEW", "KIND_RESUMED", "KIND_SNAPSHOT", "replayed events",
		"goaway REASON_TAKEN_OVER", "goaway REASON_MOVED", "goaway REASON_LOG_UNREACHABLE", "goaway REASON_FULL",
		"goaway REASON_NICKNAME_TAKEN", "goaway REASON_KICKED", "goaway REASON_BANNED", "goaway REASON_LOCKED",
		"CHANGE_LEFT REASON_HOLD_OVER", "CHANGE_LEFT REASON_AWAY_TOO_LONG", "CHANGE_LEFT REASON_REPLACED", "CHANGE_LEFT REASON_LEFT",
		"CHANGE_AWAY REASON_CONNECTION_LOST", "CHANGE_RETURNED REASON_UNSPECIFIED", "CHANGE_HOST REASON_UNSPECIFIED",
		"ACTION_START", "ACTION_PAUSE", "ACTION_RESUME", "ACTION_SEEK", "ACTION_STOP", "ACTION_ENDED",
		"not taken CAUSE_LOG_REFUSED", "not taken CAUSE_OUT_OF_STEP", "refused", "moved", "log lost", "vote", "room closed",
		"goaway REASON_ADMIN", "CHANGE_LEFT REASON_ADMIN", "announcement", "act done", "act not kept", "act of no use",
	} {
		if all[what] == 0 {
			t.Errorf("%q never happened", what)
		}
	}
	if testing.Verbose() {
		for _, what := range slices.Sorted(maps.Keys(all)) {
			t.Logf("%8d  %s", all[what], what)
		}
	}
}
