package rules_test

import (
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// maxEvent is what one event may take with the default texts: as much as a request.
const maxEvent = 16 << 10

// ledger reads the records of a room and counts for itself, by other means than the rules.
type ledger struct {
	tb
	seq, time int64
	made      bool
	members   map[string]*entry // who is there
	everBeen  map[string]bool   // member ids ever given
	votes     map[[2]rules.User]cast
	last      map[instanceKey]uint64
	attempts  map[instanceKey]uint64
}

type entry struct {
	user     rules.User
	instance rules.Instance
	role     singoffv1.Role
	away     bool
}

type cast struct{ up, signedIn bool }

type instanceKey struct {
	user     rules.User
	instance rules.Instance
}

func newLedger(t tb) *ledger {
	return &ledger{
		tb: t, members: map[string]*entry{}, everBeen: map[string]bool{},
		votes: map[[2]rules.User]cast{}, last: map[instanceKey]uint64{}, attempts: map[instanceKey]uint64{},
	}
}

func (l *ledger) add(r *rules.Record) {
	l.Helper()
	if r.Event != nil {
		l.addEvent(r)
	}
	if a, ok := r.Fact.(*rules.Attached); ok {
		l.attach(a)
	}
	l.addCommand(r)
	if p := r.Event.GetPresence(); p != nil && !proto.Equal(p.Counts, l.counts()) {
		l.Errorf("#%d counts %v, want %v", l.seq, p.Counts, l.counts())
	}
}

// addCommand: every number has one record, and they go up by one.
func (l *ledger) addCommand(r *rules.Record) {
	l.Helper()
	c := r.Command
	answers := r.Event.GetAck() != nil || r.Event.GetRejected() != nil
	if c == nil {
		if answers {
			l.Errorf("#%d answers no command", l.seq)
		}
		return
	}
	key := instanceKey{c.User, c.Instance}
	if c.Number != l.last[key]+1 {
		l.Errorf("#%d is the record of number %d after %d", l.seq, c.Number, l.last[key])
	}
	l.last[key] = c.Number
	if answers && (len(r.Audience) != 1 || r.Audience[0] != c.User) {
		l.Errorf("#%d, an answer, is seen by %d users, want its author alone", l.seq, len(r.Audience))
	}
}

func (l *ledger) addEvent(r *rules.Record) {
	l.Helper()
	e := r.Event
	if int64(e.Seq) != l.seq+1 {
		l.Errorf("#%d follows #%d", e.Seq, l.seq)
	}
	if at := e.Time.AsTime().UnixMilli(); at < l.time {
		l.Errorf("#%d is %d ms older than the event before", e.Seq, l.time-at)
	} else {
		l.time = at
	}
	l.seq = int64(e.Seq)
	if n := proto.Size(e); n > maxEvent {
		l.Errorf("#%d has %d bytes, want at most %d", e.Seq, n, maxEvent)
	}
	switch body := e.Body.(type) {
	case *singoffv1.Event_Presence:
		l.presence(r, body.Presence)
	case *singoffv1.Event_Vote:
		l.vote(r, body.Vote)
	case *singoffv1.Event_Moderation:
		if f, ok := r.Fact.(*rules.Removed); ok && body.Moderation.Action == singoffv1.Moderation_ACTION_BAN {
			l.forget(f.User)
		}
	case *singoffv1.Event_RoomOpened:
		l.open()
	case *singoffv1.Event_RoomClosed:
		l.made = false
		clear(l.votes)
	}
}

func (l *ledger) presence(r *rules.Record, p *singoffv1.Presence) {
	l.Helper()
	id := p.Member.MemberId
	m := l.members[id]
	if p.Change == singoffv1.Presence_CHANGE_JOINED {
		if l.everBeen[id] {
			l.Errorf("member id %s is given twice", id)
		}
		l.everBeen[id] = true
		a := r.Fact.(*rules.Attached)
		l.members[id] = &entry{user: a.User, role: p.Member.Role}
		l.made = l.made || a.Made != nil
		return
	}
	if m == nil {
		l.Fatalf("#%d: %v of %s, who isn't there", l.seq, p.Change, id)
	}
	switch p.Change {
	case singoffv1.Presence_CHANGE_LEFT:
		delete(l.members, id)
	case singoffv1.Presence_CHANGE_AWAY:
		m.away = true
	}
}

func (l *ledger) attach(a *rules.Attached) {
	l.Helper()
	m := l.members[a.MemberID]
	if m == nil {
		l.Fatalf("#%d: a connection of %s, who isn't there", l.seq, a.MemberID)
	}
	key := instanceKey{a.User, a.Instance}
	if was, known := l.attempts[key]; known && a.Attempt <= was {
		l.Errorf("#%d: attempt %d attached after %d", l.seq, a.Attempt, was)
	}
	l.attempts[key] = a.Attempt
	m.instance, m.away = a.Instance, false
}

func (l *ledger) vote(r *rules.Record, v *singoffv1.Vote) {
	l.Helper()
	singer := l.members[v.SingerMemberId]
	if singer == nil || singer.role != singoffv1.Role_ROLE_SINGER {
		l.Fatalf("#%d: a vote for %s, who is no singer here", l.seq, v.SingerMemberId)
	}
	if f, ok := r.Fact.(*rules.Voted); ok {
		if f.Voter == f.Singer || f.Singer != singer.user {
			l.Errorf("#%d: a vote for oneself, or for another user than that of the member", l.seq)
		}
		delete(l.votes, [2]rules.User{f.Voter, f.Singer})
		if v.Choice != singoffv1.Vote_CHOICE_NONE {
			l.votes[[2]rules.User{f.Voter, f.Singer}] = cast{v.Choice == singoffv1.Vote_CHOICE_UP, f.SignedIn}
		}
	}
	if got, want := v.Tally, l.recount(singer.user); !proto.Equal(got, want) {
		l.Errorf("#%d: tally %v, want the recount %v", l.seq, got, want)
	}
}

func (l *ledger) forget(voter rules.User) {
	for k := range l.votes {
		if k[0] == voter {
			delete(l.votes, k)
		}
	}
}

func (l *ledger) recount(singer rules.User) *singoffv1.Tally {
	t := &singoffv1.Tally{}
	for k, v := range l.votes {
		if k[1] != singer {
			continue
		}
		switch v {
		case cast{true, true}:
			t.UpSignedIn++
		case cast{true, false}:
			t.UpGuests++
		case cast{false, true}:
			t.DownSignedIn++
		case cast{false, false}:
			t.DownGuests++
		}
	}
	return t
}

func (l *ledger) open() {
	for id, m := range l.members {
		if m.role == singoffv1.Role_ROLE_OBSERVER {
			delete(l.members, id)
		}
		m.away = true
	}
}

func (l *ledger) counts() *singoffv1.Counts {
	c := &singoffv1.Counts{}
	for _, m := range l.members {
		switch m.role {
		case singoffv1.Role_ROLE_SINGER:
			c.Singers++
		case singoffv1.Role_ROLE_WATCHER:
			c.Watchers++
		case singoffv1.Role_ROLE_OBSERVER:
			c.Observers++
		}
		if m.away {
			c.Away++
		}
	}
	return c
}
