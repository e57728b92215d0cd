// Package session decides what a client of a room sends, numbers, repeats and reports, whatever happens to its connections.
// A Session is a pure state machine: it has no clock, does no I/O and starts no goroutine, so the same inputs give the same outputs. Its
// caller queues commands, hands in what a connection brings, sends what Next gives, and takes the results.
package session

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// What a Session answers, to be told apart with errors.Is.
var (
	// ErrConfig: a field of Config is missing or impossible.
	ErrConfig = errors.New("session: bad config")
	// ErrProtocol: the server sent what it never may. The event had no effect; the connection must be ended, then Lost.
	ErrProtocol = errors.New("session: the server broke the protocol")
	// ErrEnded: the session has ended.
	ErrEnded = errors.New("session: ended")
	// ErrLeaving: a Leave is queued or sent, and nothing can come after it.
	ErrLeaving = errors.New("session: leaving")
	// ErrCommand: a command that can't be queued: none, a Hello, or one that is sent without a number.
	ErrCommand = errors.New("session: not a command with a number")
)

// DefaultUnanswered is how many commands may be on the wire without an answer.
const DefaultUnanswered = 64

// Config is what a Session is made from.
type Config struct {
	// Hello says who wants in where. Its instance is required, random, and used for no other Session; attempt, take_over and resume are
	// filled by the Session. It isn't changed.
	Hello *singoffv1.Hello
	// TakeOver: a person asked for this, so Hello says take_over until the first Welcome. Default false.
	TakeOver bool
	// Resume is where an earlier session stopped; nil: nowhere.
	Resume *singoffv1.Resume
	// Unanswered commands on the wire at most, 1 to 64; 0: DefaultUnanswered. Welcome.limits may lower it.
	Unanswered int
}

func (c Config) validate() error {
	switch {
	case c.Hello == nil:
		return fmt.Errorf("%w: Hello is nil", ErrConfig)
	case c.Hello.GetInstance() == "" || len(c.Hello.GetInstance()) > 64:
		return fmt.Errorf("%w: Hello.instance has %d bytes, 1 to 64 are needed", ErrConfig, len(c.Hello.GetInstance()))
	case c.Unanswered < 0 || c.Unanswered > DefaultUnanswered:
		return fmt.Errorf("%w: Unanswered is %d, 1 to %d are allowed", ErrConfig, c.Unanswered, DefaultUnanswered)
	}
	return nil
}

// Phase is where a Session is.
type Phase int

// The phases, in the order of a session's life. Lost leads back to Idle from all but Ended.
const (
	// Idle: there is no connection.
	Idle Phase = iota
	// Greeting: Hello is to be sent or was sent, Welcome hasn't come.
	Greeting
	// Replaying: Welcome has come, events of a RESUMED are still to come.
	Replaying
	// Joined: all is live.
	Joined
	// Parting: the server has said a Goaway that isn't final.
	Parting
	// Ended: nothing will happen any more.
	Ended
)

// String names it.
func (p Phase) String() string {
	names := []string{"Idle", "Greeting", "Replaying", "Joined", "Parting", "Ended"}
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("Phase(%d)", int(p))
	}
	return names[p]
}

// End is why a Session has ended.
type End int

// Why a Session has ended.
const (
	// NotEnded: it hasn't.
	NotEnded End = iota
	// EndLeft: Leave was answered.
	EndLeft
	// EndLeaveUnknown: the connection was lost with a Leave on the wire.
	EndLeaveUnknown
	// EndRefused: by a final Goaway; see Goaway.
	EndRefused
	// EndClosed: by Close.
	EndClosed
)

// Session is one instance's life in one room. It is not safe for concurrent use.
//
// Its invariants, each of which an observer from outside can check:
//   - Every command queued gets exactly one result; the result never turns out untrue.
//   - Commands on the wire of one connection have rising numbers in steps of one from Welcome.last_number + 1, or, once a NOT_TAKEN was followed
//     by the answers to all others, from its next_number.
//   - Commands are sent in the order they were queued, those to be repeated before those that never were sent.
//   - No numbered command is sent before a Welcome and the end of its replay, nor after a Goaway.
//   - A command is repeated only if this membership saw the server say that it wasn't decided.
//   - Resume never names an event that wasn't received, and none received is after it.
type Session struct {
	hello    *singoffv1.Hello // replaced, never changed
	takeOver bool
	limit    int

	phase    Phase
	end      End
	goaway   *singoffv1.Goaway
	attempt  uint64
	welcomed bool
	since    since // of the former Welcome

	resumable bool // epoch and lastSeq mean something
	epoch     uint64
	lastSeq   uint64

	// Of the connection.
	welcome    *singoffv1.Welcome // the last one
	replayLeft uint32
	next       uint64 // number of the next command
	window     int
	draining   bool // a NOT_TAKEN has come, and not all others' answers

	commands []command // in the order queued: those on this connection's wire, those to be repeated, those never sent
	lastID   CommandID
	results  []Result
}

type since struct{ epoch, seq uint64 }

// New makes a Session that has no connection yet.
func New(config Config) (*Session, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	s := &Session{hello: config.Hello, takeOver: config.TakeOver, limit: config.Unanswered}
	if s.limit == 0 {
		s.limit = DefaultUnanswered
	}
	s.window = s.limit
	if r := config.Resume; r != nil {
		s.resumable, s.epoch, s.lastSeq = true, r.GetEpoch(), r.GetLastSeq()
	}
	return s, nil
}

// Clone is an independent Session in the same state.
func (s *Session) Clone() *Session {
	c := *s
	c.commands = slices.Clone(s.commands)
	c.results = slices.Clone(s.results)
	return &c
}

// Phase is where it is.
func (s *Session) Phase() Phase { return s.phase }

// End is why it has ended.
func (s *Session) End() End { return s.end }

// Goaway is what the server said last on this or the last connection; nil: nothing. It mustn't be changed.
func (s *Session) Goaway() *singoffv1.Goaway { return s.goaway }

// Attempt is how often Connect was called.
func (s *Session) Attempt() uint64 { return s.attempt }

// Welcome is the last one received; nil: none yet. It mustn't be changed.
func (s *Session) Welcome() *singoffv1.Welcome { return s.welcome }

// GuestKey is the key in use: of Config.Hello, or the one the server made. Nil: a token, or none yet.
func (s *Session) GuestKey() []byte { return s.hello.GetGuestKey() }

// Resume names the newest event received; nil: none.
func (s *Session) Resume() *singoffv1.Resume {
	if !s.resumable {
		return nil
	}
	return &singoffv1.Resume{Epoch: s.epoch, LastSeq: s.lastSeq}
}

// Token is what the next Hello shows; empty: nothing.
func (s *Session) Token() string { return s.hello.GetToken() }

// Renew uses a fresh token in each later Hello.
func (s *Session) Renew(token string) {
	hello := proto.CloneOf(s.hello)
	hello.Token = token
	s.hello = hello
}
