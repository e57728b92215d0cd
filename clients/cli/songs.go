package cli

import (
	"context"
	"fmt"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/table"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

type songsCommand struct {
	signIn
	Query string `arg:"" optional:"" help:"Found in titles and artists, whatever case or width. Left out: all songs."`
	JSON  bool   `name:"json" help:"Write one JSON message a line for each song: TrackInfo of the protocol."`
}

// Help is what `singoff songs --help` adds.
func (songsCommand) Help() string {
	return `A singer picks a song in the room: /song QUERY, or /song ID.

  singoff songs
  singoff songs '봄'
  singoff songs --json | jq -r '.track.title'`
}

// Run lists songs.
func (c *songsCommand) Run(ctx context.Context, g *globals) (err error) {
	client, err := g.dialAs(c.signIn)
	if err != nil {
		return err
	}
	defer closing(client, &err)
	songs, err := allSongs(ctx, client, c.Query)
	if err != nil {
		return err
	}
	if c.JSON {
		for _, s := range songs {
			if err := writeJSON(g.cfg.Out, s); err != nil {
				return err
			}
		}
		return nil
	}
	if len(songs) == 0 {
		fmt.Fprintln(g.cfg.Out, "no song is found")
		return nil
	}
	return table.Write(g.cfg.Out, songRows(songs))
}

// allSongs asks for all pages, for at most answerPatience each.
func allSongs(ctx context.Context, client *singoff.Client, query string) (songs []*singoffv1.TrackInfo, err error) {
	for token := ""; ; {
		ctx, cancel := context.WithTimeout(ctx, answerPatience)
		page, err := client.ListTracks(ctx, &singoffv1.ListTracksRequest{Query: query, PageSize: 200, PageToken: token})
		cancel()
		if err != nil {
			return nil, err
		}
		songs = append(songs, page.GetTracks()...)
		if token = page.GetNextPageToken(); token == "" {
			return songs, nil
		}
	}
}

func songRows(songs []*singoffv1.TrackInfo) [][]string {
	rows := [][]string{{"ID", "LENGTH", "TITLE", "ARTIST", "ALBUM"}}
	for _, s := range songs {
		t, length := s.GetTrack(), "?"
		if t.GetDuration() != nil {
			length = show.Position(t.GetDuration().AsDuration())
		}
		rows = append(rows, []string{
			harmless.Text(t.GetTrackId()), length, harmless.Text(t.GetTitle()), harmless.Text(t.GetArtist()), harmless.Text(s.GetAlbum()),
		})
	}
	return rows
}
