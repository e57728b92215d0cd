package rules

import (
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Room is the whole room as a user may see it, who is there as that member.
func (s *State) Room(memberID string) *singoffv1.RoomState {
	room := &singoffv1.RoomState{
		Namespace: s.namespace, RoomId: s.room, Title: s.title, HostMemberId: s.host, Locked: s.locked,
		Seats: s.seats(), Counts: s.counts(), NowPlaying: s.playing,
	}
	self := s.byID[memberID]
	for _, m := range s.members {
		room.Members = append(room.Members, m.view())
		if m.role != singoffv1.Role_ROLE_SINGER {
			continue
		}
		room.Tallies = append(room.Tallies, &singoffv1.SingerTally{SingerMemberId: m.id, Tally: s.votes.tallies[m.user].proto()})
		if self == nil || !self.seated() {
			continue
		}
		if c, voted := s.votes.standing[ballot{self.user, m.user}]; voted {
			room.OwnVotes = append(room.OwnVotes, &singoffv1.OwnVote{SingerMemberId: m.id, Up: c.up})
		}
	}
	room.Bans = s.banList()
	return room
}

func (s *State) seats() *singoffv1.Seats {
	return &singoffv1.Seats{Singers: uint32(s.singers), Watchers: uint32(s.watchers)}
}

func (s *State) banList() (list []*singoffv1.Ban) {
	for _, b := range s.bans {
		if !b.operator && b.holds(s.time) {
			v := &singoffv1.Ban{MemberId: b.memberID, Nickname: b.nickname}
			if b.until != 0 {
				v.Until = stamp(b.until)
			}
			list = append(list, v)
		}
	}
	return list
}

// RecentChat is the newest chat that a user may see, oldest first; those said by the instance carry no numbers.
func (s *State) RecentChat(u User) (events []*singoffv1.Event) {
	for _, line := range s.chat {
		if Visible(line.audience, u) {
			events = append(events, line.event)
		}
	}
	return events
}

// Self is a member as everybody sees it, and since when it is one; nil if it isn't there.
func (s *State) Self(memberID string) (*singoffv1.Member, *singoffv1.Since) {
	m := s.byID[memberID]
	if m == nil {
		return nil, nil
	}
	return m.view(), &singoffv1.Since{Epoch: m.sinceEpoch, Seq: m.sinceSeq}
}

// Summary is the room's line in a list of rooms; nil if nobody is there.
func (s *State) Summary() *singoffv1.RoomSummary {
	if !s.made || len(s.members) == 0 {
		return nil
	}
	sum := &singoffv1.RoomSummary{RoomId: s.room, Title: s.title, Seats: s.seats(), Counts: s.counts(), NowPlaying: s.playing, Locked: s.locked}
	for seat := 1; seat <= s.singers; seat++ {
		for _, m := range s.members {
			if m.role == singoffv1.Role_ROLE_SINGER && m.seat == seat {
				sum.Singers = append(sum.Singers, m.view())
			}
		}
	}
	return sum
}

// Changes says whether an event may change a room's summary.
func Changes(e *singoffv1.Event) bool {
	switch e.Body.(type) {
	case *singoffv1.Event_ChatMessage, *singoffv1.Event_Vote, *singoffv1.Event_Ack, *singoffv1.Event_Rejected, *singoffv1.Event_Announcement:
		return false
	}
	return true
}

// Equal says whether two states are the same in everything that the rules know.
func (s *State) Equal(o *State) bool { return proto.Equal(s.Snapshot(), o.Snapshot()) }
