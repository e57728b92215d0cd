package session

import (
	"fmt"
	"slices"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// CommandID is a Session's own name of a queued command, from 1; it has nothing to do with its number on the wire.
type CommandID uint64

// command is queued and has no result yet.
type command struct {
	id      CommandID
	request *singoffv1.JoinRequest
	number  uint64 // under which it was sent last; 0: never sent
	attempt uint64 // of the connection it was sent on last
}

func (c command) leaves() bool { return c.request.GetLeave() != nil }

// Numbered tells whether a command is sent with a number. The others are sent at most once and have no result.
func Numbered(request *singoffv1.JoinRequest) bool {
	switch request.GetCommand().(type) {
	case nil, *singoffv1.JoinRequest_Hello, *singoffv1.JoinRequest_Reaction, *singoffv1.JoinRequest_Signal, *singoffv1.JoinRequest_Ping:
		return false
	}
	return true
}

// Queue takes a command to be sent in its turn. The number it comes with is ignored. The request is kept, not changed, and mustn't be
// changed by the caller. Errors: ErrCommand, ErrLeaving, ErrEnded.
func (s *Session) Queue(request *singoffv1.JoinRequest) (CommandID, error) {
	switch {
	case s.phase == Ended:
		return 0, ErrEnded
	case !Numbered(request):
		return 0, fmt.Errorf("%w: %T", ErrCommand, request.GetCommand())
	case len(s.commands) > 0 && s.commands[len(s.commands)-1].leaves():
		return 0, ErrLeaving
	}
	s.lastID++
	s.commands = append(s.commands, command{id: s.lastID, request: request})
	return s.lastID, nil
}

// Withdraw takes a command back that was never sent: it gets no result then. False: it was sent, or has a result.
func (s *Session) Withdraw(id CommandID) bool {
	i := slices.IndexFunc(s.commands, func(c command) bool { return c.id == id })
	if i < 0 || s.commands[i].number != 0 {
		return false
	}
	s.remove(i)
	return true
}

// Next is the message to send now; nil: none. A message given counts as sent.
func (s *Session) Next() *singoffv1.JoinRequest {
	under := s.underWay()
	if s.phase != Joined || under == len(s.commands) || under >= s.window || s.draining && under > 0 {
		return nil
	}
	s.draining = false
	c := &s.commands[under]
	c.number, c.attempt = s.next, s.attempt
	s.next++
	return &singoffv1.JoinRequest{Number: c.number, LastSeq: s.lastSeq, Command: c.request.GetCommand()}
}

// Once makes the message of a command without a number; nil: there is no connection to send it on. Hello isn't one.
func (s *Session) Once(request *singoffv1.JoinRequest) *singoffv1.JoinRequest {
	welcomed := s.phase == Replaying || s.phase == Joined
	if ping := request.GetPing() != nil && s.phase == Greeting; !ping && !welcomed {
		return nil
	}
	return &singoffv1.JoinRequest{LastSeq: s.lastSeq, Command: request.GetCommand()}
}

// Unanswered is how many commands are on this connection's wire.
func (s *Session) Unanswered() int { return s.underWay() }

// Waiting is how many commands are to be sent, for the first time or again.
func (s *Session) Waiting() int { return len(s.commands) - s.underWay() }

// underWay counts the commands on this connection's wire: the first ones of the list.
func (s *Session) underWay() int {
	i := slices.IndexFunc(s.commands, func(c command) bool { return !s.onWire(c) })
	if i < 0 {
		return len(s.commands)
	}
	return i
}

func (s *Session) onWire(c command) bool {
	return c.number != 0 && c.attempt == s.attempt && s.phase != Idle
}

func (s *Session) remove(i int) { s.commands = slices.Delete(s.commands, i, i+1) }
