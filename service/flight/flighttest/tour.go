package flighttest

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// Tour is a Play that begins with what seldom happens by chance: a song from its start to its end, and each act of the host and the operator.
func Tour(t testing.TB, seed uint64, steps int) []Moment {
	t.Helper()
	p := newPlay(t, seed)
	for _, i := range []int{0, 1, 4, 5, 6, 7, 12} {
		p.enter(p.people[i])
		p.pass(time.Second)
	}
	p.song(p.people[0])
	p.host(p.people[0])
	p.push(engine.Input{Act: &engine.Act{ID: 1, Act: rules.Act{Kick: &rules.Kick{MemberID: p.idOf(p.people[7]), KeepOut: time.Hour}}}})
	p.push(engine.Input{Act: &engine.Act{ID: 2, Act: rules.Act{Announce: "곧 끝나요"}}})
	p.push(engine.Input{Act: &engine.Act{ID: 3, Act: rules.Act{Close: true}}})
	for range steps {
		p.step()
	}
	return p.kept
}

// song picks one and takes it through all there is.
func (p *play) song(who *person) {
	p.say(who, &singoffv1.MusicSelected{TrackId: "t1"})
	for _, action := range []singoffv1.Playback_Action{
		singoffv1.Playback_ACTION_START, singoffv1.Playback_ACTION_PAUSE, singoffv1.Playback_ACTION_RESUME, singoffv1.Playback_ACTION_SEEK,
	} {
		p.say(who, &singoffv1.Playback{Action: action, Position: durationpb.New(10 * time.Second)})
		p.pass(4 * time.Second)
	}
	p.pass(time.Minute) // beyond its end
	p.say(who, &singoffv1.Playback{Action: singoffv1.Playback_ACTION_START})
	p.say(who, &singoffv1.Playback{Action: singoffv1.Playback_ACTION_STOP})
	p.say(who, &singoffv1.MusicSelected{})
}

// host lets the host do everything, the handing on last.
func (p *play) host(who *person) {
	act := func(action singoffv1.Moderation_Action, memberID string) {
		p.say(who, &singoffv1.Moderation{Action: action, MemberId: memberID})
	}
	act(singoffv1.Moderation_ACTION_LOCK, "")
	act(singoffv1.Moderation_ACTION_UNLOCK, "")
	act(singoffv1.Moderation_ACTION_KICK, p.idOf(p.people[4]))
	banned := p.idOf(p.people[5])
	act(singoffv1.Moderation_ACTION_BAN, banned)
	act(singoffv1.Moderation_ACTION_UNBAN, banned)
	away := p.idOf(p.people[6])
	p.push(engine.Input{Connection: p.people[6].conn, Lost: singoffv1.Presence_REASON_CONNECTION_LOST})
	act(singoffv1.Moderation_ACTION_FREE_SEAT, away)
	act(singoffv1.Moderation_ACTION_PASS_HOST, p.idOf(p.people[1]))
}

// idOf is the member that somebody is, by the nickname they came with.
func (p *play) idOf(who *person) string {
	for _, m := range p.engine.State().Room("").GetMembers() {
		if m.GetNickname() == who.nickname {
			return m.GetMemberId()
		}
	}
	p.t.Fatalf("flighttest: %q isn't there", who.nickname)
	return ""
}

// say is a numbered command.
func (p *play) say(who *person, body any) {
	last, _ := p.engine.State().LastNumber(who.user, who.instance)
	p.push(engine.Input{Connection: who.conn, Command: &rules.Command{Number: last + 1, Body: body, Track: track()}})
}

func (p *play) push(in engine.Input) {
	p.engine.Push(in)
	p.pass(time.Second)
}

// pass lets time pass, and decides what waits and what is due.
func (p *play) pass(d time.Duration) {
	p.now = p.now.Add(d)
	p.decide()
}

func track() *singoffv1.Track {
	return &singoffv1.Track{TrackId: "t1", Title: "노래", Duration: durationpb.New(40 * time.Second)}
}
