// Package cli is the program `singoff`: it joins rooms from a terminal or a script, lists rooms and songs, and simulates battles.
// Main reads the command line, runs one command, and gives the exit code, which says what went wrong; errors say what to do.
// Everything is done through the SDK.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
	"github.com/charmbracelet/x/term"
	"github.com/mattn/go-isatty"

	"github.com/singoff/singoff/clients/cli/table"
)

// Config is what the program is run with.
type Config struct {
	// Args are the command line's, without the program's name.
	Args []string
	// In, Out and Err are standard input, output and error.
	In       io.Reader
	Out, Err io.Writer
	// Version is printed by --version, and told to servers.
	Version string
}

// grammar of the command line.
type grammar struct {
	globals
	Join     joinCommand     `cmd:"" help:"Join a room, or open it: chat, vote, cheer, sing."`
	Rooms    roomsCommand    `cmd:"" help:"List the rooms somebody is in."`
	Events   eventsCommand   `cmd:"" help:"Show what happened in a room, and go on with what happens."`
	Songs    songsCommand    `cmd:"" help:"List the songs, or look for one."`
	Admin    adminCommand    `cmd:"" help:"Look after a server: who is connected, kick, close, announce."`
	Replay   replayCommand   `cmd:"" help:"Rebuild a room at any moment from its flight record, without a server."`
	Verify   verifyCommand   `cmd:"" help:"Recount a flight record's seats, votes and numbers."`
	Simulate simulateCommand `cmd:"" help:"Let simulated people hold battles, and check that nobody missed anything."`
}

// globals are the flags of all commands, and what they run with.
type globals struct {
	server
	Namespace string           `env:"SINGOFF_NAMESPACE" placeholder:"NAME" help:"Rooms of different namespaces never see each other (default; $$${env})."`
	Version   kong.VersionFlag `short:"V" help:"Print the version and exit."`

	cfg Config
}

const description = `Song battles from a terminal: two singers, their watchers, one order of everything.

  singoff join 'Friday battle' --nick Mina --role singer
  singoff join '금요일 배틀' --nick Juno
  singoff --server https://sing.example rooms --watch
  singoff events 'Friday battle' --last 50
  singoff songs love
  singoff simulate --rooms 5 --members 8 --drops 30 --transport mixed
  singoff admin connections

A server is started with: singoffd

Exit codes: 0 done; 1 failed, or a simulation found a fault; 2 wrong usage; 3 no server reached; 4 the nickname is taken;
5 no free place; 6 kept out or removed (locked, kicked, banned, no good token, the operator's token is wrong); 7 another program took over; 130 interrupted.`

// exited carries the exit code of --help and --version out of the parser.
type exited int

// Main runs the program and gives its exit code. Cancelling ctx asks the command to end cleanly.
func Main(ctx context.Context, cfg Config) (code int) {
	defer func() {
		if e := recover(); e != nil {
			over, ok := e.(exited)
			if !ok {
				panic(e)
			}
			code = int(over)
		}
	}()
	g := &grammar{globals: globals{cfg: cfg}}
	parser, err := kong.New(g,
		kong.Name("singoff"), kong.Description(description), kong.Vars{"version": "singoff " + cfg.Version},
		kong.Writers(cfg.Out, cfg.Err), kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 110}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(cfg.Err, "singoff:", err)
		return CodeFailed
	}
	command, err := parser.Parse(cfg.Args)
	if err != nil {
		fmt.Fprintf(cfg.Err, "singoff: %v\nsingoff --help, or singoff COMMAND --help, tells how it's used.\n", err)
		return CodeUsage
	}
	if err := command.Run(&g.globals); err != nil {
		told, code := explain(err, &g.globals)
		fmt.Fprintln(cfg.Err, "singoff:", told)
		return code
	}
	return CodeDone
}

// colour tells whether the output is a terminal whose reader wants colours.
func (g *globals) colour() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(g.cfg.Out)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// table writes rows to the output, which on a terminal are no wider than it: programs that read them get them whole.
func (g *globals) table(rows [][]string) error {
	return table.Write(g.cfg.Out, g.fit(rows))
}

func (g *globals) fit(rows [][]string) [][]string {
	if !isTerminal(g.cfg.Out) {
		return rows
	}
	width, _, err := term.GetSize(g.cfg.Out.(*os.File).Fd())
	if err != nil || width == 0 { // a serial line doesn't know
		return rows
	}
	return table.Fit(rows, width)
}

// closing adds the error of closing to what a command returns.
func closing(c io.Closer, err *error) { *err = errors.Join(*err, c.Close()) }
