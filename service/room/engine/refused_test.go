package engine_test

import (
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
)

func TestRefusedCommandsAreNotTaken(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.does(1, 1, says("one"))
	h.step()
	before := h.load(nil)
	h.does(1, 2, says("two"))
	h.does(1, 3, says("three"))
	h.does(1, 1, says("one again"))
	h.does(1, 0, says("by hand"))
	out := h.refuse()
	if !h.State().Equal(before) {
		t.Error("the state isn't that before the batch")
	}
	if len(out.Items) != 0 || len(out.Answered) != 4 || len(out.Tells) != 4 {
		t.Fatalf("got %d items, %d answered, %d tells, want 0, 4, 4", len(out.Items), len(out.Answered), len(out.Tells))
	}
	for i, number := range []uint64{2, 3, 1, 0} {
		got := out.Tells[i].Event
		if got.GetNumber() != number {
			t.Errorf("tell %d: got number %d, want %d", i, got.GetNumber(), number)
		}
		if number == 1 {
			if !got.GetAck().GetRepeated() {
				t.Errorf("got %v for a number decided long ago, want it repeated", got)
			}
			continue
		}
		r := got.GetRejected()
		if r.GetReason() != singoffv1.Rejected_REASON_NOT_TAKEN || r.GetCause() != singoffv1.Rejected_CAUSE_LOG_REFUSED || r.GetNextNumber() != 2 {
			t.Errorf("number %d: got %v, want NOT_TAKEN, LOG_REFUSED, next number 2", number, got)
		}
	}
	h.does(1, 2, says("two"))
	if got := events(t, h.step()); len(got) != 1 || got[0].GetChatMessage().GetText() != "two" {
		t.Errorf("got %v, want the number taken now", got)
	}
}

func TestRefusedJoinsMustComeBack(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.greets(1, "민아", singer)
	h.greets(2, "", singer) // refused by the rules, on a state that went back
	out := h.refuse()
	if len(out.Welcomes) != 0 || len(out.Ended) != 2 {
		t.Fatalf("got %d welcomes and %d ends, want 0 and 2", len(out.Welcomes), len(out.Ended))
	}
	for _, e := range out.Ended {
		if e.Goaway.GetReason() != singoffv1.Goaway_REASON_LOG_UNREACHABLE || e.Goaway.GetFinal() || e.Goaway.GetRetryAfter() == nil {
			t.Errorf("got %v, want LOG_UNREACHABLE, not final, with a time to come back", e.Goaway)
		}
	}
	h.joins(3, "민아", singer)
}

// Who gets NOT_TAKEN is decided by the state after it went back, not by that of the refused batch: the newer connection isn't
// there any more, the older one is current again.
func TestRefusedTakeOverLeavesTheOlderConnectionCurrent(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.greets(2, "민아", singer)
	h.does(1, 1, says("of the old one"))
	out := h.refuse()
	if len(out.Ended) != 1 || out.Ended[0].Connection != 2 {
		t.Errorf("got ends %+v, want that of the join alone", out.Ended)
	}
	if len(out.Tells) != 1 || out.Tells[0].Connection != 1 || out.Tells[0].Event.GetRejected().GetNextNumber() != 1 {
		t.Errorf("got %+v, want NOT_TAKEN for the older connection, next number 1", out.Tells)
	}
}

func TestCommandOfAConnectionThatIsNotCurrentHasNoAnswer(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.joins(2, "민아", singer)
	h.joins(3, "June", singer)
	h.does(1, 1, says("of the old one"))
	h.does(3, 1, says("hello"))
	out := h.refuse()
	if len(out.Tells) != 1 || out.Tells[0].Connection != 3 || len(out.Answered) != 2 {
		t.Errorf("got %+v and %v answered, want one answer, and both done with", out.Tells, out.Answered)
	}
}

func TestLostConnectionsAreOwed(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.joins(2, "June", singer)
	h.joins(3, "하늘", watcher)
	h.loses(1)
	h.halfCloses(2)
	if out := h.refuse(); len(out.Items)+len(out.Ended)+len(out.Tells) != 0 {
		t.Errorf("got %+v, want nobody away, and nothing told", out)
	}
	if !h.Owing() || h.Waiting() {
		t.Errorf("got owing %v, waiting %v, want true, false", h.Owing(), h.Waiting())
	}
	h.does(3, 1, says("go on"))
	h.refuse()
	h.does(3, 1, says("go on"))
	var got []string
	for _, ev := range events(t, h.step()) {
		switch {
		case ev.GetChatMessage() != nil:
			got = append(got, "chat")
		case ev.GetPresence().GetChange() != singoffv1.Presence_CHANGE_HOST:
			got = append(got, ev.GetPresence().GetMember().GetNickname()+" "+ev.GetPresence().GetChange().String())
		}
	}
	if len(got) != 3 || got[0] != "민아 CHANGE_AWAY" || got[1] != "June CHANGE_LEFT" || got[2] != "chat" {
		t.Errorf("got %v, want what was owed, in its order, before what came later", got)
	}
	if h.Owing() {
		t.Error("something is still owed")
	}
}

func TestWhatWasDueIsDueAgain(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.joins(2, "June", watcher)
	h.loses(1)
	h.step()
	h.now = h.now.Add(h.cfg.AwayLimit)
	h.refuse()
	if at, any := h.Wake(); !any || at.After(h.now) {
		t.Errorf("got due at %v, %v, want by now", at, any)
	}
	got := events(t, h.step())
	if got[0].GetPresence().GetReason() != singoffv1.Presence_REASON_AWAY_TOO_LONG {
		t.Errorf("got %v, want LEFT(away too long)", got[0])
	}
}

func TestCheersOfARefusedBatchAreNotTold(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	id := h.joins(1, "민아", singer)
	h.joins(2, "June", watcher)
	h.does(2, 0, claps(id))
	h.does(2, 1, says("bravo"))
	out := h.refuse()
	if len(out.Tells) != 2 {
		t.Errorf("got %d tells, want NOT_TAKEN for both", len(out.Tells))
	}
	h.now = h.now.Add(engine.CheerInterval)
	if _, _, out := h.Decide(h.now); len(out.Items) != 0 {
		t.Errorf("got %v, want no cheers", events(t, out))
	}
}

func TestRefusedProbeIsTriedAgain(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.loses(1)
	h.refuse()
	h.Probe(h.now)
	if out := h.Refused(); len(out.Ended) != 0 || !h.Owing() {
		t.Error("what was owed is lost with a refused probe")
	}
	out := h.keep(h.Probe(h.now))
	if got := events(t, out); len(got) != 1 || got[0].GetPresence().GetChange() != singoffv1.Presence_CHANGE_AWAY {
		t.Errorf("got %v, want AWAY", got)
	}
}

func TestBatchIDsAreNeverUsedTwice(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.greets(1, "민아", singer)
	first, _, _ := h.Decide(h.now)
	h.Refused()
	h.greets(2, "민아", singer)
	second, _, _ := h.Decide(h.now)
	if first.Entry.Batch == second.Entry.Batch {
		t.Error("a refused batch's id was used again")
	}
	if first.After != second.After {
		t.Errorf("got places %d and %d, want the same", first.After, second.After)
	}
}
