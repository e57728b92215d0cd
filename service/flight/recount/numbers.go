package recount

import (
	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// observers is how many a room has at most, beside its seats.
const observers = 16

// command: every number has one record, and an instance's numbers go up by one.
func (c *Recount) command(r *logv1.Record, event *singoffv1.Event) error {
	k := r.GetCommand()
	if k == nil {
		return nil
	}
	u, err := c.user(k.GetUser())
	if err != nil {
		return err
	}
	key := instance{u, k.GetInstance()}
	s := c.sessions[key]
	switch {
	case s == nil:
		return c.differs("a command of an instance that never joined")
	case k.GetNumber() != s.last+1:
		return c.differs("the record of number %d; that of %d is the next of its instance", k.GetNumber(), s.last+1)
	}
	if event.GetAck() != nil || event.GetRejected() != nil {
		if len(r.GetAudience()) != 1 || string(r.GetAudience()[0]) != string(u[:]) {
			return c.differs("an answer that others than its asker may see")
		}
	}
	s.last = k.GetNumber()
	c.touch(s)
	c.totals.Numbers++
	return nil
}

// attach: attempts of an instance rise, as long as the room remembers it.
func (c *Recount) attach(a *logv1.Attached) error {
	u, err := c.user(a.GetUser())
	if err != nil {
		return err
	}
	m := c.members[a.GetMemberId()]
	if m.user != u {
		return c.differs("a connection of another user than %q is", m.id)
	}
	s := c.busy(instance{u, a.GetInstance()})
	if a.GetAttempt() <= s.attempt {
		return c.differs("attempt %d of %q after attempt %d", a.GetAttempt(), m.id, s.attempt)
	}
	s.attempt = a.GetAttempt()
	if m.session != s {
		if m.session != nil {
			c.touch(m.session)
			m.session.members--
		}
		m.session = s
		s.members++
	}
	c.touch(s)
	c.forget()
	return nil
}

// busy is an instance's session; one that the room doesn't know begins.
func (c *Recount) busy(key instance) *session {
	s := c.sessions[key]
	if s == nil {
		s = &session{key: key}
		c.sessions[key] = s
	}
	return s
}

func (c *Recount) touch(s *session) {
	c.turn++
	s.turn = c.turn
}

// forget drops what was busy longest ago beyond four times the places there are, but nobody's who is there.
func (c *Recount) forget() {
	places := c.seats[singoffv1.Role_ROLE_SINGER] + c.seats[singoffv1.Role_ROLE_WATCHER] + observers
	for len(c.sessions) > int(4*places) {
		var oldest *session
		for _, s := range c.sessions {
			if s.members == 0 && (oldest == nil || s.turn < oldest.turn) {
				oldest = s
			}
		}
		if oldest == nil {
			return
		}
		delete(c.sessions, oldest.key)
	}
}
