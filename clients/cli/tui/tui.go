// Package tui is a room on the whole terminal: seats and tallies, what plays, chat and happenings, and a line to type into.
// A Model is what the screen shows, changed by messages alone; Run holds a conversation of package talk around it, with the commands of
// package slash. Everything is measured in cells by grapheme clusters, and what others wrote is made harmless.
package tui

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/slash"
	"github.com/singoff/singoff/clients/cli/talk"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Bounds of a screen.
const (
	tickInterval = 250 * time.Millisecond // of clocks and bars
	queued       = 4096                   // items that wait for a screen that is stopped or slow
	batch        = 256                    // items that the screen takes at once
	typed        = 256                    // lines that wait for their command's turn
	restoring    = 2 * time.Second        // for the terminal to take the end of the screen
)

// Config is a person on a terminal, in a room.
type Config struct {
	// Client of the server, for its songs.
	Client *singoff.Client
	// Room that is joined. Run ends and closes it.
	Room *singoff.Room
	// Asked is the role that was asked for.
	Asked singoffv1.Role
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
}

// Run shows the room until it's left or has ended, and gives the terminal back as it was. It returns what talk.Run does; an interrupt while the
// room is being left ends it at once, with an error that wraps context.Canceled.
func Run(ctx context.Context, cfg Config) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	u := &ui{
		room: cfg.Room, leave: leave, hurry: make(chan struct{}), typed: make(chan string, typed),
		items: make(chan any, queued), ended: make(chan struct{}), signals: make(chan os.Signal, 1), now: cfg.Room.Now,
	}
	u.songs = songs{client: cfg.Client, put: u.put, changed: make(chan struct{}, 1), ended: u.ended}
	u.lines = slash.New(slash.Config{Client: cfg.Client, Room: cfg.Room, Screen: u})
	model := NewModel(ModelConfig{
		Look: show.Config{Colour: true, Brief: true}, Asked: cfg.Asked, Submit: u.submit, Leave: u.interrupt, Suspend: suspend,
	})
	u.program = tea.NewProgram(model, tea.WithInput(watched(cfg.In, leave)), tea.WithOutput(cfg.Out), tea.WithoutSignalHandler())
	signal.Notify(u.signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(u.signals)

	var loops sync.WaitGroup
	loops.Go(u.screenLoop)
	loops.Go(u.deliverLoop)
	loops.Go(u.hurryLoop)
	loops.Go(func() { u.songs.fetchLoop(ctx) })
	err := talk.Run(ctx, talk.Config{Room: cfg.Room, Mode: u, Lines: u.typed})
	return u.finish(err, &loops)
}

// ui is the conversation on the terminal. It's a talk.Mode and a slash.Screen.
type ui struct {
	room    *singoff.Room
	lines   *slash.Interpreter
	program *tea.Program
	leave   context.CancelFunc
	now     func() time.Time // the server's clock
	songs   songs

	typed   chan string
	items   chan any
	signals chan os.Signal
	hurry   chan struct{} // closed by the second interrupt
	ended   chan struct{} // closed when the screen has ended

	mu         sync.Mutex // of what follows
	interrupts int
	failure    error // of the screen
}

var (
	_ talk.Mode    = (*ui)(nil)
	_ slash.Screen = (*ui)(nil)
)

// submit queues a line; false: too many wait.
func (u *ui) submit(line string) bool {
	select {
	case u.typed <- line:
		return true
	default:
		return false
	}
}

// interrupt leaves the room; the second one doesn't wait for the server's answer.
func (u *ui) interrupt() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.interrupts++
	switch u.interrupts {
	case 1:
		u.leave()
		select {
		case u.items <- Leaving{}:
		default: // there's more to show
		}
	case 2:
		close(u.hurry)
	}
}

func (u *ui) hurried() bool {
	select {
	case <-u.hurry:
		return true
	default:
		return false
	}
}

// hurryLoop closes the room when it's to be quick.
func (u *ui) hurryLoop() {
	select {
	case <-u.hurry:
		_ = u.room.Close() // talk.Run reports it
	case <-u.ended:
	}
}

// screenLoop runs the screen. When it fails there is no conversation without it.
func (u *ui) screenLoop() {
	_, err := u.program.Run()
	u.mu.Lock()
	u.failure = err
	u.mu.Unlock()
	close(u.ended)
	u.leave()
}

// finish ends the screen. A terminal that takes nothing is left as it is.
func (u *ui) finish(err error, loops *sync.WaitGroup) error {
	loops.Go(u.program.Quit)
	stuck := time.NewTimer(restoring)
	defer stuck.Stop()
	select {
	case <-u.ended:
		loops.Wait()
	case <-stuck.C:
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.failure != nil:
		return fmt.Errorf("the terminal can't be used (--plain needs less of it): %w", u.failure)
	case u.hurried():
		return fmt.Errorf("the room wasn't left: %w", context.Canceled)
	}
	return err
}
