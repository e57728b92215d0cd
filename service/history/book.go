package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
)

// Backward pages are read in blocks of so many seqs.
const (
	blockLeast = 32
	blockMost  = 512
)

// book is one room's log while a page of it is read.
type book struct {
	ctx            context.Context
	log            Log
	room           eventlog.Key
	oldest, newest uint64
}

// place is what the log has at a seq.
type place int

const (
	beyond  place = iota // nothing yet
	trimmed              // no more
	kept
)

// at looks up one entry: the one that holds the seq.
func (b *book) at(seq uint64) (eventlog.Stored, place, error) {
	for stored, err := range b.log.Read(b.ctx, b.room, seq) {
		if errors.Is(err, eventlog.ErrTrimmed) {
			return stored, trimmed, nil
		}
		return stored, kept, b.wrap(err)
	}
	return eventlog.Stored{}, beyond, nil
}

func (b *book) wrap(err error) error {
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// measure finds the oldest and the newest seq.
func (b *book) measure() error {
	oldest, next, err := b.log.Ends(b.ctx, b.room)
	switch {
	case err != nil:
		return b.wrap(err)
	case next == 1:
		return ErrNoRoom
	}
	b.oldest, b.newest = oldest, next-1
	return nil
}

// search gives the lowest seq in low to high for which is is true; it must be true for high, and stay true above the lowest.
func (b *book) search(low, high uint64, is func(uint64) (bool, error)) (uint64, error) {
	for low < high {
		middle := low + (high-low)/2
		yes, err := is(middle)
		if err != nil {
			return 0, err
		}
		if yes {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// start is the seq that a page begins at; backward it is 0 where nothing is.
func (b *book) start(q Query) (seq uint64, err error) {
	switch {
	case q.Seq != 0:
		seq = q.Seq
	case !q.Time.IsZero():
		if seq, err = b.timed(q); err != nil {
			return 0, err
		}
	case q.Backward:
		return b.newest, nil
	default:
		return b.oldest, nil
	}
	switch {
	case seq >= b.oldest:
	case q.Backward && (q.Continued || b.oldest == 1):
		return 0, nil
	default:
		return 0, &TrimmedError{Oldest: b.oldest}
	}
	if q.Backward {
		seq = min(seq, b.newest)
	}
	return seq, nil
}

// timed is the first seq whose event isn't earlier than the time, or backward the last whose event isn't later. Times never fall within a room, so
// it is found by halving. Where that lies before the oldest event of a history that was trimmed, what was asked for may be gone: then it is the
// seq before the oldest.
func (b *book) timed(q Query) (uint64, error) {
	first, err := b.search(b.oldest, b.newest+1, func(seq uint64) (bool, error) {
		at, err := b.time(seq)
		return (q.Backward && at.After(q.Time)) || (!q.Backward && !at.Before(q.Time)), err
	})
	switch {
	case err != nil:
		return 0, err
	case q.Backward:
		return first - 1, nil
	case first == b.oldest && b.oldest > 1 && b.oldest <= b.newest:
		at, err := b.time(first)
		if err == nil && at.After(q.Time) {
			return first - 1, nil
		}
		return first, err
	}
	return first, nil
}

// time is when an event happened.
func (b *book) time(seq uint64) (time.Time, error) {
	stored, what, err := b.at(seq)
	if err != nil {
		return time.Time{}, err
	}
	if what == trimmed {
		return time.Time{}, &TrimmedError{Oldest: seq + 1}
	}
	items, err := engine.Items(stored.Data)
	if err != nil {
		return time.Time{}, b.wrap(err)
	}
	for _, it := range items {
		if it.Seq == seq {
			event, err := eventOf(it)
			return event.GetTime().AsTime(), err
		}
	}
	return time.Time{}, fmt.Errorf("history: %v: the entry of seq %d doesn't hold it", b.room, seq)
}

// forward collects from a seq on.
func (b *book) forward(from uint64, c *collector) error {
	if from > b.newest {
		return nil
	}
	for it, err := range b.items(from) {
		if err != nil {
			return b.gone(err)
		}
		b.newest = max(b.newest, it.Seq)
		if more, err := c.add(it); err != nil || !more {
			return err
		}
	}
	return nil
}

// gone says where the history begins now, if it was trimmed while it was read.
func (b *book) gone(err error) error {
	if !errors.Is(err, eventlog.ErrTrimmed) {
		return err
	}
	oldest, _, endsErr := b.log.Ends(b.ctx, b.room)
	return errors.Join(&TrimmedError{Oldest: oldest}, b.wrap(endsErr))
}

// backward collects from a seq down, in blocks that are read forward.
func (b *book) backward(from uint64, c *collector) error {
	for high := from; high >= b.oldest && high > 0; {
		size := uint64(min(max(c.most-len(c.events), blockLeast), blockMost))
		low := b.oldest
		if high-b.oldest >= size {
			low = high - size + 1
		}
		block, err := b.block(low, high)
		if errors.Is(err, eventlog.ErrTrimmed) {
			return b.bottom(high, c)
		}
		if err != nil {
			return err
		}
		for _, it := range slices.Backward(block) {
			if more, err := c.add(it); err != nil || !more {
				return err
			}
		}
		high = low - 1
	}
	return nil
}

// bottom ends a backward page whose rest was trimmed while it was read: what is left of it is for the next one, if anything is.
func (b *book) bottom(high uint64, c *collector) error {
	if _, what, err := b.at(high); err != nil || what != kept {
		return err
	}
	c.next = high
	return nil
}

// block reads the events of low to high.
func (b *book) block(low, high uint64) (block []engine.Item, err error) {
	for it, err := range b.items(low) {
		if err != nil {
			return nil, err
		}
		if it.Seq > high {
			break
		}
		block = append(block, it)
	}
	return block, nil
}

// items reads events from a seq on.
func (b *book) items(from uint64) iter.Seq2[engine.Item, error] {
	return func(yield func(engine.Item, error) bool) {
		for stored, err := range b.log.Read(b.ctx, b.room, from) {
			var items []engine.Item
			if err == nil {
				items, err = engine.Items(stored.Data)
			}
			if err != nil {
				yield(engine.Item{}, b.wrap(err))
				return
			}
			for _, it := range items {
				if it.Seq >= from && !yield(it, nil) {
					return
				}
			}
		}
	}
}
