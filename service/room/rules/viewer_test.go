package rules_test

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// viewer is what a client knows of a room: the events that everybody may see, and nothing else.
type viewer struct {
	room *singoffv1.RoomState
}

func newViewer() *viewer {
	return &viewer{room: &singoffv1.RoomState{Namespace: "default", RoomId: "battle", Counts: &singoffv1.Counts{}}}
}

// see applies an event as a client does.
func (v *viewer) see(r *rules.Record) {
	if r.Event == nil || len(r.Audience) > 0 {
		return
	}
	e := proto.CloneOf(r.Event)
	switch body := e.Body.(type) {
	case *singoffv1.Event_Presence:
		v.presence(body.Presence)
	case *singoffv1.Event_Vote:
		v.tally(body.Vote.SingerMemberId).Tally = body.Vote.Tally
	case *singoffv1.Event_MusicSelected:
		v.member(e.MemberId).Pick = body.MusicSelected.Track
	case *singoffv1.Event_Playback:
		v.room.NowPlaying = body.Playback.Now
		if body.Playback.Now.State == singoffv1.NowPlaying_STATE_STOPPED {
			v.room.NowPlaying = nil
		}
	case *singoffv1.Event_Moderation:
		v.moderation(body.Moderation, e.Time.AsTime())
	case *singoffv1.Event_RoomOpened:
		v.opened(body.RoomOpened)
	case *singoffv1.Event_RoomClosed:
		v.room.Title, v.room.HostMemberId, v.room.Locked, v.room.Tallies, v.room.NowPlaying = "", "", false, nil, nil
		v.room.Bans = nil
	}
}

func (v *viewer) moderation(m *singoffv1.Moderation, now time.Time) {
	switch m.Action {
	case singoffv1.Moderation_ACTION_LOCK:
		v.room.Locked = true
	case singoffv1.Moderation_ACTION_UNLOCK:
		v.room.Locked = false
	case singoffv1.Moderation_ACTION_KICK, singoffv1.Moderation_ACTION_BAN:
		v.dropBans(now)
		v.room.Bans = append(v.room.Bans, &singoffv1.Ban{MemberId: m.MemberId, Nickname: m.Nickname, Until: m.Until})
	case singoffv1.Moderation_ACTION_UNBAN:
		v.room.Bans = slices.DeleteFunc(v.room.Bans, func(b *singoffv1.Ban) bool { return b.MemberId == m.MemberId })
	}
}

// dropBans drops kicks that are over.
func (v *viewer) dropBans(now time.Time) {
	v.room.Bans = slices.DeleteFunc(v.room.Bans, func(b *singoffv1.Ban) bool { return b.Until != nil && !b.Until.AsTime().After(now) })
}

func (v *viewer) presence(p *singoffv1.Presence) {
	id := p.Member.MemberId
	v.room.Counts = p.Counts
	switch p.Change {
	case singoffv1.Presence_CHANGE_JOINED:
		v.room.Members = append(v.room.Members, p.Member)
		if p.RoomTitle != "" {
			v.room.Title = p.RoomTitle
		}
		if p.Member.Role == singoffv1.Role_ROLE_SINGER {
			v.room.Tallies = append(v.room.Tallies, &singoffv1.SingerTally{SingerMemberId: id, Tally: &singoffv1.Tally{}})
		}
	case singoffv1.Presence_CHANGE_LEFT:
		v.room.Members = slices.DeleteFunc(v.room.Members, func(m *singoffv1.Member) bool { return m.MemberId == id })
		v.room.Tallies = slices.DeleteFunc(v.room.Tallies, func(t *singoffv1.SingerTally) bool { return t.SingerMemberId == id })
		if v.room.HostMemberId == id {
			v.room.HostMemberId = ""
		}
	case singoffv1.Presence_CHANGE_HOST:
		v.room.HostMemberId = id
		fallthrough
	default:
		*v.at(id) = p.Member
	}
}

func (v *viewer) opened(o *singoffv1.RoomOpened) {
	v.room.Counts.Observers, v.room.Counts.Away = 0, 0
	v.room.Members = slices.DeleteFunc(v.room.Members, func(m *singoffv1.Member) bool {
		if m.Role == singoffv1.Role_ROLE_OBSERVER && m.MemberId == v.room.HostMemberId {
			v.room.HostMemberId = ""
		}
		return m.Role == singoffv1.Role_ROLE_OBSERVER
	})
	for _, m := range v.room.Members {
		m.Away, m.HeldUntil = true, o.HeldUntil
		v.room.Counts.Away++
	}
}

func (v *viewer) at(id string) **singoffv1.Member {
	for i, m := range v.room.Members {
		if m.MemberId == id {
			return &v.room.Members[i]
		}
	}
	return new(*singoffv1.Member) // the comparison will tell
}

func (v *viewer) member(id string) *singoffv1.Member {
	if m := *v.at(id); m != nil {
		return m
	}
	return &singoffv1.Member{}
}

func (v *viewer) tally(id string) *singoffv1.SingerTally {
	for _, t := range v.room.Tallies {
		if t.SingerMemberId == id {
			return t
		}
	}
	return &singoffv1.SingerTally{}
}

// checkViewer: who has seen all events knows what a Welcome would tell, but for the seats.
func (r *room) checkViewer(welcome *singoffv1.RoomState) {
	r.Helper()
	want := proto.CloneOf(welcome)
	want.Seats = nil
	r.viewer.dropBans(r.state.Time())
	if !proto.Equal(r.viewer.room, want) {
		r.Errorf("who has seen all events knows\n%v\na Welcome tells\n%v", r.viewer.room, want)
	}
}
