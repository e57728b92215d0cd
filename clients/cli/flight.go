package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aymanbagabas/go-udiff"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/service/flight"
	"github.com/singoff/singoff/service/room/rules"
)

type replayCommand struct {
	File string  `arg:"" help:"A flight record, as singoff admin record writes it; - is standard input."`
	At   *uint64 `placeholder:"SEQ" help:"Show the room after this event. Left out: at the end of the record."`
	Diff bool    `help:"Show what the event at SEQ changed in the state, instead of the room."`
	JSON bool    `name:"json" help:"Write the whole state as one JSON message: a singoff.log.v1.Snapshot."`
}

// Help is what `singoff replay --help` adds.
func (replayCommand) Help() string {
	return `No server is asked: the rules in this program come to the state that the server had, bit for bit.

  singoff admin record 'Friday battle' friday.flight
  singoff replay friday.flight --at 1200
  singoff replay friday.flight --at 1200 --diff
  singoff replay friday.flight --json | jq .members`
}

// Run replays.
func (c *replayCommand) Run(g *globals) (err error) {
	switch {
	case c.Diff && c.JSON:
		return fmt.Errorf("%w: --diff and --json: give one of them", errUsage)
	case c.At != nil && *c.At == 0:
		return fmt.Errorf("%w: --at: events are counted from 1", errUsage)
	}
	return withRecord(g, c.File, func(file io.Reader) error {
		r, err := flight.NewReplay(file)
		if err != nil {
			return err
		}
		if c.Diff {
			return c.diff(g, r)
		}
		if err := c.reach(r); err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(g.cfg.Out, r.Snapshot())
		}
		return c.show(g, r)
	})
}

func (c *replayCommand) reach(r *flight.Replay) error {
	if c.At == nil {
		return r.End()
	}
	return r.To(*c.At)
}

// show writes the room as people read it.
func (c *replayCommand) show(g *globals, r *flight.Replay) error {
	room := r.State().Room("")
	printer := show.New(show.Config{Colour: g.colour()})
	var page bytes.Buffer
	fmt.Fprintf(&page, "%s/%s at seq %d, %s\n", r.Head().Namespace, r.Head().Room, r.Seq(), r.State().Time().Local().Format("2006-01-02 15:04:05"))
	if title := room.GetTitle(); title != "" {
		fmt.Fprintln(&page, "title:", harmless.Text(title))
		for _, line := range printer.Who(room) {
			fmt.Fprintln(&page, line)
		}
		fmt.Fprintln(&page, printer.NowPlaying(room.GetNowPlaying(), r.State().Time()))
	} else {
		fmt.Fprintln(&page, "the room is closed; the next to join begins it anew")
	}
	for _, event := range r.State().RecentChat(rules.User{}) {
		for _, line := range printer.Event(event) {
			fmt.Fprintf(&page, "%6d %s\n", event.GetSeq(), line)
		}
	}
	_, err := g.cfg.Out.Write(page.Bytes())
	return err
}

// diff writes what one event changed.
func (c *replayCommand) diff(g *globals, r *flight.Replay) error {
	if c.At == nil {
		return fmt.Errorf("%w: --diff needs --at SEQ", errUsage)
	}
	at := *c.At
	if r.Seq() >= at {
		return fmt.Errorf("%w: %d; what is before %d isn't there to compare", flight.ErrOutside, at, r.Seq()+1)
	}
	if at-1 > r.Seq() {
		if err := r.To(at - 1); err != nil {
			return err
		}
	}
	before, err := indented(r)
	if err != nil {
		return err
	}
	if err := r.To(at); err != nil {
		return err
	}
	after, err := indented(r)
	if err != nil {
		return err
	}
	_, err = io.WriteString(g.cfg.Out, udiff.Unified(fmt.Sprintf("seq %d", at-1), fmt.Sprintf("seq %d", at), before, after))
	return err
}

// indented is the state in JSON, a line for each of its fields, always with the same spaces.
func indented(r *flight.Replay) (string, error) {
	b, err := protojson.Marshal(r.Snapshot())
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	err = json.Indent(&text, b, "", "  ")
	text.WriteByte('\n')
	return text.String(), err
}

type verifyCommand struct {
	File string `arg:"" help:"A flight record, as singoff admin record writes it; - is standard input."`
	JSON bool   `name:"json" help:"Write one JSON object with what was counted."`
}

// Help is what `singoff verify --help` adds.
func (verifyCommand) Help() string {
	return `Seats, votes and numbers are counted from the log alone, not by the rules that decided them, and compared with what the log told and with the state that
the rules come to. The first event that differs is named, and the exit code is 1.

  singoff verify friday.flight`
}

// Run recounts.
func (c *verifyCommand) Run(g *globals) error {
	return withRecord(g, c.File, func(file io.Reader) error {
		head, v, err := flight.Verify(file)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(g.cfg.Out).Encode(map[string]any{
				"namespace": head.Namespace, "room": head.Room, "first_seq": v.First, "last_seq": v.Last,
				"entries": v.Entries, "events": v.Events, "joins": v.Joins, "votes": v.Votes, "numbers": v.Numbers,
			})
		}
		from := "from its first event"
		if v.First > 0 {
			from = fmt.Sprintf("from the snapshot at seq %d", v.First)
		}
		_, err = fmt.Fprintf(g.cfg.Out, "%s/%s %s to seq %d: %d events in %d entries, with %d joins, %d votes and %d numbered commands. Seats, votes and numbers are as told.\n",
			head.Namespace, head.Room, from, v.Last, v.Events, v.Entries, v.Joins, v.Votes, v.Numbers)
		return err
	})
}

// withRecord opens a record, and names it in what goes wrong.
func withRecord(g *globals, name string, do func(io.Reader) error) (err error) {
	if name == "-" {
		return do(g.cfg.In)
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer closing(file, &err)
	if err := do(file); err != nil && !errors.Is(err, errUsage) {
		return fmt.Errorf("%s: %w", name, err)
	} else if err != nil {
		return err
	}
	return nil
}

// checkRecord reads a record to its end.
func checkRecord(file io.Reader) (entries int, err error) {
	r, err := flight.NewReader(file)
	for err == nil {
		if _, err = r.Entry(); err == nil {
			entries++
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return entries, err
}
