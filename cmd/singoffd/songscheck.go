package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/singoff/singoff/clients/cli/table"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/charset"
)

// songsCheck reports on folders and buckets of songs, without a server.
type songsCheck struct {
	Check struct {
		Where   []string `arg:"" name:"dir" help:"Folders, or URLs of buckets."`
		JSON    bool     `name:"json" help:"Write one JSON object a line for each finding, and one with the sums."`
		Charset string   `default:"CP949" placeholder:"NAME" help:"What lyrics and tags are expected in that aren't UTF-8 (${default})."`
	} `cmd:"" help:"Say which songs can be used, and what is wrong with the rest."`
}

const songsDescription = `Look at folders of songs as the server would, covers decoded too, and say what is wrong with which file.

Exit codes: 0 nothing is wrong, 1 something is odd, or files are left out, or a folder can't be read, 2 wrong flags.`

// finding is a line of the report.
type finding struct {
	File    string `json:"file"`
	Bucket  string `json:"bucket"`
	Reason  string `json:"reason"`
	LeftOut bool   `json:"left_out"`
}

// sums close the report.
type sums struct {
	Tracks   int `json:"tracks"`
	Covers   int `json:"covers"`
	Lyrics   int `json:"lyrics"`
	Files    int `json:"files"`
	Findings int `json:"findings"`
	LeftOut  int `json:"left_out"`
	Unsure   int `json:"unknown_length"`
	Buckets  int `json:"-"`
}

// runSongs is `singoffd songs …`.
func runSongs(args []string, stdout, stderr io.Writer) int {
	var f songsCheck
	done := false
	parser, err := kong.New(&f, kong.Name("singoffd songs"), kong.Description(songsDescription), kong.Writers(stdout, stderr),
		kong.Exit(func(int) { done = true }))
	if err == nil {
		_, err = parser.Parse(args)
	}
	switch {
	case done:
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "singoffd songs: %v\nTry singoffd songs --help.\n", err)
		return exitUsage
	}
	ctx, watch := watchSignals()
	defer watch.stop()
	found, all, err := checkSongs(ctx, catalog.Config{URLs: f.Check.Where, Charset: charset.Name(f.Check.Charset)})
	switch {
	case errors.Is(err, catalog.ErrConfig):
		fmt.Fprintf(stderr, "singoffd songs check: %v\n", err)
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "singoffd songs check: %v\n", err)
		return exitFailed
	}
	write := writeTable
	if f.Check.JSON {
		write = writeLines
	}
	if err := write(stdout, found, all); err != nil {
		fmt.Fprintf(stderr, "singoffd songs check: %v\n", err)
		return exitFailed
	}
	if len(found) > 0 {
		return exitFailed
	}
	return exitOK
}

// checkSongs reads all there is.
func checkSongs(ctx context.Context, cfg catalog.Config) (found []finding, all sums, err error) {
	songs, err := catalog.Open(ctx, cfg)
	if err != nil {
		return nil, sums{}, err
	}
	defer func() { err = errors.Join(err, songs.Close()) }()
	report, err := songs.Check(ctx)
	if err != nil {
		return nil, sums{}, err
	}
	all = sums{
		Buckets: len(cfg.URLs), Tracks: report.Tracks, Covers: report.Covers, Lyrics: report.Lyrics, Files: report.Files, Findings: len(report.Problems), Unsure: report.UnknownLength,
	}
	for _, p := range report.Problems {
		found = append(found, finding{File: p.File, Bucket: p.Bucket, Reason: p.Reason, LeftOut: p.LeftOut})
		if p.LeftOut {
			all.LeftOut++
		}
	}
	return found, all, nil
}

func writeTable(w io.Writer, found []finding, all sums) error {
	if len(found) > 0 {
		rows := [][]string{{"FILE", "USED", "WHAT IS WRONG", "IN"}}
		for _, f := range found {
			used := "yes"
			if f.LeftOut {
				used = "no"
			}
			rows = append(rows, []string{strconv.Quote(f.File), used, f.Reason, f.Bucket})
		}
		if all.Buckets == 1 {
			for i := range rows {
				rows[i] = rows[i][:3]
			}
		}
		if err := table.Write(w, rows); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "%d songs (%d with a cover, %d with lyrics) of %d files; %d findings, %d files left out\n",
		all.Tracks, all.Covers, all.Lyrics, all.Files, all.Findings, all.LeftOut)
	return err
}

func writeLines(w io.Writer, found []finding, all sums) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, f := range found {
		if err := out.Encode(f); err != nil {
			return err
		}
	}
	return out.Encode(all)
}
