// Package slash understands what people type into a room: a plain line is said, one that begins with / is a command.
// It is the same whatever the line was typed into; what it has to tell by itself, lists and help, goes to a Screen.
package slash

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/talk"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Screen shows a person what isn't an event of the room. Its methods are called from any goroutine.
type Screen interface {
	// Note shows lines of the program's own. They are harmless.
	Note(lines ...string)
	// Help shows how lines are understood, and the commands.
	Help(intro string, commands []Hint)
	// Who shows who is in a room, how the votes stand, and what plays at a time of the server's clock.
	Who(room *singoffv1.RoomState, now time.Time)
}

// Config is whose lines are understood, and where.
type Config struct {
	// Client of the server, for its songs.
	Client *singoff.Client
	// Room that is joined.
	Room *singoff.Room
	// Screen of the person.
	Screen Screen
}

// Interpreter understands the lines of one person in one room. It may be used concurrently.
type Interpreter struct {
	client *singoff.Client
	room   *singoff.Room
	screen Screen

	mu    sync.Mutex             // of found
	found []*singoffv1.TrackInfo // by the newest /song
}

// New makes an Interpreter.
func New(cfg Config) *Interpreter {
	return &Interpreter{client: cfg.Client, room: cfg.Room, screen: cfg.Screen}
}

// Line understands a line: chat, or a command. A line that begins with // says one that begins with /. A nil Job is done already.
func (in *Interpreter) Line(text string) (talk.Job, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	rest, slash := strings.CutPrefix(text, "/")
	if !slash || strings.HasPrefix(rest, "/") {
		return in.say(rest), nil
	}
	word, rest, _ := strings.Cut(rest, " ")
	c, ok := commandOf(strings.ToLower(word))
	if !ok {
		return nil, fmt.Errorf("there is no /%s; /help lists the commands. To say a line that begins with /, begin it with //", harmless.Text(word))
	}
	rest = strings.TrimSpace(rest)
	if rest == "" && c.usage != "" && !strings.HasPrefix(c.usage, "[") {
		return nil, misuse(c.name)
	}
	if c.local {
		return c.do(in, rest)
	}
	return func(ctx context.Context) error { // names and lists as they are when its turn has come
		job, err := c.do(in, rest)
		if err != nil {
			return err
		}
		return job(ctx)
	}, nil
}

// Hint is a command as one is reminded of it.
type Hint struct {
	Name  string // without the slash
	Usage string // with the slash, and what follows the name
	Help  string // what it does
}

// Hints gives the commands whose names begin like the first word of a line, in the order /help tells them; all for a lone slash, none for a line
// that is no command. Once the word is followed by a space only the command of this very name is meant.
func Hints(line string) []Hint {
	rest, slash := strings.CutPrefix(line, "/")
	if !slash || strings.HasPrefix(rest, "/") {
		return nil
	}
	word, _, whole := strings.Cut(rest, " ")
	word = strings.ToLower(word)
	var hints []Hint
	for _, c := range commands() {
		if c.name == word || !whole && strings.HasPrefix(c.name, word) {
			hints = append(hints, Hint{Name: c.name, Usage: c.String(), Help: c.help})
		}
	}
	return hints
}
