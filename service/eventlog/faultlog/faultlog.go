// Package faultlog is an eventlog.Log that fails on purpose, for tests of what is built on one.
// It wraps another log and answers appends as a bad day would: refused, unknown, late, in conflict with another node; as planned
// for the next ones, for all, or by seeded chance. It never lies: what it answers is allowed by the contract of eventlog.Log, but
// for errors of no kind where they are planned, and with nothing planned it is the log below.
package faultlog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/singoff/singoff/service/eventlog"
)

// errPlanned is the cause of all that is injected.
var errPlanned = errors.New("a planned fault")

// Log is a log with faults. All its methods may be called concurrently; in which order appends that come at the same time meet
// planned faults is then not said. It remembers every batch it was given: it is no log for a server.
type Log struct {
	below  eventlog.Log
	config Config

	closed    chan struct{}
	closeOnce sync.Once

	mu      sync.Mutex // protects all below; never held while the log below is called
	chance  *rand.Rand
	planned []Fault
	always  Fault
	failing map[Call]error
	holds   map[Point][]*Hold
	late    []pending
	maybe   map[eventlog.BatchID]int // of a batch, the attempts that brought it in or still may
	foreign uint64                   // foreign entries made
}

// pending is an append to be handed on later.
type pending struct {
	room  eventlog.Key
	after eventlog.Position
	entry eventlog.Entry
}

var _ eventlog.Log = (*Log)(nil)

// New wraps a log. The error names the fields of the config that are out of bounds.
func New(config Config) (*Log, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	return &Log{
		below:   config.Log,
		config:  config,
		closed:  make(chan struct{}),
		chance:  rand.New(rand.NewPCG(config.Seed, 0)),
		failing: make(map[Call]error),
		holds:   make(map[Point][]*Hold),
		maybe:   make(map[eventlog.BatchID]int),
	}, nil
}

// Next plans the faults of the next appends, one for each, after those that are planned already. A planned None is an append
// without a fault.
func (l *Log) Next(faults ...Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.planned = append(l.planned, faults...)
}

// Always plans the fault of all appends after those planned with Next. None leaves them to chance.
func (l *Log) Always(fault Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.always = fault
}

// Late counts the appends that are still to be handed on.
func (l *Log) Late() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.late)
}

// Deliver hands on all late appends, in the order they came in, and says how many of them are kept by now.
func (l *Log) Deliver(ctx context.Context) (kept int) {
	l.mu.Lock()
	late := l.late
	l.late = nil
	l.mu.Unlock()
	return l.handOn(ctx, late)
}

func (l *Log) handOn(ctx context.Context, late []pending) (kept int) {
	for _, a := range late {
		_, err := l.below.Append(ctx, a.room, a.after, a.entry)
		switch {
		case err == nil:
			kept++
		case !errors.Is(err, eventlog.ErrUnknown):
			l.mu.Lock()
			l.maybe[a.entry.Batch]--
			l.mu.Unlock()
		}
	}
	return kept
}

// Append keeps the entry, or not, as planned.
func (l *Log) Append(ctx context.Context, room eventlog.Key, after eventlog.Position, entry eventlog.Entry) (eventlog.Position, error) {
	fault, late := l.choose()
	l.handOn(context.WithoutCancel(ctx), late)
	position, err := l.appendWith(ctx, fault, pending{room, after, entry})
	if err != nil {
		position, err = 0, fmt.Errorf("faultlog (%v): %w", fault, err)
	}
	if l.config.Observe != nil {
		l.config.Observe(Attempt{Room: room, After: after, Entry: entry, Fault: fault, Position: position, Err: err})
	}
	return position, err
}

// choose gives the fault of the next append, and the late ones that are handed on before it.
func (l *Log) choose() (fault Fault, deliver []pending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var late []pending
	for _, a := range l.late {
		if l.chance.Float64() < l.config.Chances.Deliver {
			deliver = append(deliver, a)
		} else {
			late = append(late, a)
		}
	}
	l.late = late
	switch {
	case len(l.planned) > 0:
		fault, l.planned = l.planned[0], l.planned[1:]
	case l.always != None:
		fault = l.always
	default:
		fault = l.config.Chances.pick(l.chance.Float64())
	}
	return fault, deliver
}

func (l *Log) appendWith(ctx context.Context, fault Fault, a pending) (eventlog.Position, error) {
	if err := l.wait(ctx, BeforeKeeping); err != nil {
		return 0, unanswered(err)
	}
	position, err := l.inject(ctx, fault, a)
	if waitErr := l.wait(ctx, BeforeAnswering); waitErr != nil {
		return 0, unanswered(waitErr)
	}
	return position, err
}

// unanswered is the error of an append that waited until its context or the log ended.
func unanswered(err error) error {
	if errors.Is(err, eventlog.ErrClosed) {
		return err
	}
	return fmt.Errorf("%w: %w", eventlog.ErrUnknown, err)
}

func (l *Log) inject(ctx context.Context, fault Fault, a pending) (eventlog.Position, error) {
	switch fault {
	case Refused:
		if !l.mayBeKept(a.entry.Batch) {
			return 0, fmt.Errorf("%w: %w", eventlog.ErrRefused, errPlanned)
		}
	case UnknownKept:
		if _, err := l.pass(ctx, a); errors.Is(err, eventlog.ErrClosed) {
			return 0, err
		}
	case UnknownLate:
		a.entry.Data = bytes.Clone(a.entry.Data)
		l.mu.Lock()
		l.maybe[a.entry.Batch]++
		l.late = append(l.late, a)
		l.mu.Unlock()
	case Conflict:
		// Whether it gets the place doesn't matter: then another one has it.
		_, _ = l.below.Append(ctx, a.room, a.after, l.foreignEntry(a))
		return l.pass(ctx, a)
	case Unanswered:
		return 0, unanswered(l.ended(ctx))
	case Broken:
		return 0, errPlanned
	case UnknownLost:
	default:
		return l.pass(ctx, a)
	}
	return 0, fmt.Errorf("%w: %w", eventlog.ErrUnknown, errPlanned)
}

// pass hands an append on. What the log below refuses isn't surely refused while an earlier attempt is under way.
func (l *Log) pass(ctx context.Context, a pending) (eventlog.Position, error) {
	position, err := l.below.Append(ctx, a.room, a.after, a.entry)
	if err == nil || errors.Is(err, eventlog.ErrUnknown) {
		l.mu.Lock()
		l.maybe[a.entry.Batch]++
		l.mu.Unlock()
	}
	if errors.Is(err, eventlog.ErrRefused) && l.mayBeKept(a.entry.Batch) {
		return 0, fmt.Errorf("%w: %v", eventlog.ErrUnknown, err) //nolint:errorlint // it mustn't be found to be refused
	}
	return position, err
}

func (l *Log) mayBeKept(batch eventlog.BatchID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.maybe[batch] > 0
}

func (l *Log) foreignEntry(a pending) eventlog.Entry {
	if l.config.Foreign != nil {
		return l.config.Foreign(a.room, a.after, a.entry)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.foreign++
	batch := eventlog.BatchID([]byte("foreign\x00........"))
	binary.BigEndian.PutUint64(batch[8:], l.foreign)
	return eventlog.Entry{Batch: batch, FirstSeq: a.entry.FirstSeq}
}
