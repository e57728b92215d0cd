package session

import (
	"fmt"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Outcome is what became of a command.
type Outcome int

// The outcomes.
const (
	// Done: it took effect, and Result.Event is its first event.
	Done Outcome = iota + 1
	// Acked: it was decided and changed nothing; Result.Event holds the Ack.
	Acked
	// Rejected: it was refused; Result.Event holds the Rejected. With NOT_TAKEN nothing was decided and nothing will be.
	Rejected
	// Unseen: it was decided for good, and how won't be known.
	Unseen
	// Unknown: it was sent, and whether it was decided won't be known. It isn't sent again.
	Unknown
	// NotSent: it never was sent and never will be.
	NotSent
)

// String names it.
func (o Outcome) String() string {
	names := []string{"", "Done", "Acked", "Rejected", "Unseen", "Unknown", "NotSent"}
	if o < Done || int(o) >= len(names) {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return names[o]
}

// Result is the one answer to a queued command.
type Result struct {
	ID      CommandID
	Outcome Outcome
	// Event that answers it; nil for Unseen, Unknown and NotSent. It mustn't be changed.
	Event *singoffv1.Event
}

// TakeResults gives the results since the last call, in the order they became known.
func (s *Session) TakeResults() []Result {
	results := s.results
	s.results = nil
	return results
}

// outcomeOf reads an event that answers a command.
func outcomeOf(event *singoffv1.Event) Outcome {
	switch {
	case event.GetRejected() != nil:
		return Rejected
	case event.GetAck().GetRepeated():
		return Unseen
	case event.GetAck() != nil:
		return Acked
	}
	return Done
}

// conclude gives command i its result and takes it off the list.
func (s *Session) conclude(i int, outcome Outcome, event *singoffv1.Event) {
	if outcome == Unseen {
		event = nil
	}
	s.results = append(s.results, Result{ID: s.commands[i].id, Outcome: outcome, Event: event})
	s.remove(i)
}

// concludeAll gives every command a result that is in doubt, and keeps the others.
func (s *Session) concludeAll(outcome func(command) (Outcome, bool)) {
	var kept []command
	for _, c := range s.commands {
		if o, concluded := outcome(c); concluded {
			s.results = append(s.results, Result{ID: c.id, Outcome: o})
		} else {
			kept = append(kept, c)
		}
	}
	s.commands = kept
}
