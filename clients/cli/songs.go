package cli

import (
	"context"
	"fmt"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

type songsCommand struct {
	signIn
	Query   string `arg:"" optional:"" help:"Found in titles and artists, whatever case or width. Left out: all songs."`
	Order   string `default:"title" enum:"title,artist,recent" placeholder:"ORDER" help:"title, artist, or recent: what was played lately in the namespace (${default})."`
	Folder  string `placeholder:"FOLDER" help:"Only songs in this folder and below it."`
	Folders bool   `help:"List the folders (those in --folder) instead of songs."`
	Watch   bool   `help:"Show how far the server has read its songs, until it has read them all; then list them."`
	JSON    bool   `name:"json" help:"Write one JSON message a line for each song: TrackInfo of the protocol."`
}

// Help is what `singoff songs --help` adds.
func (songsCommand) Help() string {
	return `A singer picks a song in the room: /song QUERY, or /song ID.

  singoff songs
  singoff songs '봄'
  singoff songs 'ㅊㅁ' --order artist
  singoff songs --folders
  singoff songs --watch
  singoff songs --json | jq -r '.track.title'`
}

// Run lists songs.
func (c *songsCommand) Run(ctx context.Context, g *globals) (err error) {
	client, err := g.dialAs(c.signIn)
	if err != nil {
		return err
	}
	defer closing(client, &err)
	if c.Watch {
		if err := watchSongs(ctx, client, g.cfg.Out); err != nil {
			return err
		}
	}
	if c.Folders {
		return c.listFolders(ctx, client, g)
	}
	songs, err := allSongs(ctx, client, &singoffv1.ListTracksRequest{Query: c.Query, Order: songOrders[c.Order], Folder: c.Folder})
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
	return g.table(songRows(songs))
}

var songOrders = map[string]singoffv1.ListTracksRequest_Order{
	"title":  singoffv1.ListTracksRequest_ORDER_TITLE,
	"artist": singoffv1.ListTracksRequest_ORDER_ARTIST,
	"recent": singoffv1.ListTracksRequest_ORDER_RECENTLY_PLAYED,
}

// allSongs asks for all pages, for at most answerPatience each.
func allSongs(ctx context.Context, client *singoff.Client, request *singoffv1.ListTracksRequest) (songs []*singoffv1.TrackInfo, err error) {
	request.PageSize = 200
	for {
		ctx, cancel := context.WithTimeout(ctx, answerPatience)
		page, err := client.ListTracks(ctx, request)
		cancel()
		if err != nil {
			return nil, err
		}
		songs = append(songs, page.GetTracks()...)
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
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
