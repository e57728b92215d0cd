package slash

import (
	"context"
	"fmt"
	"strings"

	"github.com/singoff/singoff/clients/cli/talk"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// command is what may follow a slash.
type command struct {
	name  string
	usage string // what follows the name; what may be left out begins with [
	help  string
	do    func(in *Interpreter, rest string) (talk.Job, error)
	local bool // done at once, whatever commands wait; it gives no Job
}

// commands in the order /help tells them. A function, as /help is one of them.
func commands() []command {
	return []command{
		{"vote", "NICK up|down|none", "your one standing vote for a singer, or none of it", (*Interpreter).vote, false},
		{"cheer", "[NICK] [KIND] [N]", "cheer as often as you like: clap, heart, fire, laugh, wow, cry; up to 20 at once", (*Interpreter).cheer, false},
		{"song", "[QUERY|NUMBER|ID|none]", "look for songs, and pick one", (*Interpreter).song, false},
		{"play", "", "play your pick for all", steer(singoffv1.Playback_ACTION_START), false},
		{"pause", "", "let your song stand still", steer(singoffv1.Playback_ACTION_PAUSE), false},
		{"resume", "", "let your paused song go on", steer(singoffv1.Playback_ACTION_RESUME), false},
		{"seek", "1:05", "jump in your song", (*Interpreter).seek, false},
		{"stop", "", "end your song; the host may end anybody's", steer(singoffv1.Playback_ACTION_STOP), false},
		{"nick", "NEW", "take another nickname", (*Interpreter).nick, false},
		{"whisper", "NICK TEXT", "say something to one person alone", (*Interpreter).whisper, false},
		{"who", "", "who is here, how the votes stand, what plays", (*Interpreter).who, true},
		{"kick", "NICK", "host: remove somebody for five minutes", moderate(singoffv1.Moderation_ACTION_KICK), false},
		{"ban", "NICK", "host: remove somebody for the room's life", moderate(singoffv1.Moderation_ACTION_BAN), false},
		{"unban", "NICK", "host: let somebody come back", (*Interpreter).unban, false},
		{"lock", "", "host: let nobody new in", lock(singoffv1.Moderation_ACTION_LOCK), false},
		{"unlock", "", "host: let people in again", lock(singoffv1.Moderation_ACTION_UNLOCK), false},
		{"free", "NICK", "host: give away the seat of somebody who is away", moderate(singoffv1.Moderation_ACTION_FREE_SEAT), false},
		{"pass", "NICK", "host: make somebody else the host", moderate(singoffv1.Moderation_ACTION_PASS_HOST), false},
		{"leave", "", "leave the room; so do Ctrl-C and the end of the input", (*Interpreter).leave, false},
		{"help", "", "this list", (*Interpreter).help, true},
	}
}

func commandOf(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

func (c command) String() string { return strings.TrimSpace("/" + c.name + " " + c.usage) }

// misuse refuses what follows a command, and says what should.
func misuse(name string) error {
	c, _ := commandOf(name)
	return fmt.Errorf("it is %v: %s", c, c.help)
}

// intro begins the help.
const intro = "A line is said to the room; // says a line that begins with /. A name's beginning is enough, quote one with spaces."

func (in *Interpreter) help(string) (talk.Job, error) {
	in.screen.Help(intro, Hints("/"))
	return nil, nil
}

func (in *Interpreter) who(string) (talk.Job, error) {
	if state := in.room.State(); state.Room != nil {
		in.screen.Who(state.Room, in.room.Now())
	}
	return nil, nil
}

func (in *Interpreter) leave(string) (talk.Job, error) {
	return func(context.Context) error { return talk.ErrLeave }, nil
}

// told is a job of one command of the SDK, which says so if nothing came of it.
func (in *Interpreter) told(do func(ctx context.Context) (*singoffv1.Event, error)) talk.Job {
	return func(ctx context.Context) error {
		ev, err := do(ctx)
		if err == nil && ev.GetAck() != nil && !ev.GetAck().GetRepeated() {
			in.screen.Note("nothing changed")
		}
		return err
	}
}

func (in *Interpreter) say(text string) talk.Job {
	return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Say(ctx, text) })
}

func (in *Interpreter) nick(rest string) (talk.Job, error) {
	return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Rename(ctx, rest) }), nil
}
