package engine_test

import (
	"errors"
	"testing"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// acts pushes an act of the operator.
func (h *hall) acts(id uint64, a rules.Act) {
	h.Push(engine.Input{Act: &engine.Act{ID: id, Act: a}, Size: 100})
}

func kick(member string) rules.Act { return rules.Act{Kick: &rules.Kick{MemberID: member}} }

func TestActIsToldOnceItIsKept(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	june := h.joins(2, "June", singer)
	h.acts(7, rules.Act{Announce: "ten minutes left"})
	h.acts(8, kick(june))
	h.acts(9, kick(june))
	app, must, out := h.Decide(h.now)
	if !must || len(out.Acted) > 0 || len(out.Items) > 0 {
		t.Fatalf("got %+v told before it was kept", out)
	}
	out = h.keep(app)
	if got := events(t, out); len(got) != 2 || got[0].GetAnnouncement().GetText() != "ten minutes left" ||
		got[1].GetPresence().GetReason() != singoffv1.Presence_REASON_ADMIN {
		t.Errorf("got %v, want the announcement and that June has LEFT", got)
	}
	if len(out.Ended) != 1 || out.Ended[0].Connection != 2 || out.Ended[0].Goaway.GetReason() != singoffv1.Goaway_REASON_ADMIN {
		t.Errorf("got ends %+v, want June's by the operator", out.Ended)
	}
	if len(out.Acted) != 3 || out.Acted[0].ID != 7 || out.Acted[0].Err != nil || out.Acted[1].Member.GetNickname() != "June" ||
		!errors.Is(out.Acted[2].Err, rules.ErrNoSuchMember) {
		t.Errorf("got %+v, want the announcement said, June kicked, and nobody to be kicked again", out.Acted)
	}
	if !h.State().Equal(h.load(nil)) {
		t.Error("the log gives another state")
	}
}

func TestRefusedActIsNotDone(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	june := h.joins(1, "June", singer)
	before := h.load(nil)
	h.acts(1, kick(june))
	out := h.refuse()
	if len(out.Acted) != 1 || !errors.Is(out.Acted[0].Err, engine.ErrNotKept) || len(out.Ended) > 0 || len(out.Items) > 0 {
		t.Errorf("got %+v, want that nothing was done", out)
	}
	if !h.State().Equal(before) || h.Owing() || h.Waiting() {
		t.Error("a refused act is still there")
	}
}

// An act that changes nothing needs no append, and waits for none.
func TestActThatChangesNothingIsToldAtOnce(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.acts(1, rules.Act{Close: true})
	h.acts(2, kick("nobody"))
	_, must, out := h.Decide(h.now)
	if must || len(out.Acted) != 2 || !errors.Is(out.Acted[0].Err, rules.ErrNobodyThere) || !errors.Is(out.Acted[1].Err, rules.ErrNoSuchMember) {
		t.Errorf("got must %v and %+v, want both refused without an append", must, out.Acted)
	}
}

// Who is let in and removed in one batch gets no Welcome, but the operator's goodbye.
func TestKickInTheBatchOfTheHello(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.greets(2, "June", singer)
	h.acts(1, rules.Act{Close: true})
	out := h.step()
	if len(out.Welcomes) != 0 || len(out.Ended) != 2 || out.Acted[0].Members != 2 {
		t.Errorf("got %d welcomes, ends %+v, %+v, want both gone", len(out.Welcomes), out.Ended, out.Acted)
	}
	for _, e := range out.Ended {
		if e.Goaway.GetReason() != singoffv1.Goaway_REASON_ADMIN || !e.Goaway.GetFinal() {
			t.Errorf("got goodbye %v, want ADMIN, final", e.Goaway)
		}
	}
	if !h.State().Empty() {
		t.Error("the room isn't empty")
	}
}

func TestRenamedMembersAreTold(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.does(1, 1, &singoffv1.Presence{Nickname: "민아★"})
	if out := h.step(); len(out.Renamed) != 1 || out.Renamed[0].GetNickname() != "민아★" {
		t.Errorf("got %v renamed", out.Renamed)
	}
}

// A kept-out user is still kept out when another node has loaded the room.
func TestKeepOutIsInTheLog(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	june := h.joins(2, "June", singer)
	h.acts(1, rules.Act{Kick: &rules.Kick{MemberID: june, KeepOut: time.Minute}})
	h.step()
	h.open(h.load(nil), 2)
	h.greets(3, "June", singer)
	_, _, out := h.Decide(h.now)
	if len(out.Ended) != 1 || out.Ended[0].Goaway.GetReason() != singoffv1.Goaway_REASON_ADMIN || out.Ended[0].Goaway.GetRetryAfter().AsDuration() != time.Minute {
		t.Errorf("got %+v, want June kept out for a minute", out)
	}
}
