// Package recount counts a room's seats, votes and numbers out of its log, by other means than the rules that decided them.
// It knows what each event says and nothing of why; what the log tells (counts with each presence, tallies with each vote, numbers with each answer) must
// agree with what it has counted so far. The first seq at which it doesn't is a Difference.
package recount

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Difference is the first thing that doesn't agree. It is an error.
type Difference struct {
	// Seq is that of the event, or the newest before a step that nobody sees.
	Seq uint64
	// What differs, as a sentence.
	What string
}

// Error names the seq.
func (d *Difference) Error() string { return fmt.Sprintf("seq %d: %s", d.Seq, d.What) }

// Totals is what was counted.
type Totals struct {
	// Entries and Events that were read.
	Entries, Events int
	// Joins, Votes and Numbers that were counted: who came, votes that were cast or withdrawn, numbered commands.
	Joins, Votes, Numbers int
}

type user [16]byte

type member struct {
	id       string
	user     user
	role     singoffv1.Role
	seat     uint32
	signedIn bool
	away     bool
	session  *session // of the newest instance
}

func (m *member) seated() bool { return m.role != singoffv1.Role_ROLE_OBSERVER }

type ballot struct{ voter, singer user }

type choice struct{ up, signedIn bool }

type instance struct {
	user user
	id   uint64
}

// session is how far an instance has come.
type session struct {
	key           instance
	attempt, last uint64
	turn          uint64 // when it did something last
	members       int    // whose newest instance it is
}

// Recount is a room as counted so far. It isn't safe for concurrent use.
type Recount struct {
	seq      uint64
	time     int64 // of the newest event, milliseconds since 1970
	epoch    uint64
	made     bool
	seats    map[singoffv1.Role]uint32
	members  map[string]*member
	order    []*member // in which they joined
	votes    map[ballot]choice
	sessions map[instance]*session
	turn     uint64
	totals   Totals
}

// New counts a room from its first event on.
func New() *Recount {
	return &Recount{seats: map[singoffv1.Role]uint32{}, members: map[string]*member{}, votes: map[ballot]choice{}, sessions: map[instance]*session{}}
}

// Totals tells what was counted.
func (c *Recount) Totals() Totals { return c.totals }

// Seq is the newest that was counted.
func (c *Recount) Seq() uint64 { return c.seq }

func (c *Recount) differs(format string, args ...any) error {
	return &Difference{Seq: c.seq, What: fmt.Sprintf(format, args...)}
}

// Entry counts the next entry, an encoded singoff.log.v1.Entry. The error is a *Difference; nothing can be counted after it.
func (c *Recount) Entry(data []byte) error {
	p := &logv1.Entry{}
	if err := proto.Unmarshal(data, p); err != nil {
		return c.differs("the entry after it can't be read: %v", err)
	}
	switch {
	case p.GetFirstSeq() != c.seq+1:
		return c.differs("the entry after it begins with seq %d", p.GetFirstSeq())
	case p.GetTime() < c.time: // of an entry that holds no event a later one needn't know
		return c.differs("the entry after it is of an earlier time")
	}
	from := c.seq
	for _, r := range p.GetRecords() {
		if err := c.record(r); err != nil {
			return err
		}
	}
	c.totals.Entries++
	switch {
	case c.seq-from != uint64(p.GetCount()):
		return c.differs("its entry has %d events, and says %d", c.seq-from, p.GetCount())
	case p.GetEpoch() != c.epoch:
		return c.differs("its entry is of epoch %x, the room's is %x", p.GetEpoch(), c.epoch)
	}
	return nil
}

func (c *Recount) record(r *logv1.Record) error {
	if r.GetSeq() == 0 {
		if len(r.GetEvent()) > 0 {
			return c.differs("an event without a seq follows it")
		}
		return c.unseen(r)
	}
	if want := c.seq + 1; r.GetSeq() != want {
		return c.differs("seq %d follows it", r.GetSeq())
	}
	c.seq++
	event := &singoffv1.Event{}
	if err := proto.Unmarshal(r.GetEvent(), event); err != nil {
		return c.differs("the event can't be read: %v", err)
	}
	at := event.GetTime().AsTime().UnixMilli()
	switch {
	case event.GetSeq() != c.seq:
		return c.differs("the event says seq %d", event.GetSeq())
	case event.GetNumber() != 0:
		return c.differs("the event carries number %d, which is its asker's alone", event.GetNumber())
	case at < c.time:
		return c.differs("the event is of an earlier time than the one before")
	}
	c.time = at
	c.totals.Events++
	return c.event(r, event)
}

func (c *Recount) event(r *logv1.Record, event *singoffv1.Event) (err error) {
	switch body := event.GetBody().(type) {
	case *singoffv1.Event_Presence:
		err = c.presence(r, body.Presence)
	case *singoffv1.Event_Vote:
		err = c.vote(r, event.GetMemberId(), body.Vote)
	case *singoffv1.Event_Moderation:
		err = c.moderation(r, body.Moderation)
	case *singoffv1.Event_RoomOpened:
		c.open(body.RoomOpened)
	case *singoffv1.Event_RoomClosed:
		c.made, c.votes = false, map[ballot]choice{}
	case *singoffv1.Event_Ack, *singoffv1.Event_Rejected:
		if r.GetCommand() == nil {
			err = c.differs("an answer to no command")
		}
	}
	if err != nil {
		return err
	}
	return c.command(r, event)
}

// unseen counts a step that nobody sees.
func (c *Recount) unseen(r *logv1.Record) error {
	if a := r.GetAttached(); a != nil {
		if c.members[a.GetMemberId()] == nil {
			return c.differs("a connection of %q, who isn't there, follows it", a.GetMemberId())
		}
		return c.attach(a)
	}
	if r.GetCommand() != nil {
		return c.command(r, nil)
	}
	return nil
}

func (c *Recount) user(b []byte) (u user, err error) {
	if len(b) != len(u) {
		return u, c.differs("a user of %d bytes", len(b))
	}
	return user(b), nil
}
