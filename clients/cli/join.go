package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/cli/jsonmode"
	"github.com/singoff/singoff/clients/cli/linemode"
	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/statedir"
	"github.com/singoff/singoff/clients/cli/talk"
	"github.com/singoff/singoff/clients/cli/tui"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Bounds of joining.
const (
	answerPatience = 5 * time.Second  // for the server's first answer
	joinPatience   = 20 * time.Second // for the Welcome
)

type joinCommand struct {
	signIn
	Room     string `arg:"" help:"Title of the room, in any script. Whoever types the same title is in the same room."`
	Nick     string `short:"n" env:"SINGOFF_NICK" placeholder:"NAME" help:"Your nickname, 1 to 32 characters, unique in the room ($$${env}). Observers need none; a token may say it."`
	Role     string `short:"r" enum:"singer,watcher,observer" default:"watcher" help:"singer (on stage, two seats), watcher (front row, six seats) or observer (looks on, says nothing). Default: ${default}."`
	Plain    bool   `help:"Write line by line, as to a file, instead of using the whole terminal. Also with TERM=dumb."`
	JSON     bool   `name:"json" help:"Read and write one JSON message a line instead of text: see below."`
	StateDir string `type:"path" env:"SINGOFF_STATE_DIR" placeholder:"DIR" help:"Where your guest key and your place in each room are kept ($$XDG_STATE_HOME/singoff or ~/.local/state/singoff; $$${env})."`
}

// Help is what `singoff join --help` adds.
func (joinCommand) Help() string {
	return `On a terminal the room takes the whole of it: seats, tallies, what plays, and what is said. --plain, and anything that isn't a terminal on
either side, writes line by line instead.

Lines you type are said to the room. Lines that begin with / are commands: /vote NICK up, /cheer, /song, /play, /pause, /seek 1:05,
/whisper NICK TEXT, /who, /leave; /help lists them all. A line that begins with // says one that begins with /.

Ctrl-C, /leave and the end of the input leave the room; a second Ctrl-C ends the program at once. A program that is killed,
or loses its connection, keeps its seat for a while: the same command with the same --nick comes back to it, having missed nothing.
A second program under your nickname takes over from the first.

  singoff join 'Friday battle' --nick Mina --role singer
  echo 'hello' | singoff join friday --nick Bot
  singoff join friday --token-file ~/.singoff-token

With --json each line in is a JoinRequest of the protocol, and each line out an Event, in protobuf's JSON form:
  {"chatMessage": {"text": "hello"}}
  {"vote": {"singerMemberId": "…", "choice": "CHOICE_UP"}}
Two more objects come out: {"connection": {"phase": "reconnecting", "attempt": 2, "cause": "…", "nextTry": "…"}} and
{"error": {"line": 3, "message": "…", "reason": "REASON_…", "field": "…"}} for a line that wasn't done; without "line" it's what ended the program.`
}

// Run joins and talks.
func (c *joinCommand) Run(ctx context.Context, g *globals) (err error) {
	role := singoffv1.Role(singoffv1.Role_value["ROLE_"+strings.ToUpper(c.Role)])
	nick := strings.TrimSpace(c.Nick)
	switch {
	case role == singoffv1.Role_ROLE_OBSERVER:
		nick = ""
	case nick == "" && !c.used():
		return fmt.Errorf("%w: a %s needs a nickname: --nick NAME", errUsage, c.Role)
	case strings.TrimSpace(c.Room) == "":
		return fmt.Errorf("%w: the room's title is empty", errUsage)
	}
	client, err := g.dialAs(c.signIn)
	if err != nil {
		return err
	}
	defer closing(client, &err)
	if err := answers(ctx, client); err != nil {
		return err
	}
	title := strings.TrimSpace(c.Room)
	store, err := g.store(c.StateDir, c.key(g, nick), singoff.RoomID(title))
	if err != nil {
		return err
	}
	join, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	room, err := client.Join(join, singoff.JoinOptions{RoomTitle: title, Nickname: nick, Role: role, Store: store, Token: c.Token})
	if err != nil {
		return err
	}
	return c.talk(ctx, g, &seat{client: client, room: room, store: store, asked: role})
}

// seat is what one has after joining.
type seat struct {
	client *singoff.Client
	room   *singoff.Room
	store  *statedir.Store
	asked  singoffv1.Role
}

// key names the files of one person. Who signed in needs no nickname.
func (c *joinCommand) key(g *globals, nick string) statedir.Key {
	if nick == "" && c.used() {
		nick = "(signed in)"
	}
	return statedir.Key{Server: g.Server, Namespace: g.Namespace, Nickname: nick}
}

// store is where one person's place in a room is kept. dir is --state-dir.
func (g *globals) store(dir string, key statedir.Key, roomID string) (*statedir.Store, error) {
	state, err := statedir.Open(statedir.Config{Dir: dir, Tell: func(s string) { fmt.Fprintln(g.cfg.Err, "singoff:", s) }})
	if err != nil {
		return nil, err
	}
	return state.Store(key, roomID), nil
}

// talk holds the conversation. Who left begins anew the next time; who went otherwise comes back to where they were.
func (c *joinCommand) talk(ctx context.Context, g *globals, s *seat) error {
	if c.onScreen(g) {
		if err := tui.Run(ctx, tui.Config{Client: s.client, Room: s.room, Asked: s.asked, In: g.cfg.In, Out: g.cfg.Out}); err != nil {
			return err
		}
		return s.store.Forget(context.WithoutCancel(ctx))
	}
	mode := c.mode(g, s)
	err := talk.Run(ctx, talk.Config{Room: s.room, Mode: mode, In: g.cfg.In})
	if err != nil {
		if c.JSON {
			mode.Failed(0, err)
		}
		return err
	}
	return s.store.Forget(context.WithoutCancel(ctx))
}

// onScreen tells whether the conversation takes the whole terminal.
func (c *joinCommand) onScreen(g *globals) bool {
	return !c.JSON && !c.Plain && os.Getenv("TERM") != "dumb" && isTerminal(g.cfg.In) && isTerminal(g.cfg.Out)
}

func (c *joinCommand) mode(g *globals, s *seat) talk.Mode {
	if c.JSON {
		return jsonmode.New(s.room, g.cfg.Out)
	}
	return linemode.New(linemode.Config{
		Client: s.client, Room: s.room, Asked: s.asked, Out: g.cfg.Out, Look: show.Config{Colour: g.colour()},
	})
}

// answers asks the server for anything, so that one that isn't there is told at once and not tried again and again.
func answers(ctx context.Context, client *singoff.Client) error {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	_, err := client.ListRooms(ctx, 1, "")
	if err != nil && down(err) {
		return errors.Join(errUnreachable, err)
	}
	return nil
}
