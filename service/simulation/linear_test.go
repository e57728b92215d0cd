package simulation

import (
	"maps"
	"strings"

	"github.com/anishathalye/porcupine"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Numbers of one instance: the state is the last that was decided.

type (
	uses      struct{ number uint64 } // a command
	asks      struct{}                // a Welcome
	taken     struct{}
	repeated  struct{}
	outOfStep struct{ next uint64 }
)

var numbers = porcupine.Model{
	Init: func() any { return uint64(0) },
	Step: func(state, input, output any) (bool, any) {
		last := state.(uint64)
		use, isUse := input.(uses)
		if !isUse {
			return output.(uint64) == last, last
		}
		switch out := output.(type) {
		case taken:
			return use.number == last+1, use.number
		case repeated:
			return use.number <= last, last
		case outOfStep:
			return out.next == last+1 && use.number > out.next, last
		}
		if use.number == last+1 { // nobody was told
			return true, use.number
		}
		return true, last
	},
}

// Votes for one singer: the state is who has voted how.

type (
	casts struct {
		by     string
		choice singoffv1.Vote_Choice
	}
	tally     struct{ up, down uint32 }
	unchanged struct{}
)

func tallyOf(t *singoffv1.Tally) tally {
	return tally{t.GetUpGuests() + t.GetUpSignedIn(), t.GetDownGuests() + t.GetDownSignedIn()}
}

type ballots map[string]singoffv1.Vote_Choice

func (b ballots) tally() (t tally) {
	for _, c := range b {
		if c == singoffv1.Vote_CHOICE_UP {
			t.up++
		} else {
			t.down++
		}
	}
	return t
}

func (b ballots) with(c casts) ballots {
	after := maps.Clone(b)
	if delete(after, c.by); c.choice != singoffv1.Vote_CHOICE_NONE {
		after[c.by] = c.choice
	}
	return after
}

var votes = porcupine.Model{
	Init: func() any { return ballots{} },
	Step: func(state, input, output any) (bool, any) {
		now := state.(ballots)
		cast, isVote := input.(casts)
		if !isVote {
			return output.(tally) == now.tally(), now
		}
		after := now.with(cast)
		switch out := output.(type) {
		case tally:
			return out == after.tally() && !maps.Equal(now, after), after
		case unchanged:
			return maps.Equal(now, after), now
		}
		return true, after // nobody was told; one that never was is the last of all
	},
	Equal: func(a, b any) bool { return maps.Equal(a.(ballots), b.(ballots)) },
}

// The singers' seats: the state is who has which. A seat that was given to somebody else isn't had any more by who had it.

type (
	joins struct{ who string }
	sits  struct{ who string } // what they said was taken, so they were there
	full  struct{}
)

const singerSeats = 2

type places [singerSeats + 1]string // from 1

// with gives a seat to somebody, who may have come from another.
func (p places) with(who string, seat int) places {
	for i := range p {
		if p[i] == who {
			p[i] = ""
		}
	}
	p[seat] = who
	return p
}

var seatStates = porcupine.NondeterministicModel{
	Init: func() []any { return []any{places{}} },
	Step: func(state, input, output any) []any {
		now := state.(places)
		seat, seated := output.(int)
		if seated && (seat < 1 || seat > singerSeats) {
			return nil
		}
		join, isJoin := input.(joins)
		switch {
		case !isJoin:
			if now[seat] == input.(sits).who {
				return []any{now}
			}
			return nil
		case seated:
			return []any{now.with(join.who, seat)}
		case output == full{}:
			if now[1] != "" && now[2] != "" && now[1] != join.who && now[2] != join.who {
				return []any{now}
			}
			return nil
		}
		return []any{now, now.with(join.who, 1), now.with(join.who, 2)} // nobody was told
	},
}

var seats = seatStates.ToModel()

// modelOf is what a history is checked against.
func modelOf(what string) porcupine.Model {
	switch {
	case strings.HasPrefix(what, "number"):
		return numbers
	case strings.HasPrefix(what, "votes"):
		return votes
	}
	return seats
}
