package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/table"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// askAgain is how often --watch asks.
const askAgain = 2 * time.Second

type roomsCommand struct {
	signIn
	Watch bool `short:"w" help:"Ask again every 2 seconds, until Ctrl-C."`
	JSON  bool `name:"json" help:"Write one JSON message a line for each answer: {\"rooms\": […]} as in the protocol."`
}

// Help is what `singoff rooms --help` adds.
func (roomsCommand) Help() string {
	return `The columns are the room's id, its singers, watchers and observers with the seats there are, what plays, and the title to join it by.

  singoff rooms
  singoff rooms --watch
  singoff rooms --json | jq '.rooms[].title'`
}

// Run lists rooms, once or again and again.
func (c *roomsCommand) Run(ctx context.Context, g *globals) (err error) {
	client, err := g.dialAs(c.signIn)
	if err != nil {
		return err
	}
	defer closing(client, &err)
	if !c.Watch {
		return c.list(ctx, g, client)
	}
	return c.watch(ctx, g, client)
}

// watch lists rooms until ctx ends. A server that stops answering is told and asked again; one that never answered isn't.
func (c *roomsCommand) watch(ctx context.Context, g *globals, client *singoff.Client) error {
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for first := true; ; first = false {
		err := c.list(ctx, g, client)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (first || !down(err)):
			return err
		case err != nil:
			fmt.Fprintf(g.cfg.Err, "singoff: no answer, asking again in %v: %s\n", askAgain, harmless.Text(err.Error()))
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *roomsCommand) list(ctx context.Context, g *globals, client *singoff.Client) error {
	rooms, err := allRooms(ctx, client)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(g.cfg.Out, &singoffv1.ListRoomsResponse{Rooms: rooms})
	}
	var page bytes.Buffer
	if c.Watch {
		if isTerminal(g.cfg.Out) {
			page.WriteString("\x1b[H\x1b[2J")
		}
		fmt.Fprintln(&page, time.Now().Format("15:04:05"), "at", g.Server)
	}
	if len(rooms) == 0 {
		fmt.Fprintln(&page, "nobody is in any room; singoff join TITLE --nick NAME opens one")
	} else if err := table.Write(&page, g.fit(roomRows(rooms))); err != nil {
		return err
	}
	_, err = g.cfg.Out.Write(page.Bytes())
	return err
}

// allRooms asks for all pages, for at most answerPatience each.
func allRooms(ctx context.Context, client *singoff.Client) (rooms []*singoffv1.RoomSummary, err error) {
	for token := ""; ; {
		ctx, cancel := context.WithTimeout(ctx, answerPatience)
		page, err := client.ListRooms(ctx, 100, token)
		cancel()
		if err != nil {
			return nil, err
		}
		rooms = append(rooms, page.GetRooms()...)
		if token = page.GetNextPageToken(); token == "" {
			return rooms, nil
		}
	}
}

func roomRows(rooms []*singoffv1.RoomSummary) [][]string {
	rows := [][]string{{"ROOM", "SINGERS", "WATCHERS", "OBSERVERS", "PLAYS", "TITLE"}}
	for _, r := range rooms {
		title := harmless.Text(r.GetTitle())
		if r.GetLocked() {
			title += " (locked)"
		}
		plays := "-"
		if r.GetNowPlaying().GetTrack() != nil {
			plays = show.Track(r.GetNowPlaying().GetTrack())
			if r.GetNowPlaying().GetState() == singoffv1.NowPlaying_STATE_PAUSED {
				plays += ", paused"
			}
		}
		rows = append(rows, []string{
			harmless.Text(r.GetRoomId()),
			fmt.Sprintf("%d/%d", r.GetCounts().GetSingers(), r.GetSeats().GetSingers()),
			fmt.Sprintf("%d/%d", r.GetCounts().GetWatchers(), r.GetSeats().GetWatchers()),
			fmt.Sprint(r.GetCounts().GetObservers()), plays, title,
		})
	}
	return rows
}

// writeJSON writes a message on one line, in protobuf's JSON form without its random spaces.
func writeJSON(w io.Writer, m proto.Message) error {
	b, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, b); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err = w.Write(line.Bytes())
	return err
}
