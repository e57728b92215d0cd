package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/table"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// watchInterval is how often the server is asked how far it is.
const watchInterval = 500 * time.Millisecond

// watchSongs writes a line whenever the server has read more of its songs, until it has read all.
func watchSongs(ctx context.Context, client *singoff.Client, out io.Writer) error {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	last := ""
	for {
		asked, cancel := context.WithTimeout(ctx, answerPatience)
		page, err := client.ListTracks(asked, &singoffv1.ListTracksRequest{PageSize: 1})
		cancel()
		if err != nil {
			return err
		}
		scan := page.GetScan()
		line := fmt.Sprintf("%d of %d files read, %d songs", scan.GetReadFiles(), scan.GetFoundFiles(), page.GetTotalSize())
		if line != last {
			fmt.Fprintln(out, line)
			last = line
		}
		if scan.GetComplete() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// listFolders lists the folders directly below one.
func (c *songsCommand) listFolders(ctx context.Context, client *singoff.Client, g *globals) error {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	answer, err := client.ListFolders(ctx, &singoffv1.ListFoldersRequest{Parent: c.Folder})
	if err != nil {
		return err
	}
	if c.JSON {
		for _, f := range answer.GetFolders() {
			if err := writeJSON(g.cfg.Out, f); err != nil {
				return err
			}
		}
		return nil
	}
	if len(answer.GetFolders()) == 0 {
		fmt.Fprintln(g.cfg.Out, "no folder is found")
		return nil
	}
	rows := [][]string{{"SONGS", "FOLDER"}}
	for _, f := range answer.GetFolders() {
		rows = append(rows, []string{fmt.Sprint(f.GetTracks()), harmless.Text(f.GetFolder())})
	}
	return table.Write(g.cfg.Out, rows)
}
