package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/singoff/singoff/clients/cli/slash"
	"github.com/singoff/singoff/clients/cli/talk"
)

// keyHelp is what /help tells beside the commands.
var keyHelp = []string{
	"Keys: up, down, PgUp and PgDn scroll; Ctrl-P and Ctrl-N bring back what you typed before; Tab completes a command;",
	"Alt-Enter begins a new row of the same message; Ctrl-Z stops the program; Ctrl-C leaves the room, twice at once.",
}

// key takes a key. What has a text is typed; everything else is a command of the screen.
func (m *Model) key(press tea.KeyPressMsg) tea.Cmd {
	if press.Text != "" {
		m.insert(press.Text)
		return nil
	}
	switch stroke := press.Keystroke(); stroke {
	case "ctrl+z":
		return m.suspend()
	case "ctrl+c":
		m.leave()
	case "ctrl+d":
		if m.editor.text == "" {
			m.leave()
		} else {
			m.editor.delete()
		}
	case "enter", "ctrl+j", "ctrl+m":
		m.submit()
	case "tab", "ctrl+i":
		m.complete()
	case "ctrl+p":
		m.remember(1)
	case "ctrl+n":
		m.remember(-1)
	default:
		if !m.edit(stroke) {
			m.look(stroke)
		}
	}
	return nil
}

// edit changes the line; false: that's no such key.
func (m *Model) edit(stroke string) bool {
	e := &m.editor
	switch stroke {
	case "left", "ctrl+b":
		e.left()
	case "right", "ctrl+f":
		e.right()
	case "home", "ctrl+a":
		e.home()
	case "end", "ctrl+e":
		e.end()
	case "ctrl+left", "alt+left", "alt+b":
		e.cursor = e.wordBefore()
	case "ctrl+right", "alt+right", "alt+f":
		e.cursor = e.wordAfter()
	case "backspace", "shift+backspace", "ctrl+h":
		e.backspace()
	case "delete":
		e.delete()
	case "ctrl+w", "alt+backspace":
		e.remove(e.wordBefore(), e.cursor)
	case "ctrl+u":
		e.remove(0, e.cursor)
	case "ctrl+k":
		e.remove(e.cursor, len(e.text))
	case "alt+enter", "shift+enter":
		m.insert("\n")
	default:
		return false
	}
	return true
}

// look scrolls.
func (m *Model) look(stroke string) {
	page := max(m.layout().said.height-1, 1)
	switch stroke {
	case "up":
		m.scroll(1)
	case "down":
		m.scroll(-1)
	case "pgup":
		m.scroll(page)
	case "pgdown":
		m.scroll(-page)
	case "ctrl+home":
		m.scroll(kept * page)
	case "esc", "ctrl+end":
		m.transcript.back = 0
	}
}

// suspend asks to stop the program.
func (m *Model) suspend() tea.Cmd {
	if m.cfg.Suspend != nil {
		if cmd := m.cfg.Suspend(); cmd != nil {
			return cmd
		}
	}
	m.remark("this program can't be stopped here: no shell would let it go on")
	return nil
}

// leave asks to leave the room.
func (m *Model) leave() {
	m.leaving = true
	m.cfg.Leave()
}

// paste inserts a text as it was copied, but for its line ends.
func (m *Model) paste(text string) {
	m.insert(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
}

func (m *Model) insert(text string) {
	if size := len(m.editor.text) + len(text); size > talk.MaxLine {
		m.remark(fmt.Sprintf("too long: %d bytes, and %d is the limit; nothing of it was taken", size, talk.MaxLine))
		return
	}
	m.editor.insert(text)
	m.recall = 0
}

// submit hands the line on.
func (m *Model) submit() {
	line := strings.TrimRight(m.editor.text, "\n")
	if strings.TrimSpace(line) == "" {
		m.editor.set("")
		return
	}
	if !m.cfg.Submit(line) {
		m.remark("too many lines wait for their turn: try again in a moment")
		return
	}
	if n := len(m.past); n == 0 || m.past[n-1] != line {
		m.past = append(m.past[:n:n], line)
	}
	m.editor.set("")
	m.recall, m.transcript.back = 0, 0
}

// remember brings back a line that was typed before, further back for a positive step.
func (m *Model) remember(step int) {
	to := m.recall + step
	if to < 0 || to > len(m.past) {
		return
	}
	if m.recall == 0 {
		m.draft = m.editor.text
	}
	if m.recall = to; to == 0 {
		m.editor.set(m.draft)
		return
	}
	m.editor.set(m.past[len(m.past)-to])
}

// complete completes the name of a command as far as it's clear.
func (m *Model) complete() {
	hints := slash.Hints(m.editor.text)
	if len(hints) == 0 || strings.Contains(m.editor.text, " ") {
		return
	}
	common := hints[0].Name
	for _, h := range hints[1:] {
		for !strings.HasPrefix(h.Name, common) {
			common = common[:len(common)-1]
		}
	}
	if len(hints) == 1 {
		common += " "
	}
	m.editor.set("/" + common)
}
