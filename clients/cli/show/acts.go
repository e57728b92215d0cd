package show

import (
	"fmt"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func (p *Printer) chat(ev *singoffv1.Event, chat *singoffv1.ChatMessage) string {
	text := harmless.Text(chat.GetText())
	author := p.paint(p.colourOf(ev.GetMemberId()), harmless.Text(chat.GetNickname()))
	if chat.GetToMemberId() != "" {
		to := harmless.Text(chat.GetToNickname())
		switch p.self {
		case ev.GetMemberId():
			author += " (you) whispers to " + to
		case chat.GetToMemberId():
			author += p.roleOf(ev.GetMemberId()) + " whispers to you"
		default: // to whom one was in an earlier stay
			author += p.roleOf(ev.GetMemberId()) + " whispers to " + to
		}
		return author + ": " + text
	}
	if ev.GetMemberId() == p.self {
		return author + " (you): " + text
	}
	return author + p.roleOf(ev.GetMemberId()) + ": " + text
}

func (p *Printer) roleOf(memberID string) string {
	if m := p.members[memberID]; m != nil {
		return " (" + Role(m.GetRole()) + ")"
	}
	return ""
}

func (p *Printer) colourOf(memberID string) string {
	if p.members[memberID].GetRole() == singoffv1.Role_ROLE_SINGER {
		return bold + ";" + magenta
	}
	return bold + ";" + cyan
}

func (p *Printer) vote(who string, v *singoffv1.Vote) string {
	singer := p.name(v.GetSingerMemberId())
	what := map[singoffv1.Vote_Choice]string{
		singoffv1.Vote_CHOICE_UP:   "up for ",
		singoffv1.Vote_CHOICE_DOWN: "down for ",
	}[v.GetChoice()]
	action := conjugate(who, "votes") + " " + what + singer
	if what == "" {
		action = conjugate(who, "withdraws") + " the vote for " + singer
	}
	return action + ": " + Tally(v.GetTally())
}

// conjugate is `Mina votes` or `you vote`.
func conjugate(who, verb string) string {
	if who != "you" {
		return who + " " + verb
	}
	switch verb {
	case "is":
		return "you are"
	case "has":
		return "you have"
	case "goes":
		return "you go"
	}
	return "you " + strings.TrimSuffix(verb, "s")
}

// Tally is `3 up, 1 down`, with how many of them are signed in if any is.
func Tally(t *singoffv1.Tally) string {
	up, down := t.GetUpSignedIn()+t.GetUpGuests(), t.GetDownSignedIn()+t.GetDownGuests()
	text := fmt.Sprintf("%d up, %d down", up, down)
	if signed := t.GetUpSignedIn() + t.GetDownSignedIn(); signed > 0 {
		text += fmt.Sprintf(" (%d of them signed in)", signed)
	}
	return text
}

// Track is a song on a line: its title in quotes, artist and length.
func Track(t *singoffv1.Track) string {
	text := "“" + harmless.Text(t.GetTitle()) + "”"
	if t.GetArtist() != "" {
		text += " by " + harmless.Text(t.GetArtist())
	}
	if t.GetDuration() != nil {
		text += " (" + Position(t.GetDuration().AsDuration()) + ")"
	}
	return text
}

// Position in a song: minutes and seconds, hours only if there are any.
func Position(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func (p *Printer) playback(ev *singoffv1.Event, b *singoffv1.Playback) string {
	now, who := b.GetNow(), p.name(ev.GetMemberId())
	at, track := Position(now.GetPosition().AsDuration()), Track(now.GetTrack())
	switch b.GetAction() {
	case singoffv1.Playback_ACTION_START:
		return conjugate(who, "plays") + " " + track + lead(ev, now)
	case singoffv1.Playback_ACTION_PAUSE:
		return conjugate(who, "pauses") + " " + track + " at " + at
	case singoffv1.Playback_ACTION_RESUME:
		return conjugate(who, "goes") + " on with " + track + " at " + at + lead(ev, now)
	case singoffv1.Playback_ACTION_SEEK:
		return conjugate(who, "jumps") + " to " + at + " in " + track
	case singoffv1.Playback_ACTION_STOP:
		return conjugate(who, "stops") + " " + track
	case singoffv1.Playback_ACTION_ENDED:
		return track + " is over"
	}
	return ""
}

// lead is in how long a song moves.
func lead(ev *singoffv1.Event, now *singoffv1.NowPlaying) string {
	d := now.GetStartsAt().AsTime().Sub(ev.GetTime().AsTime())
	if now.GetStartsAt() == nil || d < 100*time.Millisecond {
		return ""
	}
	return ", in " + seconds(d)
}

// seconds is a short time: `3 s`, `0.5 s`.
func seconds(d time.Duration) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}

func (p *Printer) nowPlaying(now *singoffv1.NowPlaying, at time.Time) string {
	position := now.GetPosition().AsDuration()
	if now.GetState() == singoffv1.NowPlaying_STATE_PLAYING {
		position += max(0, at.Sub(now.GetStartsAt().AsTime()))
		if d := now.GetTrack().GetDuration(); d != nil {
			position = min(position, d.AsDuration())
		}
	}
	verb := map[singoffv1.NowPlaying_State]string{
		singoffv1.NowPlaying_STATE_PLAYING: "now playing: ",
		singoffv1.NowPlaying_STATE_PAUSED:  "paused: ",
	}[now.GetState()]
	return verb + Track(now.GetTrack()) + " of " + p.name(now.GetSingerMemberId()) + ", at " + Position(position)
}
