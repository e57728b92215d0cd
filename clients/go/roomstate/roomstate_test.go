package roomstate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/singoff/singoff/clients/go/roomstate"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	singer   = singoffv1.Role_ROLE_SINGER
	watcher  = singoffv1.Role_ROLE_WATCHER
	observer = singoffv1.Role_ROLE_OBSERVER
)

func member(id string, role singoffv1.Role, seat uint32) *singoffv1.Member {
	return &singoffv1.Member{MemberId: id, Nickname: "nick " + id, Role: role, Seat: seat}
}

// start is a room of two singers, s1 the host, a watcher w1 and an observer o1, as self sees it; s2 sings.
func start(self string) roomstate.State {
	members := []*singoffv1.Member{member("s1", singer, 1), member("s2", singer, 2), member("w1", watcher, 1), member("o1", observer, 0)}
	return roomstate.Of(&singoffv1.Welcome{
		Self: &singoffv1.Member{MemberId: self}, SnapshotSeq: 10,
		Room: &singoffv1.RoomState{
			Title: "Friday", Members: members, HostMemberId: "s1", Counts: &singoffv1.Counts{Singers: 2, Watchers: 1, Observers: 1},
			Tallies: []*singoffv1.SingerTally{
				{SingerMemberId: "s1", Tally: &singoffv1.Tally{UpGuests: 1}}, {SingerMemberId: "s2", Tally: &singoffv1.Tally{}},
			},
			OwnVotes:   []*singoffv1.OwnVote{{SingerMemberId: "s1", Up: true}},
			NowPlaying: &singoffv1.NowPlaying{SingerMemberId: "s2", State: singoffv1.NowPlaying_STATE_PAUSED},
		},
	})
}

// line says in one line what differs between rooms.
func line(s roomstate.State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %q host=%s", s.Seq, s.Room.GetTitle(), s.Room.GetHostMemberId())
	for _, m := range s.Room.GetMembers() {
		fmt.Fprintf(&b, " %s", m.GetMemberId())
		if m.GetAway() {
			b.WriteString("/away")
		}
		if m.GetHidden() {
			b.WriteString("/hidden")
		}
		if m.GetPick() != nil {
			b.WriteString("/" + m.GetPick().GetTrackId())
		}
		if t := s.Tally(m.GetMemberId()); t != nil {
			fmt.Fprintf(&b, ":%d-%d", t.GetUpGuests()+t.GetUpSignedIn(), t.GetDownGuests()+t.GetDownSignedIn())
		}
		if v := s.OwnVote(m.GetMemberId()); v != singoffv1.Vote_CHOICE_NONE {
			b.WriteString(strings.TrimPrefix(v.String(), "CHOICE"))
		}
	}
	c := s.Room.GetCounts()
	fmt.Fprintf(&b, " n=%d+%d+%d-%d", c.GetSingers(), c.GetWatchers(), c.GetObservers(), c.GetAway())
	if s.Room.GetLocked() {
		b.WriteString(" locked")
	}
	if p := s.Room.GetNowPlaying(); p != nil {
		fmt.Fprintf(&b, " plays=%s", p.GetSingerMemberId())
	}
	for _, ban := range s.Room.GetBans() {
		fmt.Fprintf(&b, " ban=%s", ban.GetMemberId())
	}
	return b.String()
}

func presence(change singoffv1.Presence_Change, m *singoffv1.Member, counts ...uint32) *singoffv1.Event {
	p := &singoffv1.Presence{Change: change, Member: m}
	if len(counts) == 4 {
		p.Counts = &singoffv1.Counts{Singers: counts[0], Watchers: counts[1], Observers: counts[2], Away: counts[3]}
	}
	return &singoffv1.Event{MemberId: m.GetMemberId(), Body: &singoffv1.Event_Presence{Presence: p}}
}

func vote(by, singerID string, choice singoffv1.Vote_Choice, t *singoffv1.Tally) *singoffv1.Event {
	body := &singoffv1.Vote{SingerMemberId: singerID, Choice: choice, Tally: t}
	return &singoffv1.Event{MemberId: by, Body: &singoffv1.Event_Vote{Vote: body}}
}

// told marks an event that comes with seq 0.
func told(event *singoffv1.Event) *singoffv1.Event {
	event.Seq = 1
	return event
}

func playback(action singoffv1.Playback_Action, by string, state singoffv1.NowPlaying_State) *singoffv1.Event {
	now := &singoffv1.NowPlaying{SingerMemberId: by, State: state}
	return &singoffv1.Event{MemberId: by, Body: &singoffv1.Event_Playback{Playback: &singoffv1.Playback{Action: action, Now: now}}}
}

func moderation(action singoffv1.Moderation_Action, id string, until int64) *singoffv1.Event {
	m := &singoffv1.Moderation{Action: action, MemberId: id}
	if until > 0 {
		m.Until = timestamppb.New(time.Unix(until, 0))
	}
	return &singoffv1.Event{MemberId: "s1", Time: timestamppb.New(time.Unix(1000, 0)), Body: &singoffv1.Event_Moderation{Moderation: m}}
}

func TestApply(t *testing.T) {
	t.Parallel()
	away := member("s1", singer, 1)
	away.Away = true
	hidden := member("w1", watcher, 1)
	hidden.Hidden = true
	made := presence(singoffv1.Presence_CHANGE_JOINED, member("w2", watcher, 2), 0, 1, 0, 0)
	made.GetPresence().RoomTitle = "Saturday"
	pick := &singoffv1.Event{MemberId: "s1", Body: &singoffv1.Event_MusicSelected{MusicSelected: &singoffv1.MusicSelected{
		TrackId: "t1", Track: &singoffv1.Track{TrackId: "t1"}}}}
	unpick := &singoffv1.Event{MemberId: "s1", Body: &singoffv1.Event_MusicSelected{MusicSelected: &singoffv1.MusicSelected{}}}
	roomOpened := &singoffv1.Event{Body: &singoffv1.Event_RoomOpened{RoomOpened: &singoffv1.RoomOpened{Epoch: 8}}}
	roomClosed := &singoffv1.Event{Body: &singoffv1.Event_RoomClosed{RoomClosed: &singoffv1.RoomClosed{}}}
	up, down, none := singoffv1.Vote_CHOICE_UP, singoffv1.Vote_CHOICE_DOWN, singoffv1.Vote_CHOICE_NONE
	tests := []struct {
		name, self string
		events     []*singoffv1.Event
		want       string
	}{
		{"nothing", "w1", nil, `10 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`},
		{"a watcher joined", "w1", []*singoffv1.Event{presence(singoffv1.Presence_CHANGE_JOINED, member("w2", watcher, 2), 2, 2, 1, 0)},
			`11 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 w2 n=2+2+1-0 plays=s2`},
		{"a singer joined", "w1", []*singoffv1.Event{presence(singoffv1.Presence_CHANGE_JOINED, member("s3", singer, 3), 3, 1, 1, 0)},
			`11 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 s3:0-0 n=3+1+1-0 plays=s2`},
		{"the host left", "w1", []*singoffv1.Event{presence(singoffv1.Presence_CHANGE_LEFT, member("s1", singer, 1), 1, 1, 1, 0)},
			`11 "Friday" host= s2:0-0 w1 o1 n=1+1+1-0 plays=s2`},
		{"away", "w1", []*singoffv1.Event{presence(singoffv1.Presence_CHANGE_AWAY, away, 2, 1, 1, 1)},
			`11 "Friday" host=s1 s1/away:1-0_UP s2:0-0 w1 o1 n=2+1+1-1 plays=s2`},
		{"hidden", "w1", []*singoffv1.Event{presence(singoffv1.Presence_CHANGE_HIDDEN, hidden)},
			`11 "Friday" host=s1 s1:1-0_UP s2:0-0 w1/hidden o1 n=2+1+1-0 plays=s2`},
		{"another host", "w1", []*singoffv1.Event{presence(singoffv1.Presence_CHANGE_HOST, member("s2", singer, 2))},
			`11 "Friday" host=s2 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`},
		{"own votes", "w1", []*singoffv1.Event{
			vote("w1", "s2", down, &singoffv1.Tally{DownGuests: 1}), vote("w1", "s1", none, &singoffv1.Tally{}), vote("w1", "s1", up, &singoffv1.Tally{UpGuests: 1}),
		}, `13 "Friday" host=s1 s1:1-0_UP s2:0-1_DOWN w1 o1 n=2+1+1-0 plays=s2`},
		{"another's vote", "w1", []*singoffv1.Event{vote("w9", "s1", down, &singoffv1.Tally{UpGuests: 1, DownGuests: 1})},
			`11 "Friday" host=s1 s1:1-1_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`},
		{"a tally told by the server", "", []*singoffv1.Event{vote("", "s1", none, &singoffv1.Tally{UpGuests: 4})},
			`11 "Friday" host=s1 s1:4-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`},
		{"a pick", "w1", []*singoffv1.Event{pick}, `11 "Friday" host=s1 s1/t1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`},
		{"a pick taken back", "w1", []*singoffv1.Event{pick, unpick}, `12 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`},
		{"stopped and started", "w1", []*singoffv1.Event{
			playback(singoffv1.Playback_ACTION_STOP, "s2", singoffv1.NowPlaying_STATE_STOPPED),
			playback(singoffv1.Playback_ACTION_START, "s1", singoffv1.NowPlaying_STATE_PLAYING),
		}, `12 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s1`},
		{"ended", "w1", []*singoffv1.Event{playback(singoffv1.Playback_ACTION_ENDED, "s2", singoffv1.NowPlaying_STATE_STOPPED)},
			`11 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0`},
		{"locked", "w1", []*singoffv1.Event{moderation(singoffv1.Moderation_ACTION_LOCK, "", 0)},
			`11 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 locked plays=s2`},
		{"unlocked", "w1", []*singoffv1.Event{moderation(singoffv1.Moderation_ACTION_LOCK, "", 0), moderation(singoffv1.Moderation_ACTION_UNLOCK, "", 0)},
			`12 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`},
		{"who may not come back", "w1", []*singoffv1.Event{
			moderation(singoffv1.Moderation_ACTION_KICK, "w7", 999), moderation(singoffv1.Moderation_ACTION_BAN, "w8", 0),
			moderation(singoffv1.Moderation_ACTION_KICK, "w9", 1300), moderation(singoffv1.Moderation_ACTION_BAN, "w6", 0),
			moderation(singoffv1.Moderation_ACTION_UNBAN, "w6", 0),
		}, `15 "Friday" host=s1 s1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2 ban=w8 ban=w9`},
		{"the own vote that stands for a singer who is back", "w1", []*singoffv1.Event{
			presence(singoffv1.Presence_CHANGE_LEFT, member("s1", singer, 1)), presence(singoffv1.Presence_CHANGE_JOINED, member("s9", singer, 1)),
			told(vote("w1", "s9", up, &singoffv1.Tally{UpGuests: 1})),
		}, `12 "Friday" host= s2:0-0 w1 o1 s9:1-0_UP n=2+1+1-0 plays=s2`},
		{"opened by another node", "w1", []*singoffv1.Event{roomOpened},
			`11 "Friday" host=s1 s1/away:1-0_UP s2/away:0-0 w1/away n=2+1+0-3 plays=s2`},
		{"closed, and made anew", "o1", []*singoffv1.Event{
			presence(singoffv1.Presence_CHANGE_LEFT, member("s1", singer, 1)), presence(singoffv1.Presence_CHANGE_LEFT, member("s2", singer, 2)),
			presence(singoffv1.Presence_CHANGE_LEFT, member("w1", watcher, 1), 0, 0, 1, 0), roomClosed, made,
		}, `15 "Saturday" host= o1 w2 n=0+1+0-0`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(test.self)
			for i, event := range test.events {
				event = proto.CloneOf(event)
				if event.GetSeq() == 0 {
					event.Seq = uint64(11 + i)
				} else {
					event.Seq = 0
				}
				s = s.Apply(event)
			}
			if got := line(s); got != test.want {
				t.Errorf("\ngot  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A State that was taken before an event doesn't change with it, whatever the event.
func TestStatesAreImmutable(t *testing.T) {
	t.Parallel()
	states, before := []roomstate.State{start("w1")}, []*singoffv1.RoomState{}
	events := []*singoffv1.Event{
		presence(singoffv1.Presence_CHANGE_JOINED, member("s3", singer, 3)), vote("w1", "s3", singoffv1.Vote_CHOICE_UP, &singoffv1.Tally{UpGuests: 1}),
		presence(singoffv1.Presence_CHANGE_JOINED, member("w2", watcher, 3)), presence(singoffv1.Presence_CHANGE_LEFT, member("s1", singer, 1)),
		{MemberId: "s2", Body: &singoffv1.Event_MusicSelected{MusicSelected: &singoffv1.MusicSelected{Track: &singoffv1.Track{TrackId: "t"}}}},
		{Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: "x"}}},
		{Body: &singoffv1.Event_RoomOpened{RoomOpened: &singoffv1.RoomOpened{}}}, {Body: &singoffv1.Event_RoomClosed{RoomClosed: &singoffv1.RoomClosed{}}},
	}
	for i, event := range events {
		newest := states[len(states)-1]
		before = append(before, proto.CloneOf(newest.Room))
		event.Seq = uint64(11 + i)
		states = append(states, newest.Apply(event), newest.Apply(event))
		states = states[:len(states)-1]
	}
	for i, want := range before {
		if !proto.Equal(states[i].Room, want) {
			t.Errorf("state %d changed:\ngot  %v\nwant %v", i, states[i].Room, want)
		}
	}
}

func TestChatIsBounded(t *testing.T) {
	t.Parallel()
	say := func(s roomstate.State, text string) roomstate.State {
		body := &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}
		return s.Apply(&singoffv1.Event{Seq: s.Seq + 1, Number: 7, Body: body})
	}
	s := start("w1")
	for i := range 250 {
		s = say(s, fmt.Sprint(i))
	}
	if len(s.Chat) != roomstate.MaxChat || s.Chat[0].GetChatMessage().GetText() != "150" || s.Chat[0].GetNumber() != 0 {
		t.Errorf("got %d lines from %v on, want %d from 150 on without numbers", len(s.Chat), s.Chat[0], roomstate.MaxChat)
	}
	for range 20 {
		s = say(s, strings.Repeat("가", 2000))
	}
	size := 0
	for _, line := range s.Chat {
		size += proto.Size(line)
	}
	if size > roomstate.MaxChatBytes || len(s.Chat) != 10 {
		t.Errorf("got %d lines of %d bytes, want 10 of at most %d", len(s.Chat), size, roomstate.MaxChatBytes)
	}
}

func TestOldAndUnkeptEventsChangeNothing(t *testing.T) {
	t.Parallel()
	left := presence(singoffv1.Presence_CHANGE_LEFT, member("s1", singer, 1))
	for _, seq := range []uint64{0, 9, 10} {
		left.Seq = seq
		if got := line(start("w1").Apply(left)); got != line(start("w1")) {
			t.Errorf("seq %d: got %s", seq, got)
		}
	}
	if got := (roomstate.State{}).Apply(presence(singoffv1.Presence_CHANGE_JOINED, member("s1", singer, 1))); got.Room != nil || got.Self() != nil {
		t.Errorf("the zero State: got %v", got)
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	s := start("w1")
	if s.Self().GetMemberId() != "w1" || s.Host().GetMemberId() != "s1" || s.Member("nobody") != nil || s.Tally("w1") != nil {
		t.Errorf("self %v, host %v, nobody %v, a watcher's tally %v", s.Self(), s.Host(), s.Member("nobody"), s.Tally("w1"))
	}
	if got := s.InRole(singer); len(got) != 2 || !slices.IsSortedFunc(got, func(a, b *singoffv1.Member) int { return int(a.GetSeat()) - int(b.GetSeat()) }) {
		t.Errorf("singers: got %v", got)
	}
	noon := time.Unix(43200, 0)
	playing := &singoffv1.NowPlaying{
		SingerMemberId: "s1", State: singoffv1.NowPlaying_STATE_PLAYING, Position: durationpb.New(10 * time.Second), StartsAt: timestamppb.New(noon),
		Track: &singoffv1.Track{Duration: durationpb.New(time.Minute)},
	}
	s.Room.NowPlaying = playing
	for after, want := range map[time.Duration]time.Duration{
		-3 * time.Second: 10 * time.Second, 0: 10 * time.Second, 5 * time.Second: 15 * time.Second, time.Hour: time.Minute,
	} {
		if got, ok := s.Position(noon.Add(after)); !ok || got != want {
			t.Errorf("%v after the start: got %v, %v, want %v", after, got, ok, want)
		}
	}
	s.Room.NowPlaying = nil
	if got, ok := s.Position(noon); ok {
		t.Errorf("no song: got %v", got)
	}
}
