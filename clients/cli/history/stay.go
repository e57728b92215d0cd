package history

import (
	"errors"
	"fmt"
	"slices"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Stay is what one Room object of a client sees. Saw and the others may be called concurrently, but events in their order.
type Stay struct {
	about About
	room  *room

	// Guarded by the room's mu.
	found    []Violation
	spans    []*span
	epoch    uint64 // of the newest event
	replay   *replay
	fold     fold
	answered []answer
	numbers  map[uint64]uint64 // seq that each number was seen at
	through  uint64
}

// span is a part of a stay in which nothing may be missing.
type span struct {
	epoch uint64 // of its beginning
	from  uint64 // what came up to it isn't expected
	to    uint64 // the newest seq seen
	seqs  []uint64
}

func (sp *span) has(seq uint64) bool {
	_, ok := slices.BinarySearch(sp.seqs, seq)
	return ok
}

// replay is the history that a RESUMED promised.
type replay struct {
	welcome *singoffv1.Welcome
	left    uint32
}

type answer struct {
	seq  uint64
	what string
}

// Saw takes in the next event a client yields: Welcomes, replayed history and live events alike.
func (s *Stay) Saw(ev *singoffv1.Event) {
	var d uint64
	if ev.GetSeq() != 0 {
		d = digest(ev)
	}
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	switch body := ev.GetBody().(type) {
	case *singoffv1.Event_Welcome:
		s.welcomeLocked(body.Welcome)
		return
	case *singoffv1.Event_RoomOpened:
		s.room.sameLog(s.epoch, body.RoomOpened.GetEpoch())
		s.epoch = body.RoomOpened.GetEpoch()
	}
	if ev.GetSeq() == 0 {
		return
	}
	if len(s.spans) == 0 {
		s.reportLocked(State, ev.GetSeq(), "an event came before the first Welcome")
		return
	}
	s.keptLocked(ev, d)
}

// Answered takes in how a command ended: its event, or the error of the client. Commands that never ended may be left out.
func (s *Stay) Answered(command *singoffv1.JoinRequest, ev *singoffv1.Event, err error) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	if err == nil && ev.GetSeq() != 0 {
		s.answered = append(s.answered, answer{seq: ev.GetSeq(), what: fmt.Sprintf("%T", ev.GetBody())})
	}
	chat := command.GetChatMessage()
	if chat == nil {
		return
	}
	t := s.room.texts[chat.GetText()]
	if t == nil {
		t = &said{by: s.about.Person}
		s.room.texts[chat.GetText()] = t
	}
	var rejected *singoff.RejectedError
	switch {
	case err == nil && ev.GetChatMessage() != nil:
		t.answered++
	case errors.As(err, &rejected), errors.Is(err, singoff.ErrNotSent):
		t.refused++
	default: // unknown, unseen, or a repeated one's Ack
		t.unknown++
	}
}

// End says that the stay was to see everything up to the seq `through`, which any member has seen; 0: nothing beyond what it
// did see, as of somebody who was killed.
func (s *Stay) End(through uint64) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.through = through
}

func (s *Stay) keptLocked(ev *singoffv1.Event, digest uint64) {
	seq, current := ev.GetSeq(), s.spans[len(s.spans)-1]
	at := place{s.epoch, seq}
	switch {
	case seq > current.to:
		s.replayedLocked(ev)
		current.seqs = append(current.seqs, seq)
		current.to = seq
	case seq <= current.from || current.has(seq):
		s.reportLocked(Repeated, seq, "came again, after seq %d", current.to)
		return
	default:
		s.reportLocked(Reordered, seq, "came after seq %d", current.to)
		i, _ := slices.BinarySearch(current.seqs, seq)
		current.seqs = slices.Insert(current.seqs, i, seq)
	}
	if other := s.room.note(at, ev, digest, s.about.Person); other != nil {
		s.reportLocked(Differs, seq, "%s saw something else here than %T", other.by, ev.GetBody())
	}
	if n := ev.GetNumber(); n != 0 {
		if s.numbers == nil {
			s.numbers = map[uint64]uint64{}
		}
		if old, ok := s.numbers[n]; ok && old != seq {
			s.reportLocked(Twice, seq, "number %d has a record at seq %d already", n, old)
		}
		s.numbers[n] = seq
	}
	s.foldLocked(ev)
	s.replayEndLocked()
}

func (s *Stay) foldLocked(ev *singoffv1.Event) {
	for _, wrong := range s.fold.apply(ev) {
		s.reportLocked(Seats, ev.GetSeq(), "%s", wrong)
	}
}

func (s *Stay) reportLocked(kind Kind, seq uint64, format string, args ...any) {
	s.found = append(s.found, Violation{
		Kind: kind, Room: s.room.name, Person: s.about.Person, Seq: seq, Detail: fmt.Sprintf(format, args...),
	})
}
