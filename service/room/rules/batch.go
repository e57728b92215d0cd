package rules

import (
	"fmt"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Batch decides, one after another, what is kept together or not at all. It evolves the state it was begun with by exactly the
// records it leaves; when they aren't kept, that state must be thrown away. It isn't safe for concurrent use.
type Batch struct {
	cfg     *Config
	state   *State
	now     int64
	command *CommandKey // the numbered command being decided whose record is still missing

	// Records decided so far.
	Records []*Record
	// Ended are the connections that are no longer their member's current one.
	Ended []Ended
}

// Ended is a connection that a batch has ended.
type Ended struct {
	Connection Connection
	// Seq is the newest event it may still see: that of its member's LEFT, or the newest when another connection came.
	Seq uint64
	// Goaway is its last event.
	Goaway *singoffv1.Goaway
}

// Begin starts a batch that is decided at a time. The room's clock never runs backwards: if now is before the
// state's newest event, that event's time is taken. A batch begun for a room nobody has opened starts with Open.
func Begin(state *State, cfg *Config, now time.Time) *Batch {
	return &Batch{cfg: cfg, state: state, now: max(now.UnixMilli(), state.time)}
}

// Now is the time at which the batch is decided.
func (b *Batch) Now() time.Time { return time.UnixMilli(b.now).UTC() }

// Open begins an epoch: every member becomes AWAY with a full hold, observers are gone.
func (b *Batch) Open(epoch uint64) {
	b.emit(&Record{Event: &singoffv1.Event{Body: &singoffv1.Event_RoomOpened{RoomOpened: &singoffv1.RoomOpened{
		Epoch: epoch, HeldUntil: stamp(b.now + b.cfg.Hold.Milliseconds()),
	}}}})
	b.settle()
}

// emit numbers and stamps the record's event, keeps the record, and evolves the state by it.
func (b *Batch) emit(r *Record) {
	if r.Event != nil {
		r.Event.Seq = b.state.seq + 1
		r.Event.Time = stamp(b.now)
	}
	b.Records = append(b.Records, r)
	if err := b.state.Apply(r); err != nil {
		panic(fmt.Sprintf("rules: decided what can't follow: %v", err)) // a bug; the room is given up, not the process
	}
}

// say emits an event of a member (or the server, with nil) that needs nothing beside it.
func (b *Batch) say(by *member, event *singoffv1.Event) {
	b.emit(b.own(&Record{Event: by.author(event)}))
}

// own makes the record that of the command being decided, unless that has one.
func (b *Batch) own(r *Record) *Record {
	r.Command, b.command = b.command, nil
	return r
}

func (m *member) author(e *singoffv1.Event) *singoffv1.Event {
	if m != nil {
		e.MemberId = m.id
	}
	return e
}

// presence emits a change of a member, who is shown as they are after it.
func (b *Batch) presence(r *Record, m *member, change singoffv1.Presence_Change, reason singoffv1.Presence_Reason) {
	r.Event = &singoffv1.Event{Body: &singoffv1.Event_Presence{Presence: &singoffv1.Presence{
		Change: change, Member: m.view(), Reason: reason, Counts: b.countsAfter(m, change),
	}}}
	if byThemselves(change, reason) {
		m.author(r.Event)
	}
	b.emit(r)
}

func byThemselves(change singoffv1.Presence_Change, reason singoffv1.Presence_Reason) bool {
	switch change {
	case singoffv1.Presence_CHANGE_RETURNED, singoffv1.Presence_CHANGE_RENAMED, singoffv1.Presence_CHANGE_HIDDEN:
		return true
	}
	return change == singoffv1.Presence_CHANGE_LEFT && reason == singoffv1.Presence_REASON_LEFT
}

// countsAfter counts as after the change, which isn't applied yet.
func (b *Batch) countsAfter(m *member, change singoffv1.Presence_Change) *singoffv1.Counts {
	c := b.state.counts()
	role := &c.Observers
	switch m.role {
	case singoffv1.Role_ROLE_SINGER:
		role = &c.Singers
	case singoffv1.Role_ROLE_WATCHER:
		role = &c.Watchers
	}
	known := b.state.byID[m.id]
	switch change {
	case singoffv1.Presence_CHANGE_JOINED:
		*role++
	case singoffv1.Presence_CHANGE_LEFT:
		*role--
		if known.away() {
			c.Away--
		}
	case singoffv1.Presence_CHANGE_AWAY:
		c.Away++
	case singoffv1.Presence_CHANGE_RETURNED:
		c.Away--
	}
	return c
}

// leave removes a member; a current connection of theirs ends with the goodbye.
func (b *Batch) leave(m *member, reason singoffv1.Presence_Reason, bye *singoffv1.Goaway) {
	conn := m.conn
	r := &Record{}
	if b.command != nil && b.command.User == m.user && reason == singoffv1.Presence_REASON_LEFT {
		b.own(r)
	}
	b.presence(r, m, singoffv1.Presence_CHANGE_LEFT, reason)
	if conn != 0 {
		b.Ended = append(b.Ended, Ended{Connection: conn, Seq: b.state.seq, Goaway: bye})
	}
}

// settle lets follow what must: a song whose singer has left stops, and a room that somebody is in has a host.
func (b *Batch) settle() {
	s := b.state
	if p := s.playing; p != nil && s.byID[p.SingerMemberId] == nil {
		b.playback(nil, singoffv1.Playback_ACTION_STOP, stopped(p, positionAt(p, b.now)))
	}
	host := s.byID[s.host]
	if !s.made || host != nil && (host.seated() || !s.somebodySeated()) {
		return
	}
	if next := s.nextHost(); next != nil {
		b.presence(&Record{}, next, singoffv1.Presence_CHANGE_HOST, singoffv1.Presence_REASON_UNSPECIFIED)
	}
}

// nextHost is the longest-present singer, then watcher, connected ones first; an observer only if nobody is seated.
func (s *State) nextHost() *member {
	rank := func(m *member) int {
		r := int(m.role) // singer, watcher, observer
		if m.away() {
			r += 2 // an away singer comes after a connected watcher, an away watcher last
		}
		if !m.seated() {
			r += 4
		}
		return r
	}
	var best *member
	for _, m := range s.members {
		if best == nil || rank(m) < rank(best) {
			best = m
		}
	}
	return best
}
