package recount

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// presence counts who comes and goes, and compares the counts that were told.
func (c *Recount) presence(r *logv1.Record, p *singoffv1.Presence) error {
	told := p.GetMember()
	if p.GetChange() == singoffv1.Presence_CHANGE_JOINED {
		if err := c.join(r, told); err != nil {
			return err
		}
		return c.counts(p)
	}
	m := c.members[told.GetMemberId()]
	if m == nil {
		return c.differs("%v of %q, who isn't there", p.GetChange(), told.GetMemberId())
	}
	if told.GetRole() != m.role || told.GetSeat() != m.seat {
		return c.differs("%q is told as %v %d, and is %v %d", m.id, told.GetRole(), told.GetSeat(), m.role, m.seat)
	}
	switch p.GetChange() {
	case singoffv1.Presence_CHANGE_LEFT:
		c.leave(m)
	case singoffv1.Presence_CHANGE_AWAY:
		m.away = true
	case singoffv1.Presence_CHANGE_RETURNED:
		a := r.GetAttached()
		if a.GetMemberId() != m.id {
			return c.differs("%q returned by no connection", m.id)
		}
		m.away = false
		if err := c.attach(a); err != nil {
			return err
		}
	}
	return c.counts(p)
}

// join: an id that is new, a numbered seat that is free, a user who has none.
func (c *Recount) join(r *logv1.Record, told *singoffv1.Member) error {
	a := r.GetAttached()
	id := told.GetMemberId()
	if made := a.GetMade(); made != nil {
		if c.made {
			return c.differs("the room is made, and was already")
		}
		c.made = true
		c.seats[singoffv1.Role_ROLE_SINGER], c.seats[singoffv1.Role_ROLE_WATCHER] = made.GetSeats().GetSingers(), made.GetSeats().GetWatchers()
	}
	u, err := c.user(a.GetUser())
	switch {
	case err != nil:
		return err
	case !c.made:
		return c.differs("%q joined a room that nobody has made", id)
	case a.GetMemberId() != id || !strings.HasPrefix(id, "m"+strconv.FormatUint(c.seq, 36)+"-"):
		return c.differs("%q isn't an id that a member gets here", id)
	}
	m := &member{id: id, user: u, role: told.GetRole(), seat: told.GetSeat(), signedIn: told.GetSignedIn()}
	if err := c.seat(m); err != nil {
		return err
	}
	c.members[id], c.order = m, append(c.order, m)
	c.totals.Joins++
	return c.attach(a)
}

// seat compares a new member with all who are there.
func (c *Recount) seat(m *member) error {
	if !m.seated() {
		if m.seat != 0 {
			return c.differs("observer %q has seat %d", m.id, m.seat)
		}
		return nil
	}
	if m.seat < 1 || m.seat > c.seats[m.role] {
		return c.differs("%q has seat %d of the %v, there are %d", m.id, m.seat, m.role, c.seats[m.role])
	}
	for _, x := range c.members {
		switch {
		case x.role == m.role && x.seat == m.seat:
			return c.differs("%q and %q both have seat %d of the %v", x.id, m.id, m.seat, m.role)
		case x.seated() && x.user == m.user:
			return c.differs("one user has two seats, as %q and %q", x.id, m.id)
		}
	}
	return nil
}

func (c *Recount) leave(m *member) {
	delete(c.members, m.id)
	c.order = slices.DeleteFunc(c.order, func(x *member) bool { return x == m })
	if m.session != nil {
		c.touch(m.session)
		m.session.members--
	}
}

// open: every member is away, and observers are gone.
func (c *Recount) open(o *singoffv1.RoomOpened) {
	c.epoch = o.GetEpoch()
	for _, m := range slices.Clone(c.order) {
		if m.away = true; !m.seated() {
			c.leave(m)
		}
	}
}

// counts compares what was told with the members there are.
func (c *Recount) counts(p *singoffv1.Presence) error {
	want := &singoffv1.Counts{}
	for _, m := range c.members {
		switch m.role {
		case singoffv1.Role_ROLE_SINGER:
			want.Singers++
		case singoffv1.Role_ROLE_WATCHER:
			want.Watchers++
		default:
			want.Observers++
		}
		if m.away {
			want.Away++
		}
	}
	if told := p.GetCounts(); !proto.Equal(told, want) {
		return c.differs("told are %s; counted are %s", people(told), people(want))
	}
	return nil
}
