package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/singoff/singoff/clients/cli/slash"
	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// From these sizes on the seats stand beside what is said; in less room they stand above it.
const (
	wideFrom, tallFrom   = 84, 14
	leastSeats, maxSeats = 30, 42 // cells
)

const prompt = "> "

// window is a part of the screen, in cells and rows.
type window struct{ width, height int }

// layout is how the screen is parted.
type layout struct {
	beside bool // seats stand beside what is said
	seats  window
	said   window
	hints  bool // there's a row for them
}

// layout parts the screen: a first row, what plays, what is sung, seats, what is said, hints, and the row to type in. What is said is the last to give way.
func (m *Model) layout() layout {
	l := layout{hints: m.height >= 5}
	room := m.height - 2 // the first row, and the one to type in
	if l.hints {
		room--
	}
	if m.height >= 6 {
		room-- // what plays
	}
	if m.sings() {
		room-- // what is sung
	}
	if m.width >= wideFrom && m.height >= tallFrom {
		l.beside = true
		room-- // a rule
		l.seats = window{min(max(m.width/3, leastSeats), maxSeats), room}
		l.said = window{m.width - l.seats.width - 3, room}
		return l
	}
	l.seats = window{m.width, min(len(m.compactSeats(m.width, m.height)), max(room-3, 0))}
	room -= l.seats.height
	if m.height >= tallFrom {
		room-- // a rule
	}
	l.said = window{m.width, max(room, 0)}
	return l
}

// View draws the screen.
func (m Model) View() tea.View {
	l := m.layout()
	rows := []string{m.title()}
	if m.height >= 6 {
		rows = append(rows, m.playing())
	}
	if m.sings() {
		rows = append(rows, m.sung())
	}
	said := m.transcript.view(m.ruler, l.said.width, l.said.height)
	if l.beside {
		rows = append(rows, faint.Styled(strings.Repeat("─", l.seats.width+1)+"┬"+strings.Repeat("─", max(m.width-l.seats.width-2, 0))))
		for i, seat := range m.seats(l.seats) {
			rows = append(rows, seat+faint.Styled(" │ ")+said[i])
		}
	} else {
		rows = append(rows, m.compactSeats(m.width, m.height)[:l.seats.height]...)
		if m.height >= tallFrom {
			rows = append(rows, faint.Styled(strings.Repeat("─", m.width)))
		}
		rows = append(rows, said...)
	}
	if l.hints {
		rows = append(rows, m.hint())
	}
	line, cursor := m.editor.view(m.ruler, m.width-len(prompt))
	rows = append(rows, m.prompt()+line)
	view := tea.NewView(strings.Join(rows, "\n"))
	view.AltScreen = true
	view.Cursor = tea.NewCursor(len(prompt)+cursor, len(rows)-1)
	return view
}

func (m *Model) prompt() string {
	if m.leaving {
		return faint.Styled(prompt)
	}
	return strong.Styled(prompt)
}

// title is the first row: which room, and how the connection stands.
func (m *Model) title() string {
	room := m.state.Room
	title := room.GetTitle()
	if title == "" {
		title = room.GetRoomId()
	}
	title = m.ruler.sure(title)
	if room.GetLocked() {
		title += " (locked)"
	}
	style, standing := m.standing()
	right := m.ruler.cut(standing, m.width)
	left := m.ruler.fit(title, max(m.width-m.ruler.width(right)-1, 0))
	return strong.Styled(left) + spaces(m.width-m.ruler.width(left)-m.ruler.width(right)) + style(right)
}

// standing is how the connection stands, and how to paint that.
func (m *Model) standing() (style func(string) string, text string) {
	narrow := m.width < 50
	switch m.connection.Phase {
	case singoff.PhaseJoined:
		if narrow {
			return good.Styled, "●"
		}
		if way := m.connection.Way.Kind; way != "" && way != transport.KindNative {
			return good.Styled, "● connected over " + string(way)
		}
		return good.Styled, "● connected"
	case singoff.PhaseConnecting:
		return warning.Styled, "○ connecting"
	case singoff.PhaseReconnecting:
		if wait := m.connection.NextTry.Sub(m.now.Local); !m.connection.NextTry.IsZero() && wait > 0 {
			if narrow {
				return warning.Styled, fmt.Sprintf("○ again in %d s", ceil(wait))
			}
			return warning.Styled, fmt.Sprintf("○ reconnecting, next try in %d s", ceil(wait))
		}
		return warning.Styled, "○ reconnecting"
	}
	return bad.Styled, "○ closed"
}

// hint is the row above the one to type in.
func (m *Model) hint() string {
	switch {
	case m.leaving:
		return warning.Styled(m.ruler.cut("leaving the room; Ctrl-C once more doesn't wait for the server", m.width))
	case m.flash != "":
		return warning.Styled(m.ruler.cut(m.flash, m.width))
	case m.transcript.back > 0:
		return warning.Styled(m.ruler.cut(fmt.Sprintf("%s below: PgDn, or Esc for the newest", plural(m.transcript.back, "row")), m.width))
	}
	if hints := slash.Hints(m.editor.text); len(hints) == 1 {
		return faint.Styled(m.ruler.cut(hints[0].Usage+": "+hints[0].Help, m.width))
	} else if len(hints) > 1 {
		names := make([]string, len(hints))
		for i, h := range hints {
			names[i] = "/" + h.Name
		}
		return faint.Styled(m.ruler.cut(strings.Join(names, " "), m.width))
	}
	if over := m.tooLong(); over != "" {
		return bad.Styled(m.ruler.cut(over, m.width))
	}
	return faint.Styled(m.ruler.cut(m.advice(), m.width))
}

// advice is what one may do next.
func (m *Model) advice() string {
	const always = "Enter says it · / commands · PgUp back · Ctrl-C leaves"
	self := m.state.Self()
	switch {
	case self.GetRole() == singoffv1.Role_ROLE_OBSERVER:
		return "you look on · PgUp back · Ctrl-C leaves"
	case self.GetRole() == singoffv1.Role_ROLE_SINGER && self.GetPick() == nil:
		return "/song picks a song · " + always
	case self.GetRole() == singoffv1.Role_ROLE_SINGER && m.state.Room.GetNowPlaying() == nil:
		return "/play plays your song for all · " + always
	}
	return always
}

// tooLong tells that the line is longer than the server takes.
func (m *Model) tooLong() string {
	limit := int(m.limits.GetChatCharacters())
	if limit == 0 || len(m.editor.text) <= limit {
		return ""
	}
	if n := len([]rune(m.editor.text)); n > limit {
		return fmt.Sprintf("%d characters, and %d are allowed", n, limit)
	}
	return ""
}
