package rules

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Record is one step of a room's state.
type Record struct {
	// Event is what is seen, complete but for a number; its Seq is the record's. nil: a step that nobody sees, without a seq.
	Event *singoffv1.Event
	// Audience are the users who may see the event; none: everybody.
	Audience []User
	// Command is the numbered command that this is the one record of, if it is.
	Command *CommandKey
	// Fact is what the rules need beside the event: *Attached, *Voted, *Removed, *Restored or nil.
	Fact any
}

// CommandKey names a numbered command.
type CommandKey struct {
	User     User
	Instance Instance
	Number   uint64
}

// Attached ties a connection to a member: with a JOINED, with a RETURNED, or seen by nobody.
type Attached struct {
	MemberID   string
	User       User
	Instance   Instance
	Attempt    uint64
	Connection Connection
	Made       *Made // with the JOINED that makes the room
}

// Made is what a room is made with.
type Made struct {
	Title             string
	Singers, Watchers int
}

// Voted is whose vote it is, for whom.
type Voted struct {
	Voter    User
	SignedIn bool
	Singer   User
}

// Removed keeps a user out until then (milliseconds since 1970), or for the room's life with 0: with a KICK or BAN, or, by the operator,
// seen by nobody.
type Removed struct {
	User     User
	MemberID string // by the operator: as whom they were removed
	Until    int64
}

// Restored lets a user in again.
type Restored struct{ User User }

// VisibleTo says whether a user may see the record's event.
func (r *Record) VisibleTo(u User) bool { return Visible(r.Audience, u) }

// Visible says whether a user is of an audience; none is everybody.
func Visible(audience []User, u User) bool {
	return len(audience) == 0 || slices.Contains(audience, u)
}

// Proto gives the record as the log keeps it. event is the encoded Event, so that it is encoded once for all.
func (r *Record) Proto(event []byte) *logv1.Record {
	p := &logv1.Record{Event: event}
	if r.Event != nil {
		p.Seq = r.Event.Seq
	}
	for i := range r.Audience {
		p.Audience = append(p.Audience, r.Audience[i][:])
	}
	if c := r.Command; c != nil {
		p.Command = &logv1.Command{User: c.User[:], Instance: uint64(c.Instance), Number: c.Number}
	}
	switch f := r.Fact.(type) {
	case *Attached:
		a := &logv1.Attached{MemberId: f.MemberID, User: f.User[:], Instance: uint64(f.Instance), Attempt: f.Attempt, Connection: uint64(f.Connection)}
		if m := f.Made; m != nil {
			a.Made = &logv1.Made{Title: m.Title, Seats: &singoffv1.Seats{Singers: uint32(m.Singers), Watchers: uint32(m.Watchers)}}
		}
		p.Fact = &logv1.Record_Attached{Attached: a}
	case *Voted:
		p.Fact = &logv1.Record_Voted{Voted: &logv1.Voted{Voter: f.Voter[:], SignedIn: f.SignedIn, Singer: f.Singer[:]}}
	case *Removed:
		p.Fact = &logv1.Record_Removed{Removed: &logv1.Removed{User: f.User[:], MemberId: f.MemberID, Until: f.Until}}
	case *Restored:
		p.Fact = &logv1.Record_Restored{Restored: &logv1.Restored{User: f.User[:]}}
	}
	return p
}

// FromProto reads a record that Proto wrote.
func FromProto(p *logv1.Record) (*Record, error) {
	r := &Record{}
	if len(p.Event) > 0 {
		r.Event = &singoffv1.Event{}
		if err := proto.Unmarshal(p.Event, r.Event); err != nil {
			return nil, fmt.Errorf("rules: record %d: %w", p.Seq, err)
		}
		if r.Event.Seq != p.Seq {
			return nil, fmt.Errorf("rules: record %d holds event %d", p.Seq, r.Event.Seq)
		}
	}
	var bad error
	user := func(b []byte) (u User) {
		if copy(u[:], b) != len(u) || len(b) != len(u) {
			bad = fmt.Errorf("rules: record %d: a user of %d bytes", p.Seq, len(b))
		}
		return u
	}
	for _, a := range p.Audience {
		r.Audience = append(r.Audience, user(a))
	}
	if c := p.Command; c != nil {
		r.Command = &CommandKey{User: user(c.User), Instance: Instance(c.Instance), Number: c.Number}
	}
	switch f := p.Fact.(type) {
	case *logv1.Record_Attached:
		a := &Attached{MemberID: f.Attached.MemberId, User: user(f.Attached.User), Instance: Instance(f.Attached.Instance), Attempt: f.Attached.Attempt, Connection: Connection(f.Attached.Connection)}
		if m := f.Attached.Made; m != nil {
			a.Made = &Made{Title: m.Title, Singers: int(m.Seats.GetSingers()), Watchers: int(m.Seats.GetWatchers())}
		}
		r.Fact = a
	case *logv1.Record_Voted:
		r.Fact = &Voted{Voter: user(f.Voted.Voter), SignedIn: f.Voted.SignedIn, Singer: user(f.Voted.Singer)}
	case *logv1.Record_Removed:
		r.Fact = &Removed{User: user(f.Removed.User), MemberID: f.Removed.MemberId, Until: f.Removed.Until}
	case *logv1.Record_Restored:
		r.Fact = &Restored{User: user(f.Restored.User)}
	}
	return r, bad
}
