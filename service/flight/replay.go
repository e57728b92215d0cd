package flight

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// ErrOutside is what Replay.To answers to a seq that the record doesn't hold.
var ErrOutside = errors.New("flight: the record doesn't hold that seq")

// Replay rebuilds a room from a record by the rules, as the server does when it opens a room. It isn't safe for concurrent use.
type Replay struct {
	reader  *Reader
	state   *rules.State
	first   uint64                   // the seq that it begins at
	entries int                      // applied, or being applied
	records []*rules.Record          // of the current entry, still to be applied
	count   func(entry []byte) error // is given each entry before it is applied; nil: nobody is
}

// NewReplay begins with a record's snapshot, or before its first event. Errors as of NewReader, and what is wrong with the snapshot.
func NewReplay(from io.Reader) (*Replay, error) {
	reader, err := NewReader(from)
	if err != nil {
		return nil, err
	}
	var open eventlog.Head
	if data := reader.Snapshot(); data != nil {
		open.Snapshot = &eventlog.Snapshot{Data: data}
	}
	head := reader.Head()
	state, err := engine.Load(eventlog.Key{Namespace: head.Namespace, Room: head.Room}, open)
	if err != nil {
		return nil, fmt.Errorf("flight: %w", err)
	}
	return &Replay{reader: reader, state: state, first: state.Seq()}, nil
}

// Head says whose record it is.
func (r *Replay) Head() Head { return r.reader.Head() }

// Seq is that of the state.
func (r *Replay) Seq() uint64 { return r.state.Seq() }

// State is the room after what was applied. It changes with the replay.
func (r *Replay) State() *rules.State { return r.state }

// Snapshot is the state as a server would store it.
func (r *Replay) Snapshot() *logv1.Snapshot { return r.state.Snapshot() }

// Encoded is the state in the bytes in which a server stores it.
func (r *Replay) Encoded() ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(r.state.Snapshot())
}

// Entry applies what is left of the current entry, or the next one, which may be empty; io.EOF: there is none. Other errors say which entry can't
// follow.
func (r *Replay) Entry() error {
	if len(r.records) == 0 {
		if err := r.next(); err != nil {
			return err
		}
	}
	for len(r.records) > 0 {
		if err := r.apply(); err != nil {
			return err
		}
	}
	return nil
}

// To applies everything up to the event with the seq, and what follows it that nobody sees, before the next event. ErrOutside: the state is
// beyond it already, or the record ends before it.
func (r *Replay) To(seq uint64) error {
	if seq < r.state.Seq() {
		return fmt.Errorf("%w: %d; it begins at %d", ErrOutside, seq, r.first)
	}
	for {
		err := r.fill()
		switch {
		case errors.Is(err, io.EOF) && r.state.Seq() == seq:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: %d; it ends at %d", ErrOutside, seq, r.state.Seq())
		case err != nil:
			return err
		case r.records[0].Event != nil && r.state.Seq() == seq:
			return nil
		}
		if err := r.apply(); err != nil {
			return err
		}
	}
}

// End applies all that is left.
func (r *Replay) End() error {
	for {
		if err := r.Entry(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// fill reads the next entry that holds something, unless the current one has something left.
func (r *Replay) fill() error {
	for len(r.records) == 0 {
		if err := r.next(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replay) next() error {
	data, err := r.reader.Entry()
	if err != nil {
		return err
	}
	if r.count != nil {
		if err := r.count(data); err != nil {
			return err
		}
	}
	r.entries++
	if r.records, err = engine.Records(data); err != nil {
		return r.wrong(err)
	}
	return nil
}

func (r *Replay) apply() error {
	record := r.records[0]
	r.records = r.records[1:]
	if err := r.state.Apply(record); err != nil {
		return r.wrong(err)
	}
	return nil
}

func (r *Replay) wrong(err error) error {
	return fmt.Errorf("flight: entry %d, after seq %d: %w", r.entries, r.state.Seq(), err)
}
