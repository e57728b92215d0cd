package session_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestNothingIsSentBeforeWelcome(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.queue("a")
	p.connect()
	p.expect()
	p.receive(first(3))
	p.expect("1:a")
	p.receive(said(4, 1, "a"), said(5, 0, "other"))
	p.expect("a=Done")
}

func TestWhatIsUndecidedIsSentAgainBeforeAnythingNew(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.connect()
	p.receive(first(3))
	p.queue("a", "b", "c")
	p.expect("1:a", "2:b", "3:c")
	p.lost()
	p.queue("d")
	p.connect()
	p.receive(again(5, 1, resumed, 2))
	p.expect()
	p.receive(said(4, 1, "a"))
	p.expect("a=Done")
	p.receive(said(5, 0, "other"))
	p.expect("2:b", "3:c", "4:d")
}

// A replay that breaks off leaves commands that were decided but not answered; the next replay goes on where it stopped.
func TestReplayThatBreaksOff(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.connect()
	p.receive(first(3))
	p.queue("a", "b", "c")
	p.lost()
	p.connect()
	p.receive(again(6, 2, resumed, 3), said(4, 1, "a"))
	p.lost()
	if got := p.connect().GetResume().GetLastSeq(); got != 4 {
		t.Errorf("last_seq after one of three replayed events: got %d, want 4", got)
	}
	p.receive(again(6, 2, resumed, 2), said(5, 2, "b"), said(6, 0, "other"))
	p.expect("1:a", "2:b", "3:c", "a=Done", "b=Done", "3:c")
}

func TestDecidedButNotInTheReplayIsUnseen(t *testing.T) {
	t.Parallel()
	for _, kind := range []singoffv1.Recovery_Kind{fresh, snapshot, resumed} {
		p := newPlay(t)
		p.connect()
		p.receive(first(3))
		p.queue("a", "b")
		p.lost()
		p.connect()
		p.receive(again(9, 1, kind, 0))
		p.expect("1:a", "2:b", "a=Unseen", "2:b")
	}
}

func TestWithoutTheSameMembershipNothingIsRepeated(t *testing.T) {
	t.Parallel()
	tests := map[string]*singoffv1.Welcome{
		"instance forgotten":   {InstanceKnown: false},
		"joined anew":          {InstanceKnown: true, MemberSince: &singoffv1.Since{Epoch: 7, Seq: 9}},
		"same seq, other log":  {InstanceKnown: true, MemberSince: &singoffv1.Since{Epoch: 8, Seq: 3}},
		"joined anew, resumed": {InstanceKnown: true, LastNumber: 2, MemberSince: &singoffv1.Since{Epoch: 7, Seq: 9}},
	}
	for name, w := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t)
			p.connect()
			p.receive(first(3))
			p.queue("a", "b")
			p.lost()
			p.queue("c")
			p.connect()
			w.SnapshotSeq = 20
			p.receive(welcomed(w, resumed, 1))
			p.expect("1:a", "2:b", "a=Unknown", "b=Unknown")
			p.receive(said(19, 1, "a"))
			p.expect(fmt.Sprintf("%d:c", w.LastNumber+1))
		})
	}
}

// Commands numbered anew after a NOT_TAKEN must not meet the old numbers of those still under way.
func TestNotTakenWaitsForAllOthers(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.connect()
	p.receive(first(3))
	p.queue("a", "b", "c")
	p.receive(notTaken(1, 1))
	p.queue("d")
	p.receive(notTaken(2, 1))
	p.expect("1:a", "2:b", "3:c", "a=Rejected", "b=Rejected")
	p.receive(notTaken(3, 1))
	p.expect("c=Rejected", "1:d")
	p.receive(said(4, 1, "d"))
	p.queue("e")
	p.expect("d=Done", "2:e")
}

func TestRepeatedCommandsAreNumberedOn(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.connect()
	p.receive(first(3))
	p.queue("a", "b", "c")
	p.receive(notTaken(1, 1))
	p.lost()
	p.queue("d")
	p.connect()
	p.receive(again(3, 0, resumed, 0))
	p.expect("1:a", "2:b", "3:c", "a=Rejected", "1:b", "2:c", "3:d")
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	rejected := &singoffv1.Event{Seq: 4, Number: 1, Body: &singoffv1.Event_Rejected{Rejected: &singoffv1.Rejected{
		Reason: singoffv1.Rejected_REASON_INVALID}}}
	tests := map[string]struct {
		event *singoffv1.Event
		want  string
	}{
		"event":        {said(4, 1, "a"), "a=Done"},
		"ack":          {ack(4, 1, false), "a=Acked"},
		"repeated ack": {ack(0, 1, true), "a=Unseen"},
		"rejected":     {rejected, "a=Rejected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t)
			p.connect()
			p.receive(first(3))
			p.queue("a")
			p.receive(said(0, 0, "not kept"), test.event)
			p.expect("1:a", test.want)
			if got := p.s.Resume().GetLastSeq(); got != max(3, test.event.GetSeq()) {
				t.Errorf("last_seq: got %d, want %d", got, max(3, test.event.GetSeq()))
			}
		})
	}
}

func TestAtMost64UnderWay(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.connect()
	w := &singoffv1.Welcome{SnapshotSeq: 3, Limits: &singoffv1.Limits{UnansweredCommands: 1000}}
	p.receive(welcomed(w, fresh, 0))
	for i := range 100 {
		p.queue(fmt.Sprint(i))
	}
	if got, want := len(p.notes), session.DefaultUnanswered; got != want || p.s.Unanswered() != want || p.s.Waiting() != 100-want {
		t.Fatalf("got %d sent, %d unanswered, %d waiting, want %d, %d, %d", got, p.s.Unanswered(), p.s.Waiting(), want, want, 100-want)
	}
	p.notes = nil
	p.receive(said(4, 1, "0"))
	p.expect("0=Done", "65:64")
}

func TestWindowOfTheServer(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.connect()
	p.receive(welcomed(&singoffv1.Welcome{Limits: &singoffv1.Limits{UnansweredCommands: 1}}, fresh, 0))
	p.queue("a", "b")
	p.expect("1:a")
}

func TestLeave(t *testing.T) {
	t.Parallel()
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		p := newPlay(t)
		p.connect()
		p.receive(first(3))
		p.queue("a", "leave")
		if _, err := p.s.Queue(chat("b")); !errors.Is(err, session.ErrLeaving) {
			t.Errorf("Queue after Leave: got %v, want ErrLeaving", err)
		}
		p.receive(said(4, 1, "a"), said(5, 2, "left"))
		p.expect("1:a", "2:leave", "a=Done", "leave=Done")
		if p.s.End() != session.EndLeft {
			t.Errorf("end: got %v, want EndLeft", p.s.End())
		}
	})
	t.Run("unanswered", func(t *testing.T) {
		t.Parallel()
		p := newPlay(t)
		p.connect()
		p.receive(first(3))
		p.queue("a", "leave")
		p.lost()
		p.expect("1:a", "2:leave", "a=Unknown", "leave=Unknown")
		if _, err := p.s.Connect(); !errors.Is(err, session.ErrEnded) || p.s.End() != session.EndLeaveUnknown {
			t.Errorf("Connect: got %v, end %v, want ErrEnded, EndLeaveUnknown", err, p.s.End())
		}
	})
	t.Run("never sent", func(t *testing.T) {
		t.Parallel()
		p := newPlay(t)
		p.connect()
		p.queue("leave")
		p.lost()
		p.connect()
		p.receive(first(3))
		p.expect("1:leave")
	})
	t.Run("not taken", func(t *testing.T) {
		t.Parallel()
		p := newPlay(t)
		p.connect()
		p.receive(first(3))
		p.queue("leave")
		p.receive(notTaken(1, 1))
		p.queue("a")
		p.expect("1:leave", "leave=Rejected", "1:a")
	})
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	p := newPlay(t, func(c *session.Config) { c.Unanswered = 1 })
	p.connect()
	p.receive(first(3))
	p.queue("a", "b", "c")
	if p.s.Withdraw(1) {
		t.Error("a is on the wire and was withdrawn")
	}
	if !p.s.Withdraw(2) {
		t.Error("b was never sent and couldn't be withdrawn")
	}
	p.receive(said(4, 1, "a"))
	p.expect("1:a", "a=Done", "2:c")
	p.lost()
	if p.s.Withdraw(3) {
		t.Error("c was on a wire that was lost, and was withdrawn")
	}
}
