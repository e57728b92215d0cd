package rules

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// ErrBadRecord is what Apply answers to a record that can't follow on the state; the state isn't usable afterwards.
var ErrBadRecord = errors.New("rules: the record doesn't follow on the state")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadRecord, fmt.Sprintf(format, args...))
}

// Apply evolves the state by a record. The same records in the same order always make the same state.
func (s *State) Apply(r *Record) error {
	if r.Event != nil {
		if r.Event.Seq != s.seq+1 {
			return bad("seq %d after %d", r.Event.Seq, s.seq)
		}
		s.seq = r.Event.Seq
		s.time = max(s.time, r.Event.Time.AsTime().UnixMilli())
		if err := s.applyEvent(r); err != nil {
			return err
		}
	} else if err := s.applyUnseen(r); err != nil {
		return err
	}
	if c := r.Command; c != nil {
		s.sessions.touch(c.User, c.Instance).last = c.Number
	}
	return nil
}

// applyUnseen evolves the state by a record without an event.
func (s *State) applyUnseen(r *Record) error {
	switch f := r.Fact.(type) {
	case *Attached:
		return s.attach(f)
	case *Removed:
		s.keepOut(ban{user: f.User, memberID: f.MemberID, until: f.Until, operator: true})
	}
	return nil
}

func (s *State) applyEvent(r *Record) error {
	switch body := r.Event.Body.(type) {
	case *singoffv1.Event_Presence:
		return s.applyPresence(r, body.Presence)
	case *singoffv1.Event_ChatMessage:
		s.remember(r)
	case *singoffv1.Event_Vote:
		if f, ok := r.Fact.(*Voted); ok {
			s.votes.set(ballot{f.Voter, f.Singer}, choiceOf(body.Vote.Choice, f.SignedIn))
		}
	case *singoffv1.Event_MusicSelected:
		m := s.byID[r.Event.MemberId]
		if m == nil {
			return bad("a pick of %s, who isn't there", r.Event.MemberId)
		}
		m.pick = body.MusicSelected.Track
	case *singoffv1.Event_Playback:
		s.playing = body.Playback.Now
		if s.playing.GetState() == singoffv1.NowPlaying_STATE_STOPPED {
			s.playing = nil
		}
	case *singoffv1.Event_Moderation:
		s.applyModeration(r, body.Moderation)
	case *singoffv1.Event_RoomOpened:
		s.open(r.Event, body.RoomOpened)
	case *singoffv1.Event_RoomClosed:
		s.close()
	}
	return nil
}

func choiceOf(c singoffv1.Vote_Choice, signedIn bool) *choice {
	switch c {
	case singoffv1.Vote_CHOICE_UP:
		return &choice{true, signedIn}
	case singoffv1.Vote_CHOICE_DOWN:
		return &choice{false, signedIn}
	}
	return nil
}

func (s *State) applyPresence(r *Record, p *singoffv1.Presence) error {
	id := p.GetMember().GetMemberId()
	m := s.byID[id]
	if p.Change == singoffv1.Presence_CHANGE_JOINED {
		return s.join(r, p.Member)
	}
	if m == nil {
		return bad("%v of %q, who isn't there", p.Change, id)
	}
	switch p.Change {
	case singoffv1.Presence_CHANGE_LEFT:
		s.remove(m)
	case singoffv1.Presence_CHANGE_AWAY:
		s.setAway(m, r.Event.Time.AsTime().UnixMilli(), p.Member.HeldUntil.AsTime().UnixMilli())
		s.findAwayest()
	case singoffv1.Presence_CHANGE_RETURNED:
		a, ok := r.Fact.(*Attached)
		if !ok {
			return bad("%q returned by no connection", id)
		}
		return s.attach(a)
	case singoffv1.Presence_CHANGE_RENAMED:
		m.nickname = p.Member.Nickname
		m.nameKey = nameKey(m)
	case singoffv1.Presence_CHANGE_HIDDEN:
		m.hidden = p.Member.Hidden
	case singoffv1.Presence_CHANGE_HOST:
		s.host = id
	}
	return nil
}

func (s *State) join(r *Record, v *singoffv1.Member) error {
	a, ok := r.Fact.(*Attached)
	if !ok || a.MemberID != v.GetMemberId() || a.MemberID != MemberID(s.epoch, s.seq) {
		return bad("%q joined without a connection, or under another's id", v.GetMemberId())
	}
	if made := a.Made; made != nil {
		s.made, s.title, s.singers, s.watchers = true, made.Title, made.Singers, made.Watchers
		s.emptySince = s.time
	}
	m := &member{
		id: v.MemberId, user: a.User, signedIn: v.SignedIn, nickname: v.Nickname, role: v.Role, seat: int(v.Seat),
		joined: s.time, sinceEpoch: s.epoch, sinceSeq: s.seq,
	}
	m.nameKey = nameKey(m)
	s.members = append(s.members, m)
	s.byID[m.id] = m
	if m.seated() {
		s.emptySince = 0
	}
	m.instance = a.Instance
	s.sessions.touch(m.user, m.instance).members++
	return s.attach(a)
}

// attach makes a connection its member's current one.
func (s *State) attach(a *Attached) error {
	m := s.byID[a.MemberID]
	if m == nil || a.Connection == 0 {
		return bad("connection %d of %q, who isn't there or got none", a.Connection, a.MemberID)
	}
	if m.instance != a.Instance {
		s.sessions.touch(m.user, m.instance).members--
		m.instance, m.hidden = a.Instance, false
		s.sessions.touch(m.user, m.instance).members++
	}
	s.sessions.touch(m.user, m.instance).attempt = a.Attempt
	delete(s.byConn, m.conn)
	m.conn = a.Connection
	m.awaySince, m.heldUntil = 0, 0
	s.byConn[m.conn] = m
	if s.awayest == m {
		s.findAwayest()
	}
	s.sessions.trim(s.sessionLimit())
	return nil
}

func (s *State) setAway(m *member, since, heldUntil int64) {
	delete(s.byConn, m.conn)
	m.conn, m.awaySince, m.heldUntil = 0, since, heldUntil
}

func (s *State) remove(m *member) {
	delete(s.byConn, m.conn)
	delete(s.byID, m.id)
	for i, x := range s.members {
		if x == m {
			s.members = append(s.members[:i:i], s.members[i+1:]...)
			break
		}
	}
	s.sessions.touch(m.user, m.instance).members--
	if s.awayest == m {
		s.findAwayest()
	}
	if s.host == m.id {
		s.host = ""
	}
	if m.seated() && s.made && !s.somebodySeated() {
		s.emptySince = s.time
	}
}

func (s *State) remember(r *Record) {
	line := chatLine{event: r.Event, audience: r.Audience, size: proto.Size(r.Event)}
	s.chat = append(s.chat, line)
	s.chatSize += line.size
	drop := 0
	for len(s.chat)-drop > MaxRecentChat || s.chatSize > MaxRecentChatSize {
		s.chatSize -= s.chat[drop].size
		drop++
	}
	if drop > 0 {
		s.chat = append(s.chat[:0], s.chat[drop:]...)
	}
}

func (s *State) applyModeration(r *Record, m *singoffv1.Moderation) {
	switch m.Action {
	case singoffv1.Moderation_ACTION_LOCK:
		s.locked = true
	case singoffv1.Moderation_ACTION_UNLOCK:
		s.locked = false
	}
	switch f := r.Fact.(type) {
	case *Removed:
		s.keepOut(ban{user: f.User, memberID: m.MemberId, nickname: m.Nickname, until: f.Until})
		if f.Until == 0 {
			s.votes.forget(f.User)
		}
	case *Restored:
		s.dropBans(func(b ban) bool { return b.user == f.User && !b.operator })
	}
}

// keepOut adds a ban in the place of an older one by the same hand; those that are over go.
func (s *State) keepOut(b ban) {
	s.dropBans(func(x ban) bool { return x.user == b.user && x.operator == b.operator || !x.holds(s.time) })
	if s.banNamesSize()+len(b.nickname) > MaxBanNamesSize {
		b.nickname = ""
	}
	s.bans = append(s.bans, b)
}

func (s *State) dropBans(gone func(ban) bool) {
	kept := make([]ban, 0, len(s.bans))
	for _, b := range s.bans {
		if !gone(b) {
			kept = append(kept, b)
		}
	}
	s.bans = kept
}

func (s *State) banNamesSize() (n int) {
	for _, b := range s.bans {
		n += len(b.nickname)
	}
	return n
}

// open begins an epoch: every member is away with a full hold, observers are gone.
func (s *State) open(e *singoffv1.Event, o *singoffv1.RoomOpened) {
	s.epoch = o.Epoch
	s.epochs = append(s.epochs, epochStart{o.Epoch, e.Seq})
	if len(s.epochs) > MaxEpochs {
		s.epochs = append(s.epochs[:0], s.epochs[len(s.epochs)-MaxEpochs:]...)
	}
	for _, m := range append([]*member(nil), s.members...) {
		if m.seated() {
			s.setAway(m, s.time, o.HeldUntil.AsTime().UnixMilli())
		} else {
			s.remove(m)
		}
	}
	s.findAwayest()
}

func (s *State) close() {
	s.made, s.title, s.host, s.locked, s.emptySince = false, "", "", false, 0
	s.votes, s.playing = newVotes(), nil
	s.dropBans(func(b ban) bool { return !b.operator })
	s.chat, s.chatSize = nil, 0
}
