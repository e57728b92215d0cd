package forget

import (
	"bytes"
	"fmt"
	"iter"
	"slices"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// entry is one that is read to be changed.
type entry struct {
	*logv1.Entry
	records []record
}

// record is one of an entry, with its event; nil: nobody sees it.
type record struct {
	*logv1.Record
	event *singoffv1.Event
}

func readEntry(data []byte) (entry, error) {
	e := entry{Entry: &logv1.Entry{}}
	if err := proto.Unmarshal(data, e.Entry); err != nil {
		return e, fmt.Errorf("forget: an entry can't be read: %w", err)
	}
	if e.RulesVersion > rules.Version {
		return e, fmt.Errorf("%w: version %d, this one knows %d", engine.ErrNewerRules, e.RulesVersion, rules.Version)
	}
	for _, r := range e.Records {
		rec := record{Record: r}
		if r.Seq != 0 {
			var err error
			if rec.event, err = readEvent(r.Event); err != nil {
				return e, err
			}
		}
		e.records = append(e.records, rec)
	}
	return e, nil
}

// link says whose member somebody is.
type link struct {
	member string
	user   rules.User
}

// links are what a record tells of who is who. Users of another form than 16 bytes are nobody.
func (r record) links() iter.Seq[link] {
	return func(yield func(link) bool) {
		say := func(member string, user []byte) bool {
			return member == "" || len(user) != len(rules.User{}) || yield(link{member, rules.User(user)})
		}
		author := r.event.GetMemberId()
		moderated := r.event.GetModeration().GetMemberId()
		var to []byte
		if len(r.Audience) == 2 {
			to = r.Audience[1]
		}
		var first []byte
		if len(r.Audience) > 0 {
			first = r.Audience[0]
		}
		_ = say(r.GetAttached().GetMemberId(), r.GetAttached().GetUser()) &&
			say(author, r.GetCommand().GetUser()) &&
			say(author, r.GetVoted().GetVoter()) &&
			say(r.event.GetVote().GetSingerMemberId(), r.GetVoted().GetSinger()) &&
			say(r.GetRemoved().GetMemberId(), r.GetRemoved().GetUser()) &&
			say(moderated, r.GetRemoved().GetUser()) &&
			say(moderated, r.GetRestored().GetUser()) &&
			say(author, first) &&
			say(r.event.GetChatMessage().GetToMemberId(), to)
	}
}

// names says whether a record names a user in any way.
func (r record) names(user rules.User) bool {
	for _, b := range append([][]byte{
		r.GetAttached().GetUser(), r.GetCommand().GetUser(), r.GetVoted().GetVoter(), r.GetVoted().GetSinger(), r.GetRemoved().GetUser(), r.GetRestored().GetUser(),
	}, r.Audience...) {
		if bytes.Equal(b, user[:]) {
			return true
		}
	}
	return false
}

// mentions says whether a record tells something of a member.
func (r record) mentions(memberID string) bool {
	return slices.Contains([]string{
		r.event.GetMemberId(), r.event.GetPresence().GetMember().GetMemberId(), r.event.GetModeration().GetMemberId(),
		r.event.GetChatMessage().GetToMemberId(), r.event.GetVote().GetSingerMemberId(),
	}, memberID)
}

// snapshot is one that is read to be changed.
type snapshot struct{ *logv1.Snapshot }

func readSnapshot(data []byte) (snapshot, error) {
	s := snapshot{&logv1.Snapshot{}}
	if err := proto.Unmarshal(data, s.Snapshot); err != nil {
		return s, fmt.Errorf("forget: a snapshot can't be read: %w", err)
	}
	if s.RulesVersion > rules.Version {
		return s, fmt.Errorf("%w: version %d, this one knows %d", engine.ErrNewerRules, s.RulesVersion, rules.Version)
	}
	return s, nil
}

// user is one of the snapshot's, by its number.
func (s snapshot) user(i uint32) (u rules.User) {
	if at := int(i) * len(u); at+len(u) <= len(s.Users) {
		copy(u[:], s.Users[at:])
	}
	return u
}

// owner is whose member somebody is.
func (s snapshot) owner(m *logv1.MemberState) rules.User {
	if users := s.Sessions.GetUser(); int(m.Session) < len(users) {
		return s.user(users[m.Session])
	}
	return rules.User{}
}

// links are what a snapshot tells of who is who.
func (s snapshot) links() iter.Seq[link] {
	return func(yield func(link) bool) {
		for _, m := range s.Members {
			if !yield(link{rules.MemberID(m.SinceEpoch, m.SinceSeq), s.owner(m)}) {
				return
			}
		}
		for _, b := range s.Bans {
			if !yield(link{b.MemberId, s.user(b.User)}) {
				return
			}
		}
		for _, c := range s.Chat {
			for link := range (record{&logv1.Record{Audience: c.Audience}, c.Event}).links() {
				if !yield(link) {
					return
				}
			}
		}
	}
}

// names says whether a snapshot knows a user.
func (s snapshot) names(user rules.User) bool {
	for at := 0; at+len(user) <= len(s.Users); at += len(user) {
		if bytes.Equal(s.Users[at:at+len(user)], user[:]) {
			return true
		}
	}
	for _, c := range s.Chat {
		if (record{&logv1.Record{Audience: c.Audience}, c.Event}).names(user) {
			return true
		}
	}
	return false
}

// mentions says whether a snapshot tells something of a member.
func (s snapshot) mentions(memberID string) bool {
	for link := range s.links() {
		if link.member == memberID {
			return true
		}
	}
	for _, c := range s.Chat {
		if (record{&logv1.Record{}, c.Event}).mentions(memberID) {
			return true
		}
	}
	return false
}
