package faultlog

import (
	"errors"
	"fmt"

	"github.com/singoff/singoff/service/eventlog"
)

// Fault is what happens to one append.
type Fault int

// What can happen to an append.
const (
	// None: it is handed on, and its answer is that of the log below.
	None Fault = iota
	// Refused: it isn't kept, and the answer is ErrRefused. An entry that an earlier attempt may have brought in isn't called refused,
	// since no log may say so: then it is as UnknownLost.
	Refused
	// UnknownKept: it is handed on, and the answer is ErrUnknown whatever came of it.
	UnknownKept
	// UnknownLost: it isn't handed on, and the answer is ErrUnknown.
	UnknownLost
	// UnknownLate: the answer is ErrUnknown, and it is handed on later: by Deliver, or by chance before another append.
	UnknownLate
	// Conflict: an entry of somebody else takes the place first, then it is handed on.
	Conflict
	// Unanswered: it isn't handed on, and there is no answer until its context ends, which makes it ErrUnknown, or the log is closed.
	Unanswered
	// Broken: it isn't handed on, and the answer is an error that isn't one of the log's own. The contract knows none: this is what a
	// log with a bug does, and tells no more than ErrUnknown.
	Broken
)

var faultNames = [...]string{"none", "refused", "unknown, kept", "unknown, lost", "unknown, late", "conflict", "unanswered", "broken"}

// String names it.
func (f Fault) String() string {
	if f < 0 || int(f) >= len(faultNames) {
		return fmt.Sprintf("Fault(%d)", int(f))
	}
	return faultNames[f]
}

// Chances are how likely an append meets a fault that nobody planned, each from 0 to 1 and at most 1 together. The zero Chances
// are those of a log without faults. Unanswered and Broken come only where they are planned.
type Chances struct {
	Refused     float64
	UnknownKept float64
	UnknownLost float64
	UnknownLate float64
	Conflict    float64
	// Deliver is how likely a late append is handed on when another one comes in; it doesn't count into the sum.
	Deliver float64
}

func (c Chances) of() [Conflict + 1]float64 {
	return [...]float64{
		Refused: c.Refused, UnknownKept: c.UnknownKept, UnknownLost: c.UnknownLost, UnknownLate: c.UnknownLate, Conflict: c.Conflict,
	}
}

// pick gives the fault for a number from 0 up to 1.
func (c Chances) pick(roll float64) Fault {
	for fault, chance := range c.of() {
		if roll < chance {
			return Fault(fault)
		}
		roll -= chance
	}
	return None
}

// Attempt is one call of Append and what came of it.
type Attempt struct {
	Room  eventlog.Key
	After eventlog.Position
	Entry eventlog.Entry // its Data is the caller's own
	// Fault is what was injected.
	Fault Fault
	// Position and Err are what the caller got.
	Position eventlog.Position
	Err      error
}

// Config says what goes wrong.
type Config struct {
	// Log is the log below. Required; it is closed with this one.
	Log eventlog.Log
	// Seed of all chance: the same appends in the same order meet the same faults. Default 0.
	Seed uint64
	// Chances of faults that aren't planned. Default none.
	Chances Chances
	// Foreign makes the entry that a Conflict puts into the place of another one; its FirstSeq must be that one's. It is called
	// without a lock, and may be called at the same time for several rooms. Default: an entry of a new batch without seqs or data.
	Foreign func(room eventlog.Key, after eventlog.Position, entry eventlog.Entry) eventlog.Entry
	// Observe is told each attempt before its caller is, without a lock. Default nobody.
	Observe func(Attempt)
}

func (c Config) validate() error {
	var errs []error
	if c.Log == nil {
		errs = append(errs, errors.New("faultlog: Log: none is given"))
	}
	sum := 0.0
	for fault, chance := range c.Chances.of() {
		sum += chance
		if !(chance >= 0 && chance <= 1) {
			errs = append(errs, fmt.Errorf("faultlog: Chances: %v: %v is not within 0 to 1", Fault(fault), chance))
		}
	}
	if !(sum <= 1) {
		errs = append(errs, fmt.Errorf("faultlog: Chances: together %v, at most 1", sum))
	}
	if d := c.Chances.Deliver; !(d >= 0 && d <= 1) {
		errs = append(errs, fmt.Errorf("faultlog: Chances: Deliver: %v is not within 0 to 1", d))
	}
	return errors.Join(errs...)
}
