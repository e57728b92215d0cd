package singoff

import (
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/singoff/singoff/clients/go/transport"
)

// Phase is how a Room's connection stands.
type Phase int

// The phases of a Room.
const (
	// PhaseConnecting: the first try is under way.
	PhaseConnecting Phase = iota
	// PhaseJoined: the server has said Welcome.
	PhaseJoined
	// PhaseReconnecting: a try failed or a connection was lost, and there will be another try or it is under way.
	PhaseReconnecting
	// PhaseClosed: the Room has ended.
	PhaseClosed
)

// String names it.
func (p Phase) String() string {
	switch p {
	case PhaseConnecting:
		return "connecting"
	case PhaseJoined:
		return "joined"
	case PhaseReconnecting:
		return "reconnecting"
	case PhaseClosed:
		return "closed"
	}
	return fmt.Sprintf("Phase(%d)", int(p))
}

// ConnectionState is how a Room's connection stands, and why.
type ConnectionState struct {
	// Phase it is in.
	Phase Phase
	// Attempt counts the tries to connect, from 1.
	Attempt uint64
	// Cause of a PhaseReconnecting (why the last try or connection ended) or of a PhaseClosed (nil: left, or closed by the application).
	Cause error
	// NextTry is when the next try is made, in PhaseReconnecting; zero while it is under way.
	NextTry time.Time
	// Way of the newest connection that was joined, with the reason if it isn't the preferred one; zero: there was none yet.
	Way transport.Way
}

// states is a list of states that any number of readers follow, each at its own pace, none missing one. What nobody still has to
// read is garbage.
type states struct {
	listener func(ConnectionState) // nil: none
	mu       sync.Mutex            // protects newest
	newest   *stateNode
}

// stateNode is a state; next is set before more is closed.
type stateNode struct {
	state ConnectionState
	more  chan struct{}
	next  *stateNode
}

func newStates(listener func(ConnectionState)) *states {
	return &states{listener: listener, newest: &stateNode{state: ConnectionState{Phase: PhaseConnecting}, more: make(chan struct{})}}
}

// set adds a state; one call at a time. The Way stays as it was unless the state has one.
func (s *states) set(state ConnectionState) {
	if state.Way.Kind == "" {
		state.Way = s.node().state.Way
	}
	s.add(state)
	if s.listener != nil {
		s.listener(state)
	}
}

func (s *states) add(state ConnectionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	node := &stateNode{state: state, more: make(chan struct{})}
	s.newest.next = node
	close(s.newest.more)
	s.newest = node
}

func (s *states) node() *stateNode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}

// follow yields the state as it is now and each later one, up to and including PhaseClosed.
func (s *states) follow() iter.Seq[ConnectionState] {
	return func(yield func(ConnectionState) bool) {
		for node := s.node(); yield(node.state) && node.state.Phase != PhaseClosed; node = node.next {
			<-node.more
		}
	}
}
