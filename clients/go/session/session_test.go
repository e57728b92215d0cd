package session_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// play drives a Session by hand and notes, in one line each, what it sends and reports.
type play struct {
	t     *testing.T
	s     *session.Session
	names map[session.CommandID]string
	notes []string
}

func newPlay(t *testing.T, change ...func(*session.Config)) *play {
	t.Helper()
	config := session.Config{Hello: &singoffv1.Hello{RoomId: "friday", Nickname: "Mina", Instance: "i1"}, TakeOver: true}
	for _, c := range change {
		c(&config)
	}
	s, err := session.New(config)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &play{t: t, s: s, names: map[session.CommandID]string{}}
}

func (p *play) queue(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		request := chat(text)
		if text == "leave" {
			request = &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Leave{Leave: &singoffv1.Leave{}}}
		}
		id, err := p.s.Queue(request)
		if err != nil {
			p.t.Fatalf("Queue(%s): %v", text, err)
		}
		p.names[id] = text
	}
	p.look()
}

func (p *play) connect() *singoffv1.Hello {
	p.t.Helper()
	request, err := p.s.Connect()
	if err != nil {
		p.t.Fatalf("Connect: %v", err)
	}
	p.look()
	return request.GetHello()
}

func (p *play) receive(events ...*singoffv1.Event) {
	p.t.Helper()
	for _, event := range events {
		if _, err := p.s.Receive(event); err != nil {
			p.t.Fatalf("Receive(%v): %v", event, err)
		}
		p.look()
	}
}

func (p *play) lost() { p.s.Lost(); p.look() }

// look notes what was reported and sent since the last look.
func (p *play) look() {
	for _, r := range p.s.TakeResults() {
		p.notes = append(p.notes, fmt.Sprintf("%s=%v", p.names[r.ID], r.Outcome))
	}
	for m := p.s.Next(); m != nil; m = p.s.Next() {
		text := m.GetChatMessage().GetText()
		if m.GetLeave() != nil {
			text = "leave"
		}
		p.notes = append(p.notes, fmt.Sprintf("%d:%s", m.GetNumber(), text))
	}
}

// expect compares and forgets the notes so far.
func (p *play) expect(want ...string) {
	p.t.Helper()
	if !slices.Equal(p.notes, want) {
		p.t.Errorf("sent and reported:\ngot  %s\nwant %s", strings.Join(p.notes, "  "), strings.Join(want, "  "))
	}
	p.notes = nil
}

func chat(text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}
}

func said(seq, number uint64, text string) *singoffv1.Event {
	body := &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}
	return &singoffv1.Event{Seq: seq, Number: number, Body: body}
}

func notTaken(number, next uint64) *singoffv1.Event {
	body := &singoffv1.Rejected{Reason: singoffv1.Rejected_REASON_NOT_TAKEN, NextNumber: next}
	return &singoffv1.Event{Number: number, Body: &singoffv1.Event_Rejected{Rejected: body}}
}

func ack(seq, number uint64, repeated bool) *singoffv1.Event {
	return &singoffv1.Event{Seq: seq, Number: number, Body: &singoffv1.Event_Ack{Ack: &singoffv1.Ack{Repeated: repeated}}}
}

func goaway(final bool) *singoffv1.Event {
	return &singoffv1.Event{Body: &singoffv1.Event_Goaway{Goaway: &singoffv1.Goaway{Final: final}}}
}

func opened(seq, epoch uint64) *singoffv1.Event {
	return &singoffv1.Event{Seq: seq, Body: &singoffv1.Event_RoomOpened{RoomOpened: &singoffv1.RoomOpened{Epoch: epoch}}}
}

// welcomed makes a Welcome; the zero fields of w that every Welcome has are filled.
func welcomed(w *singoffv1.Welcome, kind singoffv1.Recovery_Kind, events uint32) *singoffv1.Event {
	w.Self, w.Room = &singoffv1.Member{MemberId: "m1"}, &singoffv1.RoomState{}
	w.Recovery = &singoffv1.Recovery{Kind: kind, Events: events}
	if w.MemberSince == nil {
		w.MemberSince = &singoffv1.Since{Epoch: 7, Seq: 3}
	}
	if w.Epoch == 0 {
		w.Epoch = 7
	}
	return &singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: w}}
}

const (
	fresh    = singoffv1.Recovery_KIND_NEW
	resumed  = singoffv1.Recovery_KIND_RESUMED
	snapshot = singoffv1.Recovery_KIND_SNAPSHOT
)

func first(s uint64) *singoffv1.Event { return welcomed(&singoffv1.Welcome{SnapshotSeq: s}, fresh, 0) }

// again is a Welcome to the same membership.
func again(s, last uint64, kind singoffv1.Recovery_Kind, events uint32) *singoffv1.Event {
	return welcomed(&singoffv1.Welcome{InstanceKnown: true, LastNumber: last, SnapshotSeq: s}, kind, events)
}

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
