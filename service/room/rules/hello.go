package rules

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/names"
)

// Attachment is what a Hello that was taken came to.
type Attachment struct {
	MemberID      string
	InstanceKnown bool // before this Hello
	// Votes that still stand for a singer who is back as a new member, told to each voter's connection alone: nobody else knows whose they are.
	Votes []StandingVote
}

// entrance is a Hello on its way in: what must make room for it is found first, so that a refused one replaces nobody.
type entrance struct {
	Hello
	conn     Connection
	role     singoffv1.Role
	nickname string // clean
	known    bool
	replaced []*member        // older members of the same instance
	yields   []*member        // whose hold is over
	gone     map[*member]bool // both
}

// Hello decides a connection's first message. Either it is attached to a member, or the Goaway is its only answer.
func (b *Batch) Hello(conn Connection, h Hello) (*Attachment, *singoffv1.Goaway) {
	e := &entrance{Hello: h, conn: conn, role: h.Role, gone: map[*member]bool{}}
	if e.role == singoffv1.Role_ROLE_UNSPECIFIED {
		e.role = singoffv1.Role_ROLE_WATCHER
	}
	if e.role < singoffv1.Role_ROLE_SINGER || e.role > singoffv1.Role_ROLE_OBSERVER {
		return nil, goaway(singoffv1.Goaway_REASON_INVALID_HELLO, "hello.role", "the role is SINGER, WATCHER or OBSERVER")
	}
	s := b.state
	if x := s.sessions.get(h.User, h.Instance); x != nil {
		e.known = true
		if h.Attempt <= x.attempt {
			return nil, goaway(singoffv1.Goaway_REASON_SUPERSEDED, "hello.attempt", "attempt %d isn't higher than %d, the last of this instance", h.Attempt, x.attempt)
		}
	}
	if ban := s.banOf(h.User, b.now); ban != nil {
		return nil, b.keptOut(ban)
	}
	m := s.seatedOf(h.User)
	continues := m != nil && e.role != singoffv1.Role_ROLE_OBSERVER
	if continues && m.instance != h.Instance && !h.TakeOver {
		return nil, goaway(singoffv1.Goaway_REASON_TAKEN_OVER, "hello.take_over", "another page or program of yours has this seat")
	}
	b.findReplaced(e, m, continues)
	if !continues {
		if refused := b.makeRoom(e); refused != nil {
			return nil, refused
		}
	}
	b.replace(e)
	if continues {
		b.reattach(e, m)
	} else {
		m = b.admit(e)
	}
	b.settle()
	a := &Attachment{MemberID: m.id, InstanceKnown: e.known}
	if !continues && m.role == singoffv1.Role_ROLE_SINGER {
		a.Votes = b.standingVotes(m)
	}
	return a, nil
}

func (b *Batch) keptOut(ban *ban) *singoffv1.Goaway {
	if ban.until == 0 {
		return goaway(singoffv1.Goaway_REASON_BANNED, "", "the host has banned you from this room")
	}
	left := time.Duration(ban.until-b.now) * time.Millisecond
	reason, who := singoffv1.Goaway_REASON_KICKED, "host"
	if ban.operator {
		reason, who = singoffv1.Goaway_REASON_ADMIN, "operator"
	}
	g := goaway(reason, "", "the %s has sent you out for another %v", who, left.Round(time.Second))
	g.RetryAfter = durationpb.New(left)
	return g
}

// findReplaced finds the older members of the same user and instance which this Hello doesn't continue.
func (b *Batch) findReplaced(e *entrance, own *member, continues bool) {
	for _, m := range b.state.members {
		if m.user == e.User && m.instance == e.Instance && (!continues || m != own) {
			e.replaced = append(e.replaced, m)
			e.gone[m] = true
		}
	}
}

// makeRoom checks a new member's way in, and finds those whose hold is over and who yield to it.
func (b *Batch) makeRoom(e *entrance) *singoffv1.Goaway {
	s := b.state
	observer := e.role == singoffv1.Role_ROLE_OBSERVER
	if s.locked && !(observer && e.known) {
		return goaway(singoffv1.Goaway_REASON_LOCKED, "", "the host has locked the room for new members")
	}
	if !s.made && len(e.Title) > MaxTitleSize {
		return goaway(singoffv1.Goaway_REASON_INVALID_HELLO, "hello.room_title", "the title has %d bytes, more than %d", len(e.Title), MaxTitleSize)
	}
	if observer {
		if s.count(e.role)-countGone(e.gone, e.role) >= MaxObservers {
			return goaway(singoffv1.Goaway_REASON_ROOM_LIMIT, "hello.role", "the room has %d observers already", MaxObservers)
		}
		return nil
	}
	if refused := b.takeName(e); refused != nil {
		return refused
	}
	return b.takeSeat(e)
}

func countGone(gone map[*member]bool, role singoffv1.Role) (n int) {
	for m := range gone {
		if m.role == role {
			n++
		}
	}
	return n
}

func (b *Batch) takeName(e *entrance) *singoffv1.Goaway {
	clean, err := names.Clean(e.Nickname)
	if err != nil {
		return goaway(singoffv1.Goaway_REASON_INVALID_HELLO, "hello.nickname", "%v", err)
	}
	e.nickname = clean
	holder := b.state.named(names.Key(clean))
	switch {
	case holder == nil || e.gone[holder]:
	case b.holdOver(holder):
		e.yields = append(e.yields, holder)
		e.gone[holder] = true
	default:
		return goaway(singoffv1.Goaway_REASON_NICKNAME_TAKEN, "hello.nickname", "somebody in this room is called %q already", holder.nickname)
	}
	size := b.state.namesSize() + len(clean)
	for m := range e.gone {
		size -= len(m.nickname)
	}
	if size > MaxNamesSize {
		return goaway(singoffv1.Goaway_REASON_ROOM_LIMIT, "hello.nickname", "all nicknames of the room together are longer than %d bytes", MaxNamesSize)
	}
	return nil
}

// takeSeat lets the longest-away member yield if no seat of the role is free.
func (b *Batch) takeSeat(e *entrance) *singoffv1.Goaway {
	s := b.state
	seats := s.seatsOf(e.role)
	if !s.made {
		seats = map[singoffv1.Role]int{singoffv1.Role_ROLE_SINGER: b.cfg.Singers, singoffv1.Role_ROLE_WATCHER: b.cfg.Watchers}[e.role]
	}
	if s.count(e.role)-countGone(e.gone, e.role) < seats {
		return nil
	}
	var longest *member
	for _, m := range s.members {
		if m.role == e.role && !e.gone[m] && b.holdOver(m) && (longest == nil || m.awaySince < longest.awaySince) {
			longest = m
		}
	}
	if longest == nil {
		return goaway(singoffv1.Goaway_REASON_FULL, "hello.role", "no seat for a %s is free, of %d", roleName(e.role), seats)
	}
	e.yields = append(e.yields, longest)
	e.gone[longest] = true
	return nil
}

func (b *Batch) holdOver(m *member) bool { return m.away() && m.heldUntil <= b.now }

// replace removes whoever makes room.
func (b *Batch) replace(e *entrance) {
	for _, m := range e.replaced {
		b.leave(m, singoffv1.Presence_REASON_REPLACED, goaway(singoffv1.Goaway_REASON_SUPERSEDED, "", "a newer connection of yours took another place"))
	}
	for _, m := range e.yields {
		b.leave(m, singoffv1.Presence_REASON_HOLD_OVER, nil)
	}
}

func goaway(reason singoffv1.Goaway_Reason, field, format string, args ...any) *singoffv1.Goaway {
	return &singoffv1.Goaway{Reason: reason, Final: true, Field: field, Message: fmt.Sprintf(format, args...)}
}

func roleName(r singoffv1.Role) string {
	switch r {
	case singoffv1.Role_ROLE_SINGER:
		return "singer"
	case singoffv1.Role_ROLE_WATCHER:
		return "watcher"
	}
	return "observer"
}
