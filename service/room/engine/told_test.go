package engine_test

import (
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

func TestNothingIsToldBeforeItIsKept(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	seq := h.State().Seq()
	h.does(1, 1, says("hello"))
	_, must, out := h.Decide(h.now)
	if !must || len(out.Items)+len(out.Tells)+len(out.Answered) != 0 {
		t.Errorf("got %+v to tell at once, want nothing", out)
	}
	if got := h.State().Seq(); got != seq {
		t.Errorf("got seq %d of the kept state, want %d still", got, seq)
	}
}

func TestOutputSaysWhatAnswersWhom(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.does(1, 1, says("hello"))
	h.does(1, 2, &singoffv1.Presence{}) // refused: its answer is its record
	out := h.step()
	if len(out.Items) != 2 || len(out.Answered) != 2 {
		t.Fatalf("got %d items and %d answered, want 2 and 2", len(out.Items), len(out.Answered))
	}
	for i, it := range out.Items {
		if it.Command == nil || it.Command.Number != uint64(i+1) || it.Command.Instance != rules.InstanceOf("민아") {
			t.Errorf("item %d: got command %+v, want number %d of its instance", i, it.Command, i+1)
		}
		if got := decode(t, it.Response).GetNumber(); got != 0 {
			t.Errorf("item %d: got number %d in everybody's copy, want none", i, got)
		}
	}
	if got := out.Items[1].Audience; len(got) != 1 || got[0] != rules.Guest([]byte("민아")) {
		t.Errorf("got audience %v of an answer, want its author alone", got)
	}
}

func TestChangedSaysWhetherTheSummaryMayBeAnother(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.greets(1, "민아", singer)
	if out := h.step(); !out.Changed {
		t.Error("a JOINED doesn't change the summary")
	}
	h.does(1, 1, says("hello"))
	if out := h.step(); out.Changed {
		t.Error("chat changes the summary")
	}
	h.does(1, 2, &singoffv1.Presence{Nickname: "민아★"})
	if out := h.step(); !out.Changed {
		t.Error("a rename doesn't change the summary")
	}
}

// A Tell stood before the events that the clock had put in front of its batch: a member was told that its command had been
// refused because somebody was gone, and only then that they were.
func TestTellsStandAfterWhatCameBeforeThem(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	june := h.joins(1, "June", singer)
	h.joins(2, "민아", watcher)
	h.loses(1)
	h.steps()
	h.now = h.now.Add(h.cfg.AwayLimit) // June is gone
	h.does(2, 1, says("still here"))
	h.does(2, 0, claps(june))
	out := h.step()
	if len(out.Tells) != 1 || out.Tells[0].Event.GetRejected().GetReason() != singoffv1.Rejected_REASON_NO_SUCH_MEMBER {
		t.Fatalf("got %v, want the cheer refused", out.Tells)
	}
	all := events(t, out)
	if got := out.Tells[0].After; got != len(all) || all[got-1].GetChatMessage() == nil {
		t.Errorf("got the answer after %d of %d items, want after all", got, len(all))
	}
}

func TestWelcomeOfWhoEndedInTheSameBatchIsLeftOut(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.greets(1, "민아", singer)
	h.greets(2, "민아", singer)
	out := h.step()
	if len(out.Welcomes) != 1 || out.Welcomes[0].Connection != 2 {
		t.Errorf("got welcomes %+v, want that of the newer connection alone", out.Welcomes)
	}
	if len(out.Ended) != 1 || out.Ended[0].Connection != 1 || out.Ended[0].Goaway.GetReason() != singoffv1.Goaway_REASON_SUPERSEDED {
		t.Errorf("got ends %+v, want the older connection superseded", out.Ended)
	}
}

func TestWhoIsKickedEndsAtTheirOwnLeft(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	june := h.joins(2, "June", singer)
	h.does(2, 1, says("bye"))
	h.does(1, 1, &singoffv1.Moderation{Action: singoffv1.Moderation_ACTION_KICK, MemberId: june})
	h.does(1, 2, says("gone"))
	h.does(2, 2, says("not any more"))
	out := h.step()
	if len(out.Ended) != 1 {
		t.Fatalf("got %d ends, want 1", len(out.Ended))
	}
	for _, ev := range events(t, out) {
		if ev.GetPresence().GetChange() == singoffv1.Presence_CHANGE_LEFT && ev.GetSeq() != out.Ended[0].Seq {
			t.Errorf("got the end at seq %d, want that of LEFT, %d", out.Ended[0].Seq, ev.GetSeq())
		}
		if ev.GetChatMessage().GetText() == "not any more" {
			t.Error("a command of a connection that isn't current was decided")
		}
	}
	if len(out.Tells) != 0 || len(out.Answered) != 4 {
		t.Errorf("got %d tells and %d answered, want none and 4", len(out.Tells), len(out.Answered))
	}
}

func TestSignalGoesToTheOtherAlone(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	june := h.joins(2, "June", singer)
	h.does(1, 0, &singoffv1.Signal{ToMemberId: june, Kind: singoffv1.Signal_KIND_OFFER, Payload: "sdp"})
	_, must, out := h.Decide(h.now)
	if must || len(out.Items) != 0 {
		t.Error("a signal is kept, or told to all")
	}
	if len(out.Tells) != 1 || out.Tells[0].Connection != 2 || out.Tells[0].Event.GetSignal().GetPayload() != "sdp" {
		t.Errorf("got %+v, want the signal to the other's connection", out.Tells)
	}
	if len(out.Answered) != 1 || out.Answered[0] != 1 {
		t.Errorf("got %v answered, want its author", out.Answered)
	}
}

func TestCheersAreCountedTogether(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	id := h.joins(1, "민아", singer)
	h.joins(2, "June", watcher)
	told := map[singoffv1.Reaction_Kind]uint32{}
	times := 0
	for step := range 40 { // two seconds, a cheer of each kind every 50 ms
		for kind := singoffv1.Reaction_KIND_CLAP; kind <= singoffv1.Reaction_KIND_HEART; kind++ {
			h.does(2, 0, &singoffv1.Reaction{SingerMemberId: id, Kind: kind, Count: 2})
		}
		_, must, out := h.Decide(h.now)
		if must {
			t.Fatalf("step %d: cheers are to be kept", step)
		}
		if len(out.Items) > 0 {
			times++
		}
		for _, ev := range events(t, out) {
			if ev.GetSeq() != 0 || ev.GetReaction().GetSingerMemberId() != id {
				t.Errorf("got %v, want cheers without a seq", ev)
			}
			told[ev.GetReaction().GetKind()] += ev.GetReaction().GetCount()
		}
		h.now = h.now.Add(engine.CheerInterval / 5)
	}
	h.now = h.now.Add(engine.CheerInterval)
	_, _, out := h.Decide(h.now)
	for _, ev := range events(t, out) {
		told[ev.GetReaction().GetKind()] += ev.GetReaction().GetCount()
	}
	if told[singoffv1.Reaction_KIND_CLAP] != 80 || told[singoffv1.Reaction_KIND_HEART] != 80 {
		t.Errorf("got %v, want 80 of each kind", told)
	}
	if times < 6 || times > 8 {
		t.Errorf("got cheers told %d times in two seconds, want 4 a second at most", times)
	}
}
