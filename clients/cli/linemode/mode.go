// Package linemode is a conversation for people: plain lines chat, lines that begin with / are commands, and everything that
// happens is told in a calm line.
// It is a talk.Mode; what people type is understood by package slash, and what lines look like is package show's.
package linemode

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/slash"
	"github.com/singoff/singoff/clients/cli/talk"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Config is how a person talks to a room.
type Config struct {
	// Client of the server, for its songs.
	Client *singoff.Client
	// Room that is joined.
	Room *singoff.Room
	// Asked is the role that was asked for: one who is a member already keeps the old one, and is told.
	Asked singoffv1.Role
	// Out takes the lines. After a write to it fails nothing more is written.
	Out io.Writer
	// Look of the lines.
	Look show.Config
}

// Mode is the line mode of one room.
type Mode struct {
	lines *slash.Interpreter
	asked singoffv1.Role
	now   func() time.Time

	mu      sync.Mutex // of what follows
	out     io.Writer
	lost    bool // since the newest Welcome
	printer *show.Printer
}

var (
	_ talk.Mode    = (*Mode)(nil)
	_ slash.Screen = (*Mode)(nil)
)

// New makes the mode.
func New(cfg Config) *Mode {
	m := &Mode{asked: cfg.Asked, out: cfg.Out, printer: show.New(cfg.Look), now: cfg.Look.Now}
	m.lines = slash.New(slash.Config{Client: cfg.Client, Room: cfg.Room, Screen: m})
	if m.now == nil {
		m.now = time.Now
	}
	return m
}

// Line understands a line.
func (m *Mode) Line(_ int, text string) (talk.Job, error) { return m.lines.Line(text) }

// Event prints what the room said.
func (m *Mode) Event(ev *singoffv1.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.printLocked(m.printer.Event(ev)...)
	if w := ev.GetWelcome(); w != nil {
		if old := show.OldRole(w, m.asked); old != "" {
			m.printLocked(m.printer.Note(old))
		}
		m.asked = singoffv1.Role_ROLE_UNSPECIFIED // it's told once
	}
}

// Connection prints that the connection is lost, and when the next try is made; that it's back is a Welcome.
func (m *Mode) Connection(state singoff.ConnectionState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if state.Phase == singoff.PhaseJoined {
		m.lost = false
	}
	if state.Phase != singoff.PhaseReconnecting || state.NextTry.IsZero() {
		return
	}
	in := "at once"
	if d := state.NextTry.Sub(m.now()).Round(100 * time.Millisecond); d > 0 {
		in = "in " + strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	}
	what := "connection lost"
	if m.lost {
		what = "still no connection"
	}
	m.lost = true
	why := show.Loss(state.Cause)
	if why != "" {
		why = " (" + why + ")"
	}
	m.printLocked(m.printer.Note(what + why + ", trying again " + in))
}

// Failed prints what went wrong with a line.
func (m *Mode) Failed(_ int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.printLocked(m.printer.Problem(show.Failure(err)))
}

// Note prints lines of the program's own.
func (m *Mode) Note(lines ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range lines {
		m.printLocked(m.printer.Note(l))
	}
}

// Help prints the commands in columns.
func (m *Mode) Help(intro string, commands []slash.Hint) {
	lines := []string{intro}
	for _, c := range commands {
		lines = append(lines, fmt.Sprintf("%-30s %s", c.Usage, c.Help))
	}
	m.Note(lines...)
}

// Who prints who is in the room, and what plays.
func (m *Mode) Who(room *singoffv1.RoomState, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range m.printer.Who(room) {
		m.printLocked(m.printer.Note(line))
	}
	m.printLocked(m.printer.Note(m.printer.NowPlaying(room.GetNowPlaying(), now)))
}

// printLocked writes whole lines at once, so that a reader never sees half of one.
func (m *Mode) printLocked(lines ...show.Line) {
	if m.out == nil || len(lines) == 0 {
		return
	}
	w := bufio.NewWriterSize(m.out, 4096)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	if w.Flush() != nil {
		m.out = nil
	}
}
