// Package roomstate is the state of a room as a client keeps it: the Welcome's, and every later event applied to it.
// A State is immutable: applying an event gives another one, and what didn't change is shared between them.
// History that a RESUMED replays is part of the Welcome's state already and must not be applied.
package roomstate

import (
	"slices"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Bounds of the chat that a State keeps; the server's are the same.
const (
	// MaxChat is how many messages at most.
	MaxChat = 100
	// MaxChatBytes is how long all of them together, encoded.
	MaxChatBytes = 64 << 10
)

// State is a room as of one event. It may be read concurrently; nothing reached through it may be changed. The zero value is a
// room nothing is known about.
type State struct {
	// Seq of the newest kept event that is part of it.
	Seq uint64
	// SelfID is the own member's id.
	SelfID string
	// Room is what the server says of the room in Welcome, kept up to date. Never nil but in the zero State.
	Room *singoffv1.RoomState
	// Chat is the newest chat, oldest first, at most MaxChat messages.
	Chat []*singoffv1.Event
}

// Of is the state that a Welcome tells.
func Of(w *singoffv1.Welcome) State {
	return State{
		Seq: w.GetSnapshotSeq(), SelfID: w.GetSelf().GetMemberId(), Room: w.GetRoom(), Chat: w.GetRecentChat(),
	}
}

// Member is a member by id; nil: not there.
func (s State) Member(id string) *singoffv1.Member {
	i := indexOf(s.Room.GetMembers(), id)
	if i < 0 {
		return nil
	}
	return s.Room.Members[i]
}

// Self is the own member; nil: it isn't there (any more).
func (s State) Self() *singoffv1.Member { return s.Member(s.SelfID) }

// Host is the host; nil: nobody.
func (s State) Host() *singoffv1.Member { return s.Member(s.Room.GetHostMemberId()) }

// InRole gives the members of a role, by seat.
func (s State) InRole(role singoffv1.Role) []*singoffv1.Member {
	var found []*singoffv1.Member
	for _, m := range s.Room.GetMembers() {
		if m.GetRole() == role {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b *singoffv1.Member) int { return int(a.GetSeat()) - int(b.GetSeat()) })
	return found
}

// Tally is a singer's tally; nil: not a singer who is there.
func (s State) Tally(singerMemberID string) *singoffv1.Tally {
	for _, t := range s.Room.GetTallies() {
		if t.GetSingerMemberId() == singerMemberID {
			return t.GetTally()
		}
	}
	return nil
}

// OwnVote is the own standing vote for a singer: UP, DOWN or NONE.
func (s State) OwnVote(singerMemberID string) singoffv1.Vote_Choice {
	for _, v := range s.Room.GetOwnVotes() {
		switch {
		case v.GetSingerMemberId() != singerMemberID:
		case v.GetUp():
			return singoffv1.Vote_CHOICE_UP
		default:
			return singoffv1.Vote_CHOICE_DOWN
		}
	}
	return singoffv1.Vote_CHOICE_NONE
}

// Position is where in the song the room is at a time of the server's clock; false: there is no song.
func (s State) Position(at time.Time) (time.Duration, bool) {
	now := s.Room.GetNowPlaying()
	if now == nil {
		return 0, false
	}
	position := now.GetPosition().AsDuration()
	if now.GetState() == singoffv1.NowPlaying_STATE_PLAYING {
		position += max(0, at.Sub(now.GetStartsAt().AsTime()))
	}
	if length := now.GetTrack().GetDuration(); length != nil {
		position = min(position, length.AsDuration())
	}
	return position, true
}

func indexOf(members []*singoffv1.Member, id string) int {
	return slices.IndexFunc(members, func(m *singoffv1.Member) bool { return id != "" && m.GetMemberId() == id })
}
