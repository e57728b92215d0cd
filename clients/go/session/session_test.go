package session_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestGoaway(t *testing.T) {
	t.Parallel()
	for _, final := range []bool{true, false} {
		p := newPlay(t)
		p.connect()
		p.receive(first(3))
		p.queue("a")
		p.receive(goaway(final))
		if !final {
			p.queue("b")
			p.expect("1:a")
			p.lost()
			p.connect()
			p.receive(again(3, 0, resumed, 0))
			p.expect("1:a", "2:b")
			continue
		}
		p.expect("1:a", "a=Unknown")
		if p.s.End() != session.EndRefused || p.s.Goaway() == nil {
			t.Errorf("end: got %v, %v, want EndRefused with its Goaway", p.s.End(), p.s.Goaway())
		}
	}
}

func TestCloseReportsWhatWasSentAndWhatWasNot(t *testing.T) {
	t.Parallel()
	p := newPlay(t, func(c *session.Config) { c.Unanswered = 1 })
	p.connect()
	p.receive(first(3))
	p.queue("a", "b")
	p.s.Close()
	p.look()
	p.expect("1:a", "a=Unknown", "b=NotSent")
}

func TestHello(t *testing.T) {
	t.Parallel()
	p := newPlay(t, func(c *session.Config) { c.Resume = &singoffv1.Resume{Epoch: 5, LastSeq: 2} })
	type hello struct {
		attempt        uint64
		takeOver       bool
		epoch, lastSeq uint64
		token          string
	}
	check := func(when string, want hello) {
		t.Helper()
		h := p.connect()
		got := hello{h.GetAttempt(), h.GetTakeOver(), h.GetResume().GetEpoch(), h.GetResume().GetLastSeq(), h.GetToken()}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", when, got, want)
		}
	}
	check("first", hello{1, true, 5, 2, ""})
	check("its Welcome was lost", hello{2, true, 5, 2, ""})
	p.receive(welcomed(&singoffv1.Welcome{SnapshotSeq: 12}, resumed, 2), said(8, 0, "x"))
	check("in the middle of a replay the epoch is the old one", hello{3, false, 5, 8, ""})
	p.receive(welcomed(&singoffv1.Welcome{SnapshotSeq: 12}, resumed, 2), opened(9, 7))
	check("after the RoomOpened in a replay", hello{4, false, 7, 9, ""})
	p.receive(welcomed(&singoffv1.Welcome{SnapshotSeq: 12}, resumed, 1), said(11, 0, "y"))
	check("after all", hello{5, false, 7, 12, ""})
	p.receive(welcomed(&singoffv1.Welcome{SnapshotSeq: 12}, resumed, 0), opened(13, 9))
	p.s.Renew("fresh")
	check("after a live RoomOpened", hello{6, false, 9, 13, "fresh"})
	p.receive(welcomed(&singoffv1.Welcome{SnapshotSeq: 4, Epoch: 11}, snapshot, 0))
	check("after a lost log", hello{7, false, 11, 4, "fresh"})
}

func TestTheServersGuestKeyIsUsed(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.connect()
	p.receive(welcomed(&singoffv1.Welcome{GuestKey: []byte("made by server")}, fresh, 0))
	if got := string(p.connect().GetGuestKey()); got != "made by server" || string(p.s.GuestKey()) != got {
		t.Errorf("guest key: got %q and %q", got, p.s.GuestKey())
	}
}

func TestBrokenProtocol(t *testing.T) {
	t.Parallel()
	tests := map[string][]*singoffv1.Event{
		"event before Welcome":     {said(4, 0, "a")},
		"second Welcome":           {first(3), first(3)},
		"resumed without a Resume": {welcomed(&singoffv1.Welcome{SnapshotSeq: 3}, resumed, 0)},
		"Welcome without a room":   {{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{}}}},
		"live of the past":         {first(3), said(3, 0, "a")},
		"live twice":               {first(3), said(4, 0, "a"), said(4, 0, "a")},
		"event after Goaway":       {first(3), goaway(false), said(4, 0, "a")},
	}
	for name, events := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t)
			p.connect()
			last := len(events) - 1
			p.receive(events[:last]...)
			before := p.s.Resume()
			if _, err := p.s.Receive(events[last]); !errors.Is(err, session.ErrProtocol) {
				t.Errorf("got %v, want ErrProtocol", err)
			}
			if got := p.s.Resume(); got.GetLastSeq() != before.GetLastSeq() || got.GetEpoch() != before.GetEpoch() {
				t.Errorf("resume moved: got %v, want %v", got, before)
			}
		})
	}
}

// A replay with a live event before all n have come has a gap, and one with too many isn't the one announced.
func TestReplayWithAGapIsRefused(t *testing.T) {
	t.Parallel()
	for _, event := range []*singoffv1.Event{said(7, 0, "live"), said(3, 0, "old"), notTaken(1, 0)} {
		p := newPlay(t)
		p.connect()
		p.receive(first(3))
		p.lost()
		p.connect()
		p.receive(again(6, 0, resumed, 2), said(5, 0, "x"))
		if event.GetSeq() == 3 {
			event = said(5, 0, "again")
		}
		if _, err := p.s.Receive(event); !errors.Is(err, session.ErrProtocol) {
			t.Errorf("%v: got %v, want ErrProtocol", event, err)
		}
	}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	ping := &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Ping{Ping: &singoffv1.Ping{}}}
	cheer := &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Reaction{Reaction: &singoffv1.Reaction{}}}
	p := newPlay(t)
	check := func(when string, wantPing, wantCheer bool) {
		t.Helper()
		if got := p.s.Once(ping) != nil; got != wantPing {
			t.Errorf("%s: ping may be sent: got %v, want %v", when, got, wantPing)
		}
		if got := p.s.Once(cheer) != nil; got != wantCheer {
			t.Errorf("%s: cheer may be sent: got %v, want %v", when, got, wantCheer)
		}
	}
	check("idle", false, false)
	p.connect()
	check("greeting", true, false)
	p.receive(first(3))
	check("joined", true, true)
	p.receive(goaway(false))
	check("parting", false, false)
	if _, err := p.s.Queue(cheer); !errors.Is(err, session.ErrCommand) {
		t.Errorf("Queue(cheer): got %v, want ErrCommand", err)
	}
}

func TestClassesOfEvents(t *testing.T) {
	t.Parallel()
	p := newPlay(t, func(c *session.Config) { c.Resume = &singoffv1.Resume{Epoch: 7, LastSeq: 1} })
	p.connect()
	for _, step := range []struct {
		event *singoffv1.Event
		want  session.Class
	}{
		{welcomed(&singoffv1.Welcome{SnapshotSeq: 3}, resumed, 1), session.Start},
		{said(3, 0, "a"), session.History},
		{said(4, 0, "b"), session.Live},
		{said(0, 0, "c"), session.Aside},
		{goaway(true), session.Aside},
	} {
		if got, err := p.s.Receive(step.event); err != nil || got != step.want {
			t.Errorf("%v: got %v, %v, want %v", step.event, got, err, step.want)
		}
	}
	if _, err := p.s.Receive(said(5, 0, "d")); !errors.Is(err, session.ErrEnded) {
		t.Errorf("after the end: got %v, want ErrEnded", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	hello := &singoffv1.Hello{Instance: "i"}
	for name, c := range map[string]session.Config{
		"no hello":      {},
		"no instance":   {Hello: &singoffv1.Hello{}},
		"long instance": {Hello: &singoffv1.Hello{Instance: strings.Repeat("i", 65)}},
		"window":        {Hello: hello, Unanswered: 65},
	} {
		if _, err := session.New(c); !errors.Is(err, session.ErrConfig) {
			t.Errorf("%s: got %v, want ErrConfig", name, err)
		}
	}
}

func TestCloneIsIndependent(t *testing.T) {
	t.Parallel()
	p := newPlay(t)
	p.queue("a", "b")
	c := p.s.Clone()
	p.s.Close()
	if got := len(c.TakeResults()); got != 0 || c.Waiting() != 2 || c.Phase() != session.Idle {
		t.Errorf("clone: got %d results, %d waiting, phase %v, want 0, 2, Idle", got, c.Waiting(), c.Phase())
	}
}
