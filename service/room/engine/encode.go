package engine

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/rules"
)

// ErrNewerRules is what Load answers to a log that a newer version of the rules has written: this node must not go on from it.
var ErrNewerRules = errors.New("engine: the room was decided by newer rules than this node knows")

// Fields of the protocol that are written by hand, so that an event is encoded once for all.
const (
	responseEvents = 1 // JoinResponse.events
	eventNumber    = 4 // Event.number
)

// Response encodes a JoinResponse that holds just the event, in one piece; event is the part of it that is the Event.
func Response(e *singoffv1.Event) (response, event []byte) {
	size := proto.Size(e)
	response = make([]byte, 0, protowire.SizeTag(responseEvents)+protowire.SizeBytes(size))
	response = header(response, size)
	start := len(response)
	response, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(response, e)
	if err != nil {
		panic(fmt.Sprintf("engine: an event that can't be encoded: %v", err)) // invalid UTF-8: checked at the door
	}
	return response, response[start:]
}

func header(b []byte, size int) []byte {
	b = protowire.AppendTag(b, responseEvents, protowire.BytesType)
	return protowire.AppendVarint(b, uint64(size))
}

// Numbered is the copy of a response for the instance whose numbered command it answers.
func Numbered(response []byte, number uint64) []byte {
	_, _, tag := protowire.ConsumeTag(response)
	event, _ := protowire.ConsumeBytes(response[tag:])
	size := len(event) + protowire.SizeTag(eventNumber) + protowire.SizeVarint(number)
	b := header(make([]byte, 0, size+8), size)
	b = append(b, event...)
	b = protowire.AppendTag(b, eventNumber, protowire.VarintType)
	return protowire.AppendVarint(b, number)
}

// encode makes the entry of a batch that led to the state, and the items of its events; their bytes are encoded once.
func encode(b *rules.Batch, state *rules.State, id eventlog.BatchID) (eventlog.Entry, []Item) {
	p := &logv1.Entry{
		BatchId: id[:], FirstSeq: state.Seq() + 1, Epoch: state.Epoch(), RulesVersion: rules.Version, Time: b.Now().UnixMilli(),
		Records: make([]*logv1.Record, 0, len(b.Records)),
	}
	items := make([]Item, 0, len(b.Records))
	for _, r := range b.Records {
		if r.Event == nil {
			p.Records = append(p.Records, r.Proto(nil))
			continue
		}
		response, event := Response(r.Event)
		p.Records = append(p.Records, r.Proto(event))
		items = append(items, Item{Seq: r.Event.Seq, Response: response, Audience: r.Audience, Command: r.Command, Begins: begins(r.Event)})
	}
	p.Count = uint32(len(items))
	if len(items) > 0 {
		p.FirstSeq = items[0].Seq
	}
	data, err := proto.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("engine: an entry that can't be encoded: %v", err))
	}
	return eventlog.Entry{Batch: id, FirstSeq: p.FirstSeq, Count: p.Count, Data: data}, items
}

// Empty is an entry without records that can follow on a state. Whoever has the room open meets it as a conflict.
func Empty(state *rules.State, id eventlog.BatchID) eventlog.Entry {
	entry, _ := encode(rules.Begin(state, nil, state.Time()), state, id)
	return entry
}

// Items reads the events of a stored entry.
func Items(data []byte) ([]Item, error) {
	p, err := decode(data)
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, rp := range p.Records {
		if rp.Seq == 0 {
			continue
		}
		r, err := rules.FromProto(&logv1.Record{Audience: rp.Audience, Command: rp.Command})
		if err != nil {
			return nil, err
		}
		response := append(header(make([]byte, 0, len(rp.Event)+8), len(rp.Event)), rp.Event...)
		items = append(items, Item{Seq: rp.Seq, Response: response, Audience: r.Audience, Command: r.Command})
	}
	return items, nil
}

// begins gives the id of the track that an event begins; empty: none.
func begins(e *singoffv1.Event) string {
	if p := e.GetPlayback(); p.GetAction() == singoffv1.Playback_ACTION_START {
		return p.GetNow().GetTrack().GetTrackId()
	}
	return ""
}

func decode(data []byte) (*logv1.Entry, error) {
	p := &logv1.Entry{}
	if err := proto.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("engine: entry: %w", err)
	}
	if p.RulesVersion > rules.Version {
		return nil, fmt.Errorf("%w: version %d, this node knows %d", ErrNewerRules, p.RulesVersion, rules.Version)
	}
	events := uint32(0)
	for _, r := range p.Records {
		if r.GetSeq() != 0 {
			events++
		}
	}
	if events != p.Count {
		return nil, fmt.Errorf("engine: entry: %d events, it says %d", events, p.Count)
	}
	return p, nil
}

// Load rebuilds a room from what its log proposes.
func Load(room eventlog.Key, head eventlog.Head) (*rules.State, error) {
	state := rules.New(room.Namespace, room.Room)
	if snap := head.Snapshot; snap != nil {
		p := &logv1.Snapshot{}
		if err := proto.Unmarshal(snap.Data, p); err != nil {
			return nil, fmt.Errorf("engine: snapshot of %v: %w", room, err)
		}
		if p.RulesVersion > rules.Version {
			return nil, fmt.Errorf("%w: version %d, this node knows %d", ErrNewerRules, p.RulesVersion, rules.Version)
		}
		var err error
		if state, err = rules.FromSnapshot(room.Namespace, room.Room, p); err != nil {
			return nil, fmt.Errorf("engine: snapshot of %v: %w", room, err)
		}
	}
	for _, stored := range head.Entries {
		if err := replay(state, stored.Entry); err != nil {
			return nil, fmt.Errorf("engine: %v at position %d: %w", room, stored.Position, err)
		}
	}
	return state, nil
}

func replay(state *rules.State, entry eventlog.Entry) error {
	p, err := decode(entry.Data)
	if err != nil {
		return err
	}
	if p.Count != entry.Count {
		return fmt.Errorf("engine: the entry has %d events, its store says %d", p.Count, entry.Count)
	}
	for _, rp := range p.Records {
		r, err := rules.FromProto(rp)
		if err != nil {
			return err
		}
		if err := state.Apply(r); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot writes the room as the log has it.
func (e *Engine) Snapshot() (eventlog.Snapshot, error) {
	data, err := proto.Marshal(e.kept.Snapshot())
	return eventlog.Snapshot{Position: e.position, Seq: e.kept.Seq(), Data: data}, err
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	return timestamppb.New(t.Truncate(time.Millisecond))
}

func duration(d time.Duration) *durationpb.Duration { return durationpb.New(d) }
