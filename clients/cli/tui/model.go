package tui

import (
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/singoff/singoff/clients/cli/show"
	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/roomstate"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// flashing is how long a remark stands in the line of hints.
const flashing = 6 * time.Second

// ModelConfig is what a screen is made of.
type ModelConfig struct {
	// Look of the lines.
	Look show.Config
	// Asked is the role that was asked for: who is a member already keeps the old one, and is told.
	Asked singoffv1.Role
	// Submit takes a line that was typed, without waiting; false: it can't be taken now, and stays.
	Submit func(line string) bool
	// Leave is called each time the person wants to leave, without waiting.
	Leave func()
	// Suspend gives the command that stops the program until it's told to go on; nil, or giving nil: it can't be stopped.
	Suspend func() tea.Cmd
}

// Model is what the screen shows. It changes by messages alone: those of the terminal, and Batch. It has no clock.
type Model struct {
	cfg     ModelConfig
	ruler   ruler
	printer *show.Printer

	width, height int
	now           Clocks

	state      roomstate.State
	limits     *singoffv1.Limits
	connection singoff.ConnectionState
	lost       bool // since the newest Welcome
	leaving    bool
	lyrics     Lyrics // of the song that plays, or one before
	cheers     []cheer
	transcript transcript

	editor editor
	past   []string // lines typed before, oldest first
	recall int      // how far back in past one is; 0: not at all
	draft  string   // what was typed before one went back

	flash      string
	flashUntil time.Time // local
}

// NewModel makes a screen that knows nothing yet.
func NewModel(cfg ModelConfig) Model {
	return Model{cfg: cfg, printer: show.New(cfg.Look), width: 80, height: 24}
}

// Init asks for nothing.
func (m Model) Init() tea.Cmd { return nil }

// Update takes a message.
func (m Model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch message := message.(type) {
	case Batch:
		m.now = message.Clocks
		for _, item := range message.Items {
			m.take(item)
		}
		m.expire()
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
		m.scroll(0)
	case tea.ModeReportMsg:
		if message.Mode == ansi.ModeUnicodeCore && !message.Value.IsNotRecognized() && !message.Value.IsPermanentlyReset() {
			m.ruler.method = ansi.GraphemeWidth
		}
	case tea.PasteMsg:
		m.paste(message.Content)
	case tea.KeyPressMsg:
		cmd = m.key(message)
	}
	return m, cmd
}

// take takes an item of a Batch.
func (m *Model) take(item any) {
	switch item := item.(type) {
	case *singoffv1.Event:
		m.event(item)
	case singoff.ConnectionState:
		m.connected(item)
	case Failed:
		m.tell(m.printer.Problem(show.Failure(item.Err)))
	case Noted:
		m.note(item.Lines...)
	case Who:
		m.note(append(m.printer.Who(item.Room), m.printer.NowPlaying(item.Room.GetNowPlaying(), item.Now))...)
	case Lyrics:
		m.lyrics = item
	case Leaving:
		m.leaving = true
	}
}

func (m *Model) event(ev *singoffv1.Event) {
	if reaction := ev.GetReaction(); reaction != nil {
		m.cheers = append(m.cheers, cheer{reaction, m.now.Local})
		return
	}
	m.tell(m.printer.Event(ev)...)
	welcome := ev.GetWelcome()
	if welcome == nil {
		m.state = m.state.Apply(ev)
		return
	}
	m.state, m.lost, m.limits = roomstate.Of(welcome), false, welcome.GetLimits()
	if welcome.GetRecovery().GetKind() == singoffv1.Recovery_KIND_RESUMED {
		m.remark(fmt.Sprintf("back: %s caught up", plural(int(welcome.GetRecovery().GetEvents()), "event")))
	}
	if old := show.OldRole(welcome, m.cfg.Asked); old != "" {
		m.note(old)
	}
	m.cfg.Asked = singoffv1.Role_ROLE_UNSPECIFIED // it's told once
}

// connected takes a change of the connection. Only its loss, and another way than the usual one, is told among the happenings: the rest is in
// the first line, and that it's back is a Welcome.
func (m *Model) connected(state singoff.ConnectionState) {
	if way := state.Way; way.Fallback != nil && way.Kind != m.connection.Way.Kind {
		m.note(fmt.Sprintf("connected over %s (%s)", way.Kind, show.Loss(way.Fallback)))
	}
	m.connection = state
	if state.Phase != singoff.PhaseReconnecting || m.lost {
		return
	}
	m.lost = true
	if why := show.Loss(state.Cause); why != "" && !errors.Is(state.Cause, singoff.ErrConnectionLost) {
		m.note("connection lost (" + why + ")")
	} else {
		m.note("connection lost")
	}
}

func (m *Model) note(texts ...string) {
	for _, text := range texts {
		m.tell(m.printer.Note(text))
	}
}

func (m *Model) tell(lines ...show.Line) {
	m.transcript.add(m.ruler, m.layout().said.width, lines...)
}

func (m *Model) scroll(by int) {
	said := m.layout().said
	m.transcript.scroll(m.ruler, said.width, said.height, by)
}

// remark shows a text in the line of hints for a moment.
func (m *Model) remark(text string) {
	m.flash, m.flashUntil = text, m.now.Local.Add(flashing)
}

// expire takes away what was to be seen for a moment alone.
func (m *Model) expire() {
	if !m.now.Local.Before(m.flashUntil) {
		m.flash = ""
	}
	for len(m.cheers) > 0 && m.now.Local.Sub(m.cheers[0].at) >= cheering {
		m.cheers = m.cheers[1:]
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
