package rules

import (
	"fmt"
	"sort"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
)

// roster gives users small numbers while a snapshot is written.
type roster struct {
	index map[User]uint32
	users []byte
}

func (r *roster) of(u User) uint32 {
	i, ok := r.index[u]
	if !ok {
		i = uint32(len(r.index))
		r.index[u] = i
		r.users = append(r.users, u[:]...)
	}
	return i
}

// Snapshot writes the state. Two equal states write the same.
func (s *State) Snapshot() *logv1.Snapshot {
	users := &roster{index: map[User]uint32{}}
	p := &logv1.Snapshot{
		RulesVersion: Version, Seq: s.seq, Time: s.time, Epoch: s.epoch,
		Made: s.made, Title: s.title, Seats: s.seats(), Host: s.host, Locked: s.locked, EmptySince: s.emptySince,
		NowPlaying: s.playing,
	}
	for _, e := range s.epochs {
		p.Epochs = append(p.Epochs, &logv1.EpochStart{Epoch: e.epoch, FirstSeq: e.firstSeq})
	}
	sessionIndex := s.writeSessions(p, users)
	for _, m := range s.members {
		p.Members = append(p.Members, &logv1.MemberState{
			Session: sessionIndex[sessionKey{m.user, m.instance}], SignedIn: m.signedIn, Nickname: m.nickname, Role: m.role, Seat: uint32(m.seat),
			Connection: uint64(m.conn), AwaySince: m.awaySince, HeldUntil: m.heldUntil, Hidden: m.hidden, JoinedTime: m.joined,
			SinceEpoch: m.sinceEpoch, SinceSeq: m.sinceSeq, Pick: m.pick,
		})
	}
	s.writeVotes(p, users)
	for _, b := range s.bans {
		p.Bans = append(p.Bans, &logv1.BanState{User: users.of(b.user), MemberId: b.memberID, Nickname: b.nickname, Until: b.until, Operator: b.operator})
	}
	for _, line := range s.chat {
		c := &logv1.ChatState{Event: line.event}
		for i := range line.audience {
			c.Audience = append(c.Audience, line.audience[i][:])
		}
		p.Chat = append(p.Chat, c)
	}
	p.Users = users.users
	return p
}

func (s *State) writeSessions(p *logv1.Snapshot, users *roster) map[sessionKey]uint32 {
	index := make(map[sessionKey]uint32, s.sessions.order.Len())
	cols := &logv1.Sessions{}
	for e := s.sessions.order.Front(); e != nil; e = e.Next() {
		x := e.Value.(*session)
		index[sessionKey{x.user, x.instance}] = uint32(len(cols.User))
		cols.User = append(cols.User, users.of(x.user))
		cols.Instance = append(cols.Instance, uint64(x.instance))
		cols.Attempt = append(cols.Attempt, x.attempt)
		cols.LastNumber = append(cols.LastNumber, x.last)
	}
	p.Sessions = cols
	return index
}

func (s *State) writeVotes(p *logv1.Snapshot, users *roster) {
	ballots := make([]ballot, 0, len(s.votes.standing))
	for b := range s.votes.standing {
		ballots = append(ballots, b)
	}
	sort.Slice(ballots, func(i, j int) bool {
		if ballots[i].singer != ballots[j].singer {
			return string(ballots[i].singer[:]) < string(ballots[j].singer[:])
		}
		return string(ballots[i].voter[:]) < string(ballots[j].voter[:])
	})
	cols := &logv1.Votes{}
	for _, b := range ballots {
		c := s.votes.standing[b]
		cols.Voter = append(cols.Voter, users.of(b.voter))
		cols.Singer = append(cols.Singer, users.of(b.singer))
		cols.Choice = append(cols.Choice, uint32(index(c.up)+2*index(c.signedIn)))
	}
	p.Votes = cols
}

// FromSnapshot reads what Snapshot wrote.
func FromSnapshot(namespace, room string, p *logv1.Snapshot) (*State, error) {
	if p.RulesVersion > Version {
		return nil, fmt.Errorf("rules: the snapshot is of rules version %d, newer than %d", p.RulesVersion, Version)
	}
	s := New(namespace, room)
	s.seq, s.time, s.epoch = p.Seq, p.Time, p.Epoch
	s.made, s.title, s.host, s.locked, s.emptySince, s.playing = p.Made, p.Title, p.Host, p.Locked, p.EmptySince, p.NowPlaying
	s.singers, s.watchers = int(p.Seats.GetSingers()), int(p.Seats.GetWatchers())
	for _, e := range p.Epochs {
		s.epochs = append(s.epochs, epochStart{e.Epoch, e.FirstSeq})
	}
	r := &reader{users: p.Users}
	all := r.sessions(s, p.Sessions)
	for _, m := range p.Members {
		if int(m.Session) >= len(all) {
			return nil, fmt.Errorf("rules: the snapshot's member %q has no session", m.Nickname)
		}
		r.member(s, m, all[m.Session])
	}
	s.findAwayest()
	r.votes(s, p.Votes)
	for _, b := range p.Bans {
		s.bans = append(s.bans, ban{user: r.user(b.User), memberID: b.MemberId, nickname: b.Nickname, until: b.Until, operator: b.Operator})
	}
	for _, c := range p.Chat {
		rec, err := FromProto(&logv1.Record{Audience: c.Audience})
		if err != nil {
			return nil, err
		}
		rec.Event = c.Event
		s.remember(rec)
	}
	return s, r.err
}

// reader turns a snapshot's numbers back into users, and keeps the first thing that is wrong.
type reader struct {
	users []byte
	err   error
}

func (r *reader) user(i uint32) (u User) {
	if at := int(i) * len(u); at+len(u) <= len(r.users) {
		copy(u[:], r.users[at:])
	} else if r.err == nil {
		r.err = fmt.Errorf("rules: the snapshot has no user %d", i)
	}
	return u
}

func (r *reader) sessions(s *State, cols *logv1.Sessions) (all []*session) {
	n := len(cols.GetUser())
	if len(cols.GetInstance()) != n || len(cols.GetAttempt()) != n || len(cols.GetLastNumber()) != n {
		r.err = fmt.Errorf("rules: the snapshot's sessions are columns of different lengths")
		return nil
	}
	for i := range n {
		all = append(all, s.sessions.add(session{
			user: r.user(cols.User[i]), instance: Instance(cols.Instance[i]), attempt: cols.Attempt[i], last: cols.LastNumber[i],
		}))
	}
	return all
}

func (r *reader) member(s *State, p *logv1.MemberState, of *session) {
	m := &member{
		id: MemberID(p.SinceEpoch, p.SinceSeq), user: of.user, instance: of.instance, signedIn: p.SignedIn,
		nickname: p.Nickname, role: p.Role, seat: int(p.Seat), conn: Connection(p.Connection),
		awaySince: p.AwaySince, heldUntil: p.HeldUntil, hidden: p.Hidden, joined: p.JoinedTime,
		sinceEpoch: p.SinceEpoch, sinceSeq: p.SinceSeq, pick: p.Pick,
	}
	m.nameKey = nameKey(m)
	of.members++
	s.members = append(s.members, m)
	s.byID[m.id] = m
	if m.conn != 0 {
		s.byConn[m.conn] = m
	}
}

func (r *reader) votes(s *State, cols *logv1.Votes) {
	n := len(cols.GetVoter())
	if len(cols.GetSinger()) != n || len(cols.GetChoice()) != n {
		r.err = fmt.Errorf("rules: the snapshot's votes are columns of different lengths")
		return
	}
	for i := range n {
		c := cols.Choice[i]
		s.votes.set(ballot{r.user(cols.Voter[i]), r.user(cols.Singer[i])}, &choice{c&1 != 0, c&2 != 0})
	}
}
