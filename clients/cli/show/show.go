// Package show says a room's events in plain lines for people: who did what, when, by the local clock.
// A Printer remembers the names it has met, so that what somebody did before they left still has a name. All that others
// wrote is made harmless for terminals; colours are used only where asked for.
package show

import (
	"fmt"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Config says how lines look.
type Config struct {
	// Colour uses ANSI colours.
	Colour bool
	// Brief leaves out of a Welcome who is there and what plays, for people who see that anyway.
	Brief bool
	// Zone is where times are told; nil: the local one.
	Zone *time.Location
	// Now tells today from other days, whose events carry their date too; nil: time.Now.
	Now func() time.Time
}

// Line is what people read of an event.
type Line struct {
	// Time is when it happened: `20:00:05`, with the date in front if it wasn't today.
	Time string
	// Text is what happened, with colours if they are asked for.
	Text   string
	colour bool
}

// String is the whole line.
func (l Line) String() string { return paint(l.colour, dim, l.Time) + " " + l.Text }

// Printer makes lines of events, which it must be given in their order. It isn't safe for concurrent use.
type Printer struct {
	colour bool
	brief  bool
	zone   *time.Location
	now    func() time.Time

	self    string
	joined  bool // a Welcome came before
	members map[string]*singoffv1.Member
	seats   *singoffv1.Seats
	replay  uint64 // seq up to which events are history
}

// New makes a Printer.
func New(cfg Config) *Printer {
	if cfg.Zone == nil {
		cfg.Zone = time.Local
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Printer{colour: cfg.Colour, brief: cfg.Brief, zone: cfg.Zone, now: cfg.Now, members: map[string]*singoffv1.Member{}}
}

// Event gives the lines of an event: mostly one, none for what only programs need, several for a Welcome.
func (p *Printer) Event(ev *singoffv1.Event) []Line {
	switch body := ev.GetBody().(type) {
	case *singoffv1.Event_Welcome:
		return p.welcome(body.Welcome)
	case *singoffv1.Event_ChatMessage:
		return p.at(ev, p.chat(ev, body.ChatMessage))
	case *singoffv1.Event_Presence:
		return p.notice(ev, p.presence(ev, body.Presence))
	case *singoffv1.Event_RoomOpened:
		until := p.clock(body.RoomOpened.GetHeldUntil().AsTime())
		return p.notice(ev, "the server has opened the room again; seats are held until "+until)
	case *singoffv1.Event_RoomClosed:
		return p.notice(ev, "the room is closed; the next to join begins it anew")
	case *singoffv1.Event_Announcement:
		return p.at(ev, p.paint(bold, "announcement: "+harmless.Text(body.Announcement.GetText())))
	case *singoffv1.Event_Rejected:
		if ev.GetNumber() != 0 {
			return nil // whoever sent the command tells
		}
		return p.notice(ev, "refused: "+Refusal(body.Rejected.GetMessage(), body.Rejected.GetReason(), body.Rejected.GetField()))
	}
	return p.notice(ev, p.act(ev))
}

// act says what somebody did with songs, votes, cheers and the host's hand; empty: nothing that people need.
func (p *Printer) act(ev *singoffv1.Event) string {
	who := p.name(ev.GetMemberId())
	switch body := ev.GetBody().(type) {
	case *singoffv1.Event_Vote:
		return p.vote(who, body.Vote)
	case *singoffv1.Event_MusicSelected:
		if body.MusicSelected.GetTrack() == nil {
			return conjugate(who, "takes") + " the pick back"
		}
		return conjugate(who, "picks") + " " + Track(body.MusicSelected.GetTrack())
	case *singoffv1.Event_Playback:
		return p.playback(ev, body.Playback)
	case *singoffv1.Event_Reaction:
		kind := strings.ToLower(strings.TrimPrefix(body.Reaction.GetKind().String(), "KIND_"))
		return fmt.Sprintf("%d × %s for %s", body.Reaction.GetCount(), kind, p.name(body.Reaction.GetSingerMemberId()))
	case *singoffv1.Event_Moderation:
		return p.moderation(who, body.Moderation)
	}
	return ""
}

// Refusal is a server's sentence for people, or the reason's name if there's none, with the field at fault.
func Refusal(message string, reason fmt.Stringer, field string) string {
	text := harmless.Text(message)
	if text == "" {
		text = strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(reason.String(), "REASON_"), "_", " "))
	}
	if field != "" && !strings.Contains(text, field) {
		text += " (" + harmless.Text(field) + ")"
	}
	return text
}

// name is how a member is called in a sentence.
func (p *Printer) name(memberID string) string {
	switch m := p.members[memberID]; {
	case memberID == "":
		return "the server"
	case memberID == p.self:
		return "you"
	case m == nil:
		return "somebody who left"
	case m.GetNickname() == "":
		return "an observer"
	default:
		return harmless.Text(m.GetNickname())
	}
}

// Role is a role in a word.
func Role(r singoffv1.Role) string {
	return strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
}

func (p *Printer) at(ev *singoffv1.Event, text string) []Line {
	return []Line{p.line(ev.GetTime().AsTime(), text)}
}

func (p *Printer) notice(ev *singoffv1.Event, text string) []Line {
	if text == "" {
		return nil
	}
	return p.at(ev, p.paint(yellow, "* "+text))
}

func (p *Printer) line(when time.Time, text string) Line {
	return Line{Time: p.clock(when), Text: text, colour: p.colour}
}

// clock is a time of today, or of another day with its date.
func (p *Printer) clock(t time.Time) string {
	t, now := t.In(p.zone), p.now().In(p.zone)
	if t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format("2 Jan 15:04:05")
	}
	return t.Format("15:04:05")
}

// Note is a line of the program's own, by the local clock.
func (p *Printer) Note(text string) Line { return p.line(p.now(), p.paint(yellow, "* "+text)) }

// Problem is a line that tells what went wrong with something the person asked for.
func (p *Printer) Problem(text string) Line { return p.line(p.now(), p.paint(red, "! "+text)) }

// ANSI colours.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	yellow  = "33"
	magenta = "35"
	cyan    = "36"
)

func (p *Printer) paint(colour, text string) string { return paint(p.colour, colour, text) }

func paint(wanted bool, colour, text string) string {
	if !wanted {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
