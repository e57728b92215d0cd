package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/since"
	"github.com/singoff/singoff/clients/cli/statedir"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	// followAgain is how often --follow asks for what is new.
	followAgain = time.Second
	// namesBefore is how many events before the first that is shown are read for the names in them.
	namesBefore = 1000
)

type eventsCommand struct {
	signIn
	Room     string `arg:"" help:"The room's id or title."`
	Follow   bool   `short:"f" help:"Go on with what happens, until Ctrl-C."`
	Since    string `placeholder:"TIME|SEQ" help:"Begin at an event's number, or at a time: 2026-11-25T20:00:00Z, '2026-11-25 20:00', 20:00 (today), or 10m (ago)."`
	Last     int    `short:"n" placeholder:"N" help:"Begin at the newest N events."`
	JSON     bool   `name:"json" help:"Write one JSON message a line: an Event as in the protocol."`
	Nick     string `placeholder:"NAME" env:"SINGOFF_NICK" help:"Show the whispers too of the guest you were under this nickname, on this machine ($$${env})."`
	StateDir string `type:"path" env:"SINGOFF_STATE_DIR" placeholder:"DIR" help:"Where your guest keys are kept; see singoff join --help ($$${env})."`
}

// Help is what `singoff events --help` adds.
func (eventsCommand) Help() string {
	return `Each line is the event's number in the room, when it happened, and what. Rooms that are closed keep their history; whispers are shown to those whose they are.

  singoff events 'Friday battle' --last 50
  singoff events friday --since 20:00 --follow
  singoff events friday --since 1200 --json | jq -r 'select(.vote) | .seq'`
}

// Run writes a room's history.
func (c *eventsCommand) Run(ctx context.Context, g *globals) (err error) {
	options, err := c.options(g)
	if err != nil {
		return err
	}
	client, err := g.dialAs(c.signIn)
	if err != nil {
		return err
	}
	defer closing(client, &err)
	teller := &teller{g: g, json: c.JSON, printer: show.New(show.Config{Colour: g.colour()})}
	if options.RoomID, err = c.find(ctx, client); err == nil {
		err = c.tell(ctx, client, options, teller)
	}
	if c.Follow && ctx.Err() != nil {
		return nil // that is how it ends
	}
	return historyError(err)
}

// options are those that the flags say, but for the room.
func (c *eventsCommand) options(g *globals) (o singoff.HistoryOptions, err error) {
	switch {
	case strings.TrimSpace(c.Room) == "":
		return o, fmt.Errorf("%w: the room's title is empty", errUsage)
	case c.Last < 0:
		return o, fmt.Errorf("%w: --last %d is negative", errUsage, c.Last)
	case c.Last > 0 && c.Since != "":
		return o, fmt.Errorf("%w: --last and --since: give one of them", errUsage)
	}
	if c.Since != "" {
		if o.FromSeq, o.FromTime, err = since.Parse(c.Since, time.Now()); err != nil {
			return o, fmt.Errorf("%w: --since: %w", errUsage, err)
		}
	}
	if c.Follow {
		o.Follow = followAgain
		o.OnTrouble = func(err error) {
			fmt.Fprintf(g.cfg.Err, "singoff: no answer, asking again in %v: %s\n", followAgain, harmless.Text(err.Error()))
		}
	}
	o.GuestKey, err = c.guestKey(g)
	return o, err
}

// guestKey is that of a guest whom this machine knows; none: nobody was asked for, or a token says who it is.
func (c *eventsCommand) guestKey(g *globals) ([]byte, error) {
	nick := strings.TrimSpace(c.Nick)
	if nick == "" || c.used() {
		return nil, nil
	}
	store, err := g.store(c.StateDir, statedir.Key{Server: g.Server, Namespace: g.Namespace, Nickname: nick}, singoff.RoomID(c.Room))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(store.Path()); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(g.cfg.Err, "singoff: nobody called %s has joined at %s from here, so no whispers are shown\n", harmless.Text(nick), harmless.Text(g.Server))
		return nil, nil
	}
	saved, err := store.Load(context.Background())
	return saved.GuestKey, err
}

// find gives the id of the room that a person calls by its id or its title. An error: there never was either.
func (c *eventsCommand) find(ctx context.Context, client *singoff.Client) (id string, err error) {
	err = inRoom(strings.TrimSpace(c.Room), func(roomID string) error {
		ctx, cancel := context.WithTimeout(ctx, answerPatience)
		defer cancel()
		id = roomID
		_, err := client.ListEvents(ctx, nil, &singoffv1.ListEventsRequest{RoomId: roomID, Backward: true, PageSize: 1})
		return err
	})
	return id, err
}

// tell writes the events that are asked for.
func (c *eventsCommand) tell(ctx context.Context, client *singoff.Client, o singoff.HistoryOptions, t *teller) error {
	if c.Last > 0 {
		last, err := before(ctx, client, o, c.Last)
		if err != nil {
			return err
		}
		if len(last) > 0 {
			o.FromSeq = last[0].GetSeq()
		}
	}
	for event, err := range client.Events(ctx, o) {
		if err != nil {
			return err
		}
		if !t.began {
			t.began = true
			if err := c.learn(ctx, client, o, t, event.GetSeq()); err != nil {
				return err
			}
		}
		if err := t.event(event); err != nil {
			return err
		}
	}
	return nil
}

// learn reads what came before the first event for the names in it; what is gone is done without.
func (c *eventsCommand) learn(ctx context.Context, client *singoff.Client, o singoff.HistoryOptions, t *teller, first uint64) error {
	if c.JSON || first <= 1 {
		return nil
	}
	o.FromSeq, o.FromTime = first-1, time.Time{}
	earlier, err := before(ctx, client, o, namesBefore)
	if err != nil && status.Code(err) != codes.OutOfRange {
		return err
	}
	for _, event := range earlier {
		t.printer.Event(event)
	}
	return nil
}

// before gives the newest n events before the options' beginning, oldest first.
func before(ctx context.Context, client *singoff.Client, o singoff.HistoryOptions, n int) (events []*singoffv1.Event, err error) {
	o.Backward, o.Follow = true, 0
	for event, err := range client.Events(ctx, o) {
		if err != nil {
			return nil, err
		}
		if events = append(events, event); len(events) == n {
			break
		}
	}
	slices.Reverse(events)
	return events, nil
}

// historyError says in the program's words what a server says of a history.
func historyError(err error) error {
	if status.Code(err) == codes.OutOfRange {
		return fmt.Errorf("%w; without --since it begins there", err)
	}
	return err
}

// teller writes events.
type teller struct {
	g       *globals
	json    bool
	printer *show.Printer
	began   bool
}

func (t *teller) event(ev *singoffv1.Event) error {
	if t.json {
		return writeJSON(t.g.cfg.Out, ev)
	}
	for _, line := range t.printer.Event(ev) {
		if _, err := fmt.Fprintf(t.g.cfg.Out, "%6d %s\n", ev.GetSeq(), line); err != nil {
			return err
		}
	}
	return nil
}
