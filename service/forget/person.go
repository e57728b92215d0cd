package forget

import (
	"bytes"
	"iter"
	"strconv"
	"strings"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// person is whom a room is to forget, as far as it is known who they were there. What is blanked is empty, but for what must be told apart: a nickname
// becomes the member's id, which no other member has, and a room's title its id.
type person struct {
	user    rules.User
	alone   string          // the member that they were, all that is known of them; empty: they are a user
	room    string          // its id
	members map[string]bool // that they were
	called  map[string]bool // what they were called
	made    bool            // by them, since it was last closed
	known   bool            // to the room
}

func newPerson(user rules.User, room string) *person {
	return &person{user: user, room: room, members: map[string]bool{}, called: map[string]bool{}}
}

// newMember is whoever was that member, and no other.
func newMember(id, room string) *person {
	p := newPerson(rules.User{}, room)
	p.alone, p.members[id] = id, true
	return p
}

// link learns who they are from what links members to users.
func (p *person) link(links iter.Seq[link]) {
	if p.alone != "" {
		return
	}
	for link := range links {
		if link.user == p.user {
			p.members[link.member] = true
		}
	}
}

// namedIn says whether something names the person.
func (p *person) namedIn(something interface {
	names(user rules.User) bool
	mentions(memberID string) bool
}) bool {
	if p.alone != "" {
		return something.mentions(p.alone)
	}
	return something.names(p.user)
}

// meet learns from a record who they are.
func (p *person) meet(r record) {
	p.known = p.known || p.namedIn(r)
	p.link(r.links())
	p.hear(r.event)
}

// hear learns from an event what they were called.
func (p *person) hear(e *singoffv1.Event) {
	m, said, done := e.GetPresence().GetMember(), e.GetChatMessage(), e.GetModeration()
	p.call(m.GetMemberId(), m.GetNickname())
	p.call(e.GetMemberId(), said.GetNickname())
	p.call(said.GetToMemberId(), said.GetToNickname())
	p.call(done.GetMemberId(), done.GetNickname())
}

// meetIn learns from a snapshot.
func (p *person) meetIn(s snapshot) {
	p.known = p.known || p.namedIn(s)
	p.link(s.links())
	for _, m := range s.Members {
		p.call(rules.MemberID(m.SinceEpoch, m.SinceSeq), m.Nickname)
	}
	for _, b := range s.Bans {
		p.call(b.MemberId, b.Nickname)
	}
	for _, c := range s.Chat {
		p.hear(c.Event)
	}
}

// call notes what a member was called, if that was them.
func (p *person) call(memberID, nickname string) {
	if nickname != "" && nickname != memberID && p.members[memberID] {
		p.called[nickname] = true
	}
}

// namedBy says whether a refusal's sentence names them: they stand at its beginning, or in quotes.
func (p *person) namedBy(sentence string) bool {
	for name := range p.called {
		if strings.HasPrefix(sentence, name+" ") || strings.Contains(sentence, strconv.Quote(name)) {
			return true
		}
	}
	return false
}

// blank takes what is theirs out of a record, and says whether there was anything.
func (p *person) blank(r record) (changed bool) {
	if r.event.GetRoomClosed() != nil {
		p.made = false
	}
	if a := r.GetAttached(); a.GetMade() != nil {
		p.made = p.alone == "" && bytes.Equal(a.GetUser(), p.user[:])
		if p.made {
			changed = replace(&a.Made.Title, p.room)
			if joined := r.event.GetPresence(); joined != nil {
				changed = replace(&joined.RoomTitle, p.room) || changed
			}
		}
	}
	return p.blankEvent(r.event) || changed
}

func (p *person) blankEvent(e *singoffv1.Event) (changed bool) {
	switch body := e.GetBody().(type) {
	case *singoffv1.Event_ChatMessage:
		said := body.ChatMessage
		if p.members[e.MemberId] {
			changed = replace(&said.Text, "")
		}
		changed = p.rename(&said.Nickname, e.MemberId) || changed
		return p.rename(&said.ToNickname, said.ToMemberId) || changed
	case *singoffv1.Event_Presence:
		if m := body.Presence.Member; m != nil {
			return p.rename(&m.Nickname, m.MemberId)
		}
	case *singoffv1.Event_Moderation:
		return p.rename(&body.Moderation.Nickname, body.Moderation.MemberId)
	case *singoffv1.Event_Rejected:
		return p.namedBy(body.Rejected.Message) && replace(&body.Rejected.Message, "")
	}
	return false
}

// blankIn takes what is theirs out of a snapshot.
func (p *person) blankIn(s snapshot) (changed bool) {
	for _, m := range s.Members {
		changed = p.rename(&m.Nickname, rules.MemberID(m.SinceEpoch, m.SinceSeq)) || changed
	}
	for _, b := range s.Bans {
		changed = p.rename(&b.Nickname, b.MemberId) || changed
	}
	for _, c := range s.Chat {
		changed = p.blankEvent(c.Event) || changed
	}
	if s.Made && p.made {
		changed = replace(&s.Title, p.room) || changed
	}
	return changed
}

// rename gives a member of theirs the id for a name; observers have none.
func (p *person) rename(nickname *string, memberID string) bool {
	return *nickname != "" && p.members[memberID] && replace(nickname, memberID)
}

func replace(text *string, by string) bool {
	changed := *text != by
	*text = by
	return changed
}
