package roomstate

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Apply is the state after a live event. Events that aren't kept, and those of the past, change nothing, but for the own vote that still
// stands for a singer who is back. The event is kept and mustn't be changed.
func (s State) Apply(event *singoffv1.Event) State {
	standing := event.GetSeq() == 0 && event.GetVote() != nil
	if s.Room == nil || event.GetSeq() <= s.Seq && !standing {
		return s
	}
	if !standing {
		s.Seq = event.GetSeq()
	}
	switch event.GetBody().(type) {
	case *singoffv1.Event_ChatMessage:
		s.Chat = remember(s.Chat, event)
		return s
	case *singoffv1.Event_Ack, *singoffv1.Event_Rejected, *singoffv1.Event_Announcement:
		return s
	case *singoffv1.Event_RoomClosed:
		s.Chat = nil
	}
	bans := s.Room.Bans
	switch body := event.GetBody().(type) {
	case *singoffv1.Event_RoomClosed:
		bans = nil
	case *singoffv1.Event_Moderation:
		bans = banned(bans, event, body.Moderation)
	}
	s.Room = changed(s.Room, s.SelfID, event)
	s.Room.Bans = bans
	return s
}

// changed is another RoomState, in which what the event doesn't change is shared with the old one.
func changed(old *singoffv1.RoomState, self string, event *singoffv1.Event) *singoffv1.RoomState {
	room := &singoffv1.RoomState{
		Namespace: old.Namespace, RoomId: old.RoomId, Title: old.Title, Seats: old.Seats, Members: old.Members,
		HostMemberId: old.HostMemberId, Counts: old.Counts, Locked: old.Locked, Tallies: old.Tallies, OwnVotes: old.OwnVotes,
		NowPlaying: old.NowPlaying,
	}
	switch body := event.GetBody().(type) {
	case *singoffv1.Event_Presence:
		present(room, body.Presence)
	case *singoffv1.Event_Vote:
		vote(room, body.Vote, event.GetMemberId() == self && self != "")
	case *singoffv1.Event_MusicSelected:
		pick(room, event.GetMemberId(), body.MusicSelected.GetTrack())
	case *singoffv1.Event_Playback:
		room.NowPlaying = body.Playback.GetNow()
		if room.NowPlaying.GetState() == singoffv1.NowPlaying_STATE_STOPPED {
			room.NowPlaying = nil
		}
	case *singoffv1.Event_Moderation:
		lock(room, body.Moderation.GetAction())
	case *singoffv1.Event_RoomOpened:
		opened(room, body.RoomOpened)
	case *singoffv1.Event_RoomClosed:
		closed(room)
	}
	return room
}

func present(room *singoffv1.RoomState, p *singoffv1.Presence) {
	member := p.GetMember()
	switch p.GetChange() {
	case singoffv1.Presence_CHANGE_JOINED:
		room.Members = append(slices.Clip(room.Members), member)
		if member.GetRole() == singoffv1.Role_ROLE_SINGER {
			tally := &singoffv1.SingerTally{SingerMemberId: member.GetMemberId(), Tally: &singoffv1.Tally{}}
			room.Tallies = append(slices.Clip(room.Tallies), tally)
		}
	case singoffv1.Presence_CHANGE_LEFT:
		remove(room, member.GetMemberId())
	case singoffv1.Presence_CHANGE_HOST:
		room.HostMemberId = member.GetMemberId()
		replace(room, member)
	default:
		replace(room, member)
	}
	if p.GetRoomTitle() != "" {
		room.Title = p.GetRoomTitle()
	}
	if p.GetCounts() != nil {
		room.Counts = p.GetCounts()
	}
}

func replace(room *singoffv1.RoomState, member *singoffv1.Member) {
	i := indexOf(room.Members, member.GetMemberId())
	if i < 0 {
		return
	}
	room.Members = slices.Clone(room.Members)
	room.Members[i] = member
}

// remove takes a member away, with what belongs to it: the host's role, and a singer's tally and votes. A song ends by an event of its own.
func remove(room *singoffv1.RoomState, id string) {
	room.Members = without(room.Members, (*singoffv1.Member).GetMemberId, id)
	room.Tallies = without(room.Tallies, (*singoffv1.SingerTally).GetSingerMemberId, id)
	room.OwnVotes = without(room.OwnVotes, (*singoffv1.OwnVote).GetSingerMemberId, id)
	if room.HostMemberId == id {
		room.HostMemberId = ""
	}
}

func without[T any](list []T, id func(T) string, gone string) []T {
	return slices.DeleteFunc(slices.Clone(list), func(v T) bool { return id(v) == gone })
}

func vote(room *singoffv1.RoomState, v *singoffv1.Vote, own bool) {
	singer := v.GetSingerMemberId()
	room.Tallies = slices.Clone(room.Tallies)
	for i, t := range room.Tallies {
		if t.GetSingerMemberId() == singer {
			room.Tallies[i] = &singoffv1.SingerTally{SingerMemberId: singer, Tally: v.GetTally()}
		}
	}
	if !own {
		return
	}
	up := v.GetChoice() == singoffv1.Vote_CHOICE_UP
	room.OwnVotes = without(room.OwnVotes, (*singoffv1.OwnVote).GetSingerMemberId, singer)
	if up || v.GetChoice() == singoffv1.Vote_CHOICE_DOWN {
		room.OwnVotes = append(room.OwnVotes, &singoffv1.OwnVote{SingerMemberId: singer, Up: up})
		slices.SortStableFunc(room.OwnVotes, func(a, b *singoffv1.OwnVote) int {
			return indexOf(room.Members, a.GetSingerMemberId()) - indexOf(room.Members, b.GetSingerMemberId())
		})
	}
}

func pick(room *singoffv1.RoomState, id string, track *singoffv1.Track) {
	i := indexOf(room.Members, id)
	if i < 0 {
		return
	}
	member := proto.CloneOf(room.Members[i])
	member.Pick = track
	replace(room, member)
}

func lock(room *singoffv1.RoomState, action singoffv1.Moderation_Action) {
	switch action {
	case singoffv1.Moderation_ACTION_LOCK:
		room.Locked = true
	case singoffv1.Moderation_ACTION_UNLOCK:
		room.Locked = false
	}
}

// opened makes all seated members away, with a full hold; observers are gone.
func opened(room *singoffv1.RoomState, o *singoffv1.RoomOpened) {
	members := room.Members
	room.Members = make([]*singoffv1.Member, 0, len(members))
	counts := &singoffv1.Counts{}
	for _, m := range members {
		if m.GetRole() == singoffv1.Role_ROLE_OBSERVER {
			if room.HostMemberId == m.GetMemberId() {
				room.HostMemberId = ""
			}
			continue
		}
		away := proto.CloneOf(m)
		away.Away, away.HeldUntil = true, o.GetHeldUntil()
		room.Members = append(room.Members, away)
		counts.Away++
		if m.GetRole() == singoffv1.Role_ROLE_SINGER {
			counts.Singers++
		} else {
			counts.Watchers++
		}
	}
	room.Counts = counts
}

// closed forgets what a room's life is made of; nobody is seated then.
func closed(room *singoffv1.RoomState) {
	room.Title, room.HostMemberId, room.Locked = "", "", false
	room.Tallies, room.OwnVotes, room.NowPlaying = nil, nil, nil
}

// banned keeps the list of bans and kicks. Kicks that are over drop out.
func banned(bans []*singoffv1.Ban, event *singoffv1.Event, m *singoffv1.Moderation) []*singoffv1.Ban {
	action := m.GetAction()
	ban := action == singoffv1.Moderation_ACTION_BAN || action == singoffv1.Moderation_ACTION_KICK
	if !ban && action != singoffv1.Moderation_ACTION_UNBAN {
		return bans
	}
	bans = slices.DeleteFunc(slices.Clone(bans), func(b *singoffv1.Ban) bool {
		return b.GetMemberId() == m.GetMemberId() || ban && isOver(b.GetUntil(), event.GetTime())
	})
	if ban {
		bans = append(bans, &singoffv1.Ban{MemberId: m.GetMemberId(), Nickname: m.GetNickname(), Until: m.GetUntil()})
	}
	return bans
}

func isOver(until, now *timestamppb.Timestamp) bool {
	return until != nil && now != nil && !until.AsTime().After(now.AsTime())
}

// remember adds a line of chat within the bounds. Lines of the past carry no numbers, so that all clients keep the same.
func remember(chat []*singoffv1.Event, event *singoffv1.Event) []*singoffv1.Event {
	if event.GetNumber() != 0 {
		event = proto.CloneOf(event)
		event.Number = 0
	}
	chat = append(slices.Clip(chat), event)
	size, first := 0, len(chat)
	for first > 0 && len(chat)-first < MaxChat {
		if size += proto.Size(chat[first-1]); size > MaxChatBytes {
			break
		}
		first--
	}
	return chat[first:]
}
