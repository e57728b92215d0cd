package forget

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// past is what a room's log holds, and what is to be changed of it.
//
// A room whose log is whole is replayed as it is changed, so that the new snapshot is what the changed log leads to, and read on from there when it has gone on
// meanwhile. Of one that was trimmed the newest snapshot is changed, and all is read again.
type past struct {
	log    Log
	key    eventlog.Key
	person *person

	at       eventlog.Position // of the newest entry that was read
	state    *rules.State      // after it
	entries  []eventlog.Stored // changed
	events   int               // changed
	snapshot bool              // the newest snapshot was changed
}

func newPast(log Log, key eventlog.Key, who *person) *past {
	p := &past{log: log, key: key, person: who}
	p.begin()
	return p
}

func (p *past) begin() {
	p.at, p.entries, p.events, p.snapshot = 0, nil, 0, false
	p.state, p.person.made = rules.New(p.key.Namespace, p.key.Room), false
}

// changed says whether there is anything to change.
func (p *past) changed() bool { return len(p.entries) > 0 || p.snapshot }

// read reads what there is, or what there is more than before.
func (p *past) read(ctx context.Context) error {
	oldest, next, err := p.log.Ends(ctx, p.key)
	switch {
	case err != nil:
		return err
	case next == 1:
		return nil // somebody has only tried to make it
	case oldest == 1:
		err = p.readWhole(ctx)
	default:
		err = p.readRest(ctx, oldest)
	}
	if errors.Is(err, eventlog.ErrTrimmed) { // meanwhile
		p.begin()
		if oldest, _, err = p.log.Ends(ctx, p.key); err == nil {
			err = p.readRest(ctx, oldest)
		}
	}
	return err
}

// readWhole goes on after what was read. Entries without an event are found beside those that have one.
func (p *past) readWhole(ctx context.Context) error {
	for stored, err := range p.log.Read(ctx, p.key, max(1, p.state.Seq())) {
		if err != nil {
			return err
		}
		if stored.Position <= p.at {
			continue
		}
		e, err := p.take(stored, true)
		if err != nil {
			return err
		}
		if err := p.apply(e); err != nil {
			return err
		}
		p.at = stored.Position
	}
	return nil
}

// readRest reads a room whose log was trimmed: first who is who, which may be told later than it is needed.
func (p *past) readRest(ctx context.Context, oldest uint64) error {
	p.begin()
	head, err := p.log.Open(ctx, p.key)
	if err != nil {
		return err
	}
	if head.Snapshot == nil {
		return fmt.Errorf("forget: %v is trimmed up to seq %d and has no snapshot", p.key, oldest-1)
	}
	state, err := readSnapshot(head.Snapshot.Data)
	if err != nil {
		return err
	}
	for range 2 { // what somebody was called can be told before who they were
		p.person.meetIn(state)
		if err := p.meetAll(ctx, oldest); err != nil {
			return err
		}
	}
	for stored, err := range p.log.Read(ctx, p.key, oldest) {
		if err != nil {
			return err
		}
		if stored.Position > head.Snapshot.Position {
			break
		}
		if _, err := p.take(stored, false); err != nil {
			return err
		}
	}
	return p.rebuild(state, head)
}

// meetAll learns from all entries that are kept.
func (p *past) meetAll(ctx context.Context, oldest uint64) error {
	for stored, err := range p.log.Read(ctx, p.key, oldest) {
		if err != nil {
			return err
		}
		e, err := readEntry(stored.Data)
		if err != nil {
			return err
		}
		for _, r := range e.records {
			p.person.meet(r)
		}
	}
	return nil
}

// rebuild takes the state from the snapshot and what follows it.
func (p *past) rebuild(state snapshot, head eventlog.Head) (err error) {
	p.snapshot = p.person.blankIn(state)
	if p.state, err = rules.FromSnapshot(p.key.Namespace, p.key.Room, state.Snapshot); err != nil {
		return err
	}
	for _, stored := range head.Entries {
		e, err := p.take(stored, true)
		if err != nil {
			return err
		}
		if err := p.apply(e); err != nil {
			return err
		}
	}
	p.at = head.Position
	return nil
}

// take reads an entry, learns from it if that wasn't done before, and keeps it if it was changed.
func (p *past) take(stored eventlog.Stored, meet bool) (e entry, err error) {
	if e, err = readEntry(stored.Data); err != nil {
		return e, err
	}
	events := 0
	for _, r := range e.records {
		if meet {
			p.person.meet(r)
		}
		if !p.person.blank(r) {
			continue
		}
		events++
		if r.event != nil {
			if r.Event, err = proto.Marshal(r.event); err != nil {
				return e, err
			}
		}
	}
	if events > 0 {
		if stored.Data, err = proto.Marshal(e.Entry); err != nil {
			return e, err
		}
		p.entries = append(p.entries, stored)
		p.events += events
	}
	return e, nil
}

func (p *past) apply(e entry) error {
	for _, r := range e.records {
		known, err := rules.FromProto(r.Record)
		if err != nil {
			return err
		}
		if err := p.state.Apply(known); err != nil {
			return err
		}
	}
	return nil
}

// rewriting is the change, with an entry of no meaning by which whoever has the room open finds out.
func (p *past) rewriting(batch eventlog.BatchID) (eventlog.Rewriting, error) {
	data, err := proto.Marshal(p.state.Snapshot())
	if err != nil {
		return eventlog.Rewriting{}, err
	}
	return eventlog.Rewriting{After: p.at, Entries: p.entries, Entry: engine.Empty(p.state, batch), Snapshot: data}, nil
}
