package rules

import (
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// StandingVote is for one connection alone.
type StandingVote struct {
	Connection Connection
	Event      *singoffv1.Event
}

// reattach gives a member a new connection. Who wasn't away doesn't blink: nobody sees it, unless the page was hidden and another one has come.
func (b *Batch) reattach(e *entrance, m *member) {
	if m.conn != 0 {
		bye := goaway(singoffv1.Goaway_REASON_SUPERSEDED, "", "a newer connection of yours is there")
		bye.Final = false
		if m.instance != e.Instance {
			bye = goaway(singoffv1.Goaway_REASON_TAKEN_OVER, "", "another page or program of yours has taken this seat over")
		}
		b.Ended = append(b.Ended, Ended{Connection: m.conn, Seq: b.state.seq, Goaway: bye})
	}
	r := &Record{Fact: &Attached{MemberID: m.id, User: m.user, Instance: e.Instance, Attempt: e.Attempt, Connection: e.conn}}
	hidden := m.hidden
	back := *m
	back.conn = e.conn
	back.hidden = m.hidden && m.instance == e.Instance // another page starts out shown
	if !m.away() {
		b.emit(r)
		if back.hidden != hidden {
			b.presence(&Record{}, m, singoffv1.Presence_CHANGE_HIDDEN, singoffv1.Presence_REASON_UNSPECIFIED)
		}
		return
	}
	b.presence(r, &back, singoffv1.Presence_CHANGE_RETURNED, singoffv1.Presence_REASON_UNSPECIFIED)
}

// admit makes a new member, and the room if nobody has made it yet.
func (b *Batch) admit(e *entrance) *member {
	s := b.state
	attached := &Attached{User: e.User, Instance: e.Instance, Attempt: e.Attempt, Connection: e.conn}
	m := &member{user: e.User, signedIn: e.SignedIn, role: e.role, nickname: e.nickname, conn: e.conn, joined: b.now}
	title := ""
	if !s.made {
		if title = e.Title; title == "" {
			title = s.room
		}
		attached.Made = &Made{Title: title, Singers: b.cfg.Singers, Watchers: b.cfg.Watchers}
	}
	switch {
	case !m.seated():
	case s.made:
		m.seat = s.freeSeat(e.role)
	default:
		m.seat = 1
	}
	m.id = MemberID(s.epoch, s.seq+1)
	attached.MemberID = m.id
	b.emit(&Record{Fact: attached, Event: m.author(&singoffv1.Event{Body: &singoffv1.Event_Presence{Presence: &singoffv1.Presence{
		Change: singoffv1.Presence_CHANGE_JOINED, Member: m.view(), RoomTitle: title, Counts: b.countsAfter(m, singoffv1.Presence_CHANGE_JOINED),
	}}})})
	m = s.byID[m.id]
	if t := s.votes.tallies[m.user]; m.role == singoffv1.Role_ROLE_SINGER && t != (tally{}) {
		b.tellTally(m) // their votes still stand, and nobody knows by the new id
	}
	return m
}

// standingVotes are those of members who are connected.
func (b *Batch) standingVotes(singer *member) (votes []StandingVote) {
	all := b.state.votes
	if _, any := all.tallies[singer.user]; !any {
		return nil
	}
	for _, m := range b.state.members {
		c, voted := all.standing[ballot{m.user, singer.user}]
		if !voted || m.away() || !m.seated() {
			continue
		}
		v := &singoffv1.Vote{SingerMemberId: singer.id, Choice: singoffv1.Vote_CHOICE_DOWN, Tally: all.tallies[singer.user].proto()}
		if c.up {
			v.Choice = singoffv1.Vote_CHOICE_UP
		}
		votes = append(votes, StandingVote{m.conn, m.author(&singoffv1.Event{Time: stamp(b.now), Body: &singoffv1.Event_Vote{Vote: v}})})
	}
	return votes
}

// Lost decides a broken connection: its member is AWAY, an observer is gone. A connection that isn't current changes nothing.
func (b *Batch) Lost(conn Connection, reason singoffv1.Presence_Reason) {
	m := b.state.byConn[conn]
	if m == nil {
		return
	}
	if !m.seated() {
		b.leave(m, reason, nil)
	} else {
		lost := *m
		lost.conn, lost.awaySince, lost.heldUntil = 0, b.now, b.now+b.cfg.Hold.Milliseconds()
		b.presence(&Record{}, &lost, singoffv1.Presence_CHANGE_AWAY, reason)
	}
	b.settle()
}

// HalfClosed decides a clean end of a connection's input: its member leaves.
func (b *Batch) HalfClosed(conn Connection) {
	if m := b.state.byConn[conn]; m != nil {
		b.leave(m, singoffv1.Presence_REASON_LEFT, goaway(singoffv1.Goaway_REASON_LEFT, "", "you have left"))
		b.settle()
	}
}
