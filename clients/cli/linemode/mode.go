// Package linemode is a conversation for people: plain lines chat, lines that begin with / are commands, and everything that
// happens is told in a calm line.
// It is a talk.Mode; what lines look like is package show's.
package linemode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
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
	client *singoff.Client
	room   *singoff.Room
	asked  singoffv1.Role
	now    func() time.Time

	mu      sync.Mutex // of what follows
	out     io.Writer
	lost    bool // since the newest Welcome
	printer *show.Printer
	found   []*singoffv1.TrackInfo // by the newest /song
}

var _ talk.Mode = (*Mode)(nil)

// New makes the mode.
func New(cfg Config) *Mode {
	m := &Mode{client: cfg.Client, room: cfg.Room, asked: cfg.Asked, out: cfg.Out, printer: show.New(cfg.Look), now: cfg.Look.Now}
	if m.now == nil {
		m.now = time.Now
	}
	return m
}

// Line understands a line: chat, or a command. A line that begins with // says one that begins with /.
func (m *Mode) Line(_ int, text string) (talk.Job, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	rest, slash := strings.CutPrefix(text, "/")
	if !slash || strings.HasPrefix(rest, "/") {
		return m.say(rest), nil
	}
	word, rest, _ := strings.Cut(rest, " ")
	c, ok := commandOf(strings.ToLower(word))
	if !ok {
		return nil, fmt.Errorf("there is no /%s; /help lists the commands. To say a line that begins with /, begin it with //", harmless.Text(word))
	}
	rest = strings.TrimSpace(rest)
	if c.local {
		return c.do(m, rest)
	}
	return func(ctx context.Context) error { // names and lists as they are when its turn has come
		job, err := c.do(m, rest)
		if err != nil {
			return err
		}
		return job(ctx)
	}, nil
}

// Event prints what the room said.
func (m *Mode) Event(ev *singoffv1.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.printLocked(m.printer.Event(ev)...)
	if w := ev.GetWelcome(); w != nil && m.asked != 0 && w.GetSelf().GetRole() != m.asked {
		is, asked := show.Role(w.GetSelf().GetRole()), show.Role(m.asked)
		m.printLocked(m.printer.Note(fmt.Sprintf("you are still a %s here: to be a %s, /leave and join again", is, asked)))
		m.asked = 0
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
	m.printLocked(m.printer.Note(what + cause(state.Cause) + ", trying again " + in))
}

// Failed prints what went wrong with a line.
func (m *Mode) Failed(_ int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.printLocked(m.printer.Problem(Explain(err)))
}

// Explain says what went wrong in a sentence for people.
func Explain(err error) string {
	var rejected *singoff.RejectedError
	switch {
	case errors.As(err, &rejected):
		return "refused: " + show.Refusal(rejected.Message, rejected.Reason, rejected.Field)
	case errors.Is(err, singoff.ErrOutcomeUnseen):
		return "it was decided while the connection was lost, but how can't be told any more"
	case errors.Is(err, singoff.ErrUnknownOutcome):
		return "it isn't known whether this was done: the connection was lost. Look before you do it again"
	case errors.Is(err, singoff.ErrNotSent):
		return "this was not sent"
	case errors.Is(err, singoff.ErrNotJoined):
		return "this was not sent: there is no connection at the moment"
	}
	return harmless.Text(strings.TrimPrefix(err.Error(), "singoff: "))
}

// cause is why a connection was lost, in brackets; empty: not known.
func cause(err error) string {
	var goaway *singoff.GoawayError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &goaway) && goaway.Message != "":
		return " (" + harmless.Text(goaway.Message) + ")"
	}
	if s, ok := status.FromError(err); ok && s.Code() == codes.Unavailable {
		return " (the server can't be reached)"
	} else if ok {
		return " (" + harmless.Text(s.Message()) + ")"
	}
	return " (" + harmless.Text(strings.TrimPrefix(err.Error(), "singoff: ")) + ")"
}

func (m *Mode) note(lines ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range lines {
		m.printLocked(m.printer.Note(l))
	}
}

// printLocked writes whole lines at once, so that a reader never sees half of one.
func (m *Mode) printLocked(lines ...string) {
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
