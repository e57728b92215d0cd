package recount

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// From counts on from a snapshot, which is taken for true but for seats that can't be. The error is a *Difference.
func From(p *logv1.Snapshot) (*Recount, error) {
	c := New()
	c.seq, c.time, c.epoch, c.made = p.GetSeq(), p.GetTime(), p.GetEpoch(), p.GetMade()
	c.seats[singoffv1.Role_ROLE_SINGER], c.seats[singoffv1.Role_ROLE_WATCHER] = p.GetSeats().GetSingers(), p.GetSeats().GetWatchers()
	r := reader{users: p.GetUsers()}
	all := r.sessions(c, p.GetSessions())
	for _, m := range p.GetMembers() {
		if int(m.GetSession()) >= len(all) {
			return nil, c.differs("the snapshot's member %q has no session", m.GetNickname())
		}
		s := all[m.GetSession()]
		x := &member{
			id: memberID(m), user: s.key.user, role: m.GetRole(), seat: m.GetSeat(), signedIn: m.GetSignedIn(), away: m.GetConnection() == 0, session: s,
		}
		if err := c.seat(x); err != nil {
			return nil, err
		}
		s.members++
		c.members[x.id], c.order = x, append(c.order, x)
	}
	r.votes(c, p.GetVotes())
	if r.wrong != "" {
		return nil, c.differs("%s", r.wrong)
	}
	return c, nil
}

// Against compares what was counted with a state that somebody else has come to. The error is a *Difference.
func (c *Recount) Against(p *logv1.Snapshot) error {
	if p.GetSeq() != c.seq {
		return c.differs("it is counted up to here, the other state is of seq %d", p.GetSeq())
	}
	other, err := From(p)
	if err != nil {
		return err
	}
	if len(other.members) != len(c.members) {
		return c.differs("%d members are there, %d were counted", len(other.members), len(c.members))
	}
	for id, m := range c.members {
		o := other.members[id]
		if o == nil || o.user != m.user || o.role != m.role || o.seat != m.seat || o.away != m.away {
			return c.differs("%q isn't there as %v %d, as was counted", id, m.role, m.seat)
		}
	}
	if len(other.votes) != len(c.votes) {
		return c.differs("%d votes stand, %d were counted", len(other.votes), len(c.votes))
	}
	for b, v := range c.votes {
		if o, ok := other.votes[b]; !ok || o != v {
			return c.differs("a vote that was counted doesn't stand as it was cast")
		}
	}
	return c.numbersAgainst(other)
}

func (c *Recount) numbersAgainst(other *Recount) error {
	if len(other.sessions) != len(c.sessions) {
		return c.differs("%d instances are known, %d were counted", len(other.sessions), len(c.sessions))
	}
	for key, s := range c.sessions {
		o := other.sessions[key]
		switch {
		case o == nil:
			return c.differs("an instance that came to number %d isn't known", s.last)
		case o.last != s.last || o.attempt != s.attempt:
			return c.differs("an instance has come to number %d, attempt %d; counted were %d and %d", o.last, o.attempt, s.last, s.attempt)
		}
	}
	return nil
}

// memberID is made of where they joined.
func memberID(m *logv1.MemberState) string {
	tail := base32.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, m.GetSinceEpoch()))[:6]
	return "m" + strconv.FormatUint(m.GetSinceSeq(), 36) + "-" + strings.ToLower(tail)
}

// reader turns a snapshot's indexes back into users, and keeps what is wrong first.
type reader struct {
	users []byte
	wrong string
}

func (r *reader) user(i uint32) (u user) {
	at := int(i) * len(u)
	if at+len(u) > len(r.users) {
		r.fail("the snapshot has no user %d", i)
		return u
	}
	copy(u[:], r.users[at:])
	return u
}

func (r *reader) fail(format string, args ...any) {
	if r.wrong == "" {
		r.wrong = fmt.Sprintf(format, args...)
	}
}

// sessions are in the order in which they were busy last.
func (r *reader) sessions(c *Recount, p *logv1.Sessions) (all []*session) {
	n := len(p.GetUser())
	if len(p.GetInstance()) != n || len(p.GetAttempt()) != n || len(p.GetLastNumber()) != n {
		r.fail("the snapshot's sessions are columns of different lengths")
		return nil
	}
	for i := range n {
		s := &session{key: instance{r.user(p.User[i]), p.Instance[i]}, attempt: p.Attempt[i], last: p.LastNumber[i]}
		c.touch(s)
		c.sessions[s.key] = s
		all = append(all, s)
	}
	return all
}

func (r *reader) votes(c *Recount, p *logv1.Votes) {
	n := len(p.GetVoter())
	if len(p.GetSinger()) != n || len(p.GetChoice()) != n {
		r.fail("the snapshot's votes are columns of different lengths")
		return
	}
	for i := range n {
		c.votes[ballot{r.user(p.Voter[i]), r.user(p.Singer[i])}] = choice{p.Choice[i]&1 != 0, p.Choice[i]&2 != 0}
	}
}
