package session

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Class is what a received event is to the application.
type Class int

// The classes of events.
const (
	// Start: a Welcome; its state replaces what was known.
	Start Class = iota + 1
	// History: a kept event from before the Welcome's state, of which it is part already.
	History
	// Live: a kept event, to be applied to the state.
	Live
	// Aside: said to this connection alone, or cheers; not part of the room's state.
	Aside
)

// Receive takes the next event of the connection. Errors: ErrEnded (also after the answer to Leave and a final Goaway); ErrProtocol.
func (s *Session) Receive(event *singoffv1.Event) (Class, error) {
	switch {
	case s.phase == Ended:
		return 0, ErrEnded
	case s.phase == Idle:
		return 0, fmt.Errorf("%w: an event without a connection", ErrProtocol)
	case event.GetWelcome() != nil:
		return Start, s.receiveWelcome(event.GetWelcome())
	case event.GetGoaway() != nil:
		s.receiveGoaway(event.GetGoaway())
		return Aside, nil
	case event.GetSeq() == 0:
		return Aside, s.receiveAside(event)
	case s.phase == Replaying:
		return History, s.receiveHistory(event)
	default:
		return Live, s.receiveLive(event)
	}
}

func (s *Session) receiveWelcome(w *singoffv1.Welcome) error {
	resumed := w.GetRecovery().GetKind() == singoffv1.Recovery_KIND_RESUMED
	switch {
	case s.phase != Greeting:
		return fmt.Errorf("%w: a Welcome in phase %v", ErrProtocol, s.phase)
	case w.GetSelf() == nil || w.GetRoom() == nil:
		return fmt.Errorf("%w: a Welcome without self or room", ErrProtocol)
	case resumed && (!s.resumable || w.GetSnapshotSeq() < s.lastSeq):
		return fmt.Errorf("%w: RESUMED up to %d from %d", ErrProtocol, w.GetSnapshotSeq(), s.lastSeq)
	}
	s.carryOver(w)
	s.welcome, s.welcomed, s.since = w, true, sinceOf(w)
	s.next, s.draining = w.GetLastNumber()+1, false
	s.window = s.limit
	if n := int(w.GetLimits().GetUnansweredCommands()); n > 0 {
		s.window = min(n, s.limit)
	}
	if key := w.GetGuestKey(); len(key) > 0 {
		hello := proto.CloneOf(s.hello)
		hello.GuestKey = key
		s.hello = hello
	}
	s.phase, s.replayLeft = Replaying, 0
	if resumed {
		s.replayLeft = w.GetRecovery().GetEvents()
	}
	if s.replayLeft == 0 {
		s.goLive()
	}
	return nil
}

// carryOver decides whether commands of earlier connections may be repeated: only if the membership is the same and the room remembers this
// instance. Otherwise nothing is known of what was sent.
func (s *Session) carryOver(w *singoffv1.Welcome) {
	if s.welcomed && w.GetInstanceKnown() && s.since == sinceOf(w) {
		return
	}
	s.concludeAll(func(c command) (Outcome, bool) { return Unknown, c.number != 0 })
}

func sinceOf(w *singoffv1.Welcome) since {
	return since{w.GetMemberSince().GetEpoch(), w.GetMemberSince().GetSeq()}
}

// goLive ends the replay. What was decided and isn't answered by now was answered among events that didn't come.
func (s *Session) goLive() {
	s.phase = Joined
	s.resumable, s.epoch, s.lastSeq = true, s.welcome.GetEpoch(), s.welcome.GetSnapshotSeq()
	s.concludeAll(func(c command) (Outcome, bool) { return Unseen, c.number != 0 && c.number <= s.welcome.GetLastNumber() })
}

func (s *Session) receiveHistory(event *singoffv1.Event) error {
	if seq := event.GetSeq(); seq <= s.lastSeq || seq > s.welcome.GetSnapshotSeq() {
		return fmt.Errorf("%w: seq %d in a replay of %d to %d with %d to come",
			ErrProtocol, seq, s.lastSeq, s.welcome.GetSnapshotSeq(), s.replayLeft)
	}
	s.lastSeq = event.GetSeq()
	if opened := event.GetRoomOpened(); opened != nil {
		s.epoch = opened.GetEpoch()
	}
	s.answer(event, func(c command) bool { return c.number <= s.welcome.GetLastNumber() })
	if s.replayLeft--; s.replayLeft == 0 {
		s.goLive()
	}
	return nil
}

func (s *Session) receiveLive(event *singoffv1.Event) error {
	if s.phase != Joined || event.GetSeq() <= s.lastSeq {
		return fmt.Errorf("%w: live seq %d after %d in phase %v", ErrProtocol, event.GetSeq(), s.lastSeq, s.phase)
	}
	s.lastSeq = event.GetSeq()
	if opened := event.GetRoomOpened(); opened != nil {
		s.epoch = opened.GetEpoch()
	}
	s.answer(event, s.onWire)
	return nil
}

func (s *Session) receiveAside(event *singoffv1.Event) error {
	notTaken := event.GetRejected().GetReason() == singoffv1.Rejected_REASON_NOT_TAKEN
	if event.GetNumber() != 0 && notTaken && event.GetRejected().GetNextNumber() == 0 {
		return fmt.Errorf("%w: NOT_TAKEN of number %d without next_number", ErrProtocol, event.GetNumber())
	}
	if s.answer(event, s.onWire) && notTaken && s.phase == Joined {
		s.draining, s.next = true, event.GetRejected().GetNextNumber()
	}
	return nil
}

func (s *Session) receiveGoaway(g *singoffv1.Goaway) {
	s.goaway = g
	if g.GetFinal() {
		s.finish(EndRefused)
		return
	}
	s.phase = Parting
}

// answer concludes the command that an event answers, if there is one among those that may be. An answered Leave ends the session.
func (s *Session) answer(event *singoffv1.Event, may func(command) bool) bool {
	if event.GetNumber() == 0 {
		return false
	}
	for i, c := range s.commands {
		if c.number != event.GetNumber() || !may(c) {
			continue
		}
		outcome := outcomeOf(event)
		s.conclude(i, outcome, event)
		if c.leaves() && outcome != Rejected {
			s.finish(EndLeft)
		}
		return true
	}
	return false
}
