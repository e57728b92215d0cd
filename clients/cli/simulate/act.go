package simulate

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// actLoop gives commands, about one each pause, until during is over. A command under way then may be answered still.
func (p *person) actLoop(during, commands context.Context, pause time.Duration) {
	for n := 1; wait(during, jittered(p.random, pause)); n++ {
		p.act(commands, n)
	}
}

// act does one thing: mostly it says something.
func (p *person) act(ctx context.Context, n int) {
	text := fmt.Sprintf("%s says %d", p.name(), n)
	switch dice := p.random.IntN(100); {
	case dice < 60:
		p.say(ctx, text)
	case dice < 65:
		p.whisper(ctx, text)
	case dice < 77:
		p.vote(ctx)
	case dice < 88:
		p.cheer()
	case dice < 90:
		hidden := p.random.IntN(2) == 0
		p.do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Presence{Presence: &singoffv1.Presence{Hidden: &hidden}}})
	case p.role != singoffv1.Role_ROLE_SINGER:
		p.say(ctx, text)
	case dice < 95 && len(p.sim.tracks) > 0:
		pick := &singoffv1.MusicSelected{TrackId: p.sim.tracks[p.random.IntN(len(p.sim.tracks))]}
		p.do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_MusicSelected{MusicSelected: pick}})
	default:
		p.steer(ctx)
	}
}

func (p *person) do(ctx context.Context, command *singoffv1.JoinRequest) {
	ev, err := p.seat.Do(ctx, command)
	p.answered(command, ev, err)
}

// say says a text nobody says again, and measures how long it takes to be seen.
func (p *person) say(ctx context.Context, text string) {
	u := &utterance{sent: time.Now()}
	p.sim.utterances.Store(text, u)
	before := p.seat.Connection()
	p.do(ctx, chat(text, ""))
	after := p.seat.Connection()
	steady := before.Phase == singoff.PhaseJoined && after.Phase == singoff.PhaseJoined && before.Attempt == after.Attempt
	u.answered(steady, &p.sim.latency)
}

func (p *person) whisper(ctx context.Context, text string) {
	if to := p.other(singoffv1.Role_ROLE_SINGER, singoffv1.Role_ROLE_WATCHER); to != "" {
		p.do(ctx, chat(text, to))
	}
}

func chat(text, to string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{
		ChatMessage: &singoffv1.ChatMessage{Text: text, ToMemberId: to},
	}}
}

func (p *person) vote(ctx context.Context) {
	if singer := p.other(singoffv1.Role_ROLE_SINGER); singer != "" {
		vote := &singoffv1.Vote{SingerMemberId: singer, Choice: singoffv1.Vote_Choice(1 + p.random.IntN(3))}
		p.do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Vote{Vote: vote}})
	}
}

// cheer is at most once: whether it's lost on a cut nobody promises, so it isn't checked.
func (p *person) cheer() {
	singer := p.other(singoffv1.Role_ROLE_SINGER)
	if singer == "" {
		return
	}
	if p.seat.Cheer(singer, singoffv1.Reaction_Kind(1+p.random.IntN(6)), 1+p.random.IntN(5)) == nil {
		p.sim.commands.Add(1)
	}
}

// steer tries something with the song; much of it is refused, as somebody else's plays.
func (p *person) steer(ctx context.Context) {
	playback := &singoffv1.Playback{Action: singoffv1.Playback_Action(1 + p.random.IntN(5))}
	if playback.GetAction() == singoffv1.Playback_ACTION_SEEK {
		playback.Position = durationpb.New(time.Duration(p.random.IntN(60)) * time.Second)
	}
	p.do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Playback{Playback: playback}})
}

// other is another member in one of the roles; empty: there's none.
func (p *person) other(roles ...singoffv1.Role) string {
	self := p.seat.Self().GetMemberId()
	var found []string
	for _, m := range p.seat.State().Room.GetMembers() {
		for _, r := range roles {
			if m.GetRole() == r && m.GetMemberId() != self {
				found = append(found, m.GetMemberId())
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	return found[p.random.IntN(len(found))]
}
