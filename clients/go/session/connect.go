package session

import (
	"slices"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Connect begins a new attempt, which ends any connection before it, and gives the Hello to send on it. Error: ErrEnded; also when
// ending that connection ends the session, since a Leave was on its wire.
func (s *Session) Connect() (*singoffv1.JoinRequest, error) {
	s.Lost()
	if s.phase == Ended {
		return nil, ErrEnded
	}
	s.attempt++
	s.phase, s.goaway = Greeting, nil
	hello := proto.CloneOf(s.hello)
	hello.Attempt = s.attempt
	hello.TakeOver = s.takeOver && !s.welcomed
	hello.Resume = s.Resume()
	return &singoffv1.JoinRequest{LastSeq: s.lastSeq, Command: &singoffv1.JoinRequest_Hello{Hello: hello}}, nil
}

// Lost says that there is no connection any more. With a Leave on its wire the session ends: a Leave isn't repeated, and nobody who is
// leaving comes back by itself.
func (s *Session) Lost() {
	if s.phase == Idle || s.phase == Ended {
		return
	}
	if slices.ContainsFunc(s.commands, func(c command) bool { return c.leaves() && c.number != 0 }) {
		s.finish(EndLeaveUnknown)
		return
	}
	s.phase, s.draining, s.replayLeft = Idle, false, 0
}

// Close ends the session without leaving the room.
func (s *Session) Close() { s.finish(EndClosed) }

// finish ends the session: what was sent is unknown, the rest never will be sent.
func (s *Session) finish(end End) {
	if s.phase == Ended {
		return
	}
	s.phase, s.end = Ended, end
	s.concludeAll(func(c command) (Outcome, bool) {
		if c.number == 0 {
			return NotSent, true
		}
		return Unknown, true
	})
}
