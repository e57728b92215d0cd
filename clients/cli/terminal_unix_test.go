//go:build unix

package cli_test

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// terminal is a terminal that the program runs on, and what is to be seen on it.
type terminal struct {
	t       *testing.T
	control *os.File // our end
	tty     *os.File // the program's end
	program *exec.Cmd
	loops   sync.WaitGroup

	mu       sync.Mutex // of what follows
	changed  chan struct{}
	emulator *vt.Emulator
	held     []byte // of a sign that hasn't come whole
	raw      []byte
}

// onTerminal starts the program on a terminal of so many cells; unicode: one that measures by grapheme clusters, and says so.
func onTerminal(t *testing.T, width, height int, unicode bool, env, args []string) *terminal {
	t.Helper()
	control, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, control: control, tty: tty, changed: make(chan struct{}), emulator: vt.NewEmulator(width, height)}
	if unicode {
		term.emulator.WriteString("\x1b[?2027l")
	}
	term.size(width, height)
	term.program = exec.Command(self, args...)
	term.program.Env = append([]string{asProgram + "=1", "TERM=xterm-256color", "HOME=" + t.TempDir()}, env...)
	term.program.Stdin, term.program.Stdout, term.program.Stderr = tty, tty, tty
	term.program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := term.program.Start(); err != nil {
		t.Fatal(err)
	}
	term.loops.Go(term.drawLoop)
	term.loops.Go(term.answerLoop)
	t.Cleanup(func() {
		_ = term.program.Process.Kill() // it may have ended
		_ = term.program.Wait()
		tty.Close()
		term.emulator.InputPipe().(io.Closer).Close() // ends answerLoop; the emulator's own Close races with its use
		term.loops.Wait()
		control.Close()
	})
	return term
}

// drawLoop draws what the program writes, until nobody writes any more. A sign is drawn when it's surely whole.
func (term *terminal) drawLoop() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := term.control.Read(buffer)
		term.mu.Lock()
		term.raw = append(term.raw, buffer[:n]...)
		term.held = append(term.held, buffer[:n]...)
		whole := len(term.held)
		for whole > 0 && term.held[whole-1] >= 0x80 {
			whole--
		}
		term.emulator.Write(term.held[:whole])
		term.held = term.held[whole:]
		close(term.changed)
		term.changed = make(chan struct{})
		term.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// answerLoop hands on what the terminal answers to the program's questions.
func (term *terminal) answerLoop() {
	_, _ = io.Copy(term.control, term.emulator) // ends with the emulator
}

func (term *terminal) size(width, height int) {
	term.t.Helper()
	term.mu.Lock()
	term.emulator.Resize(width, height)
	term.mu.Unlock()
	if err := pty.Setsize(term.control, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		term.t.Fatal(err)
	}
}

// rows are what is to be seen: each cell's sign, and nothing in the second cell of a wide one.
func (term *terminal) rows() ([][]string, <-chan struct{}) {
	term.mu.Lock()
	defer term.mu.Unlock()
	rows := make([][]string, term.emulator.Height())
	for y := range rows {
		for x := range term.emulator.Width() {
			sign := " "
			if cell := term.emulator.CellAt(x, y); cell != nil && cell.Width == 0 {
				sign = ""
			} else if cell != nil && cell.Content != "" {
				sign = cell.Content
			}
			rows[y] = append(rows[y], sign)
		}
	}
	return rows, term.changed
}

// text is the screen as a text.
func (term *terminal) text() (string, <-chan struct{}) {
	rows, changed := term.rows()
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.TrimRight(strings.Join(row, ""), " ") + "\n")
	}
	return b.String(), changed
}

// until waits until the screen is as wanted.
func (term *terminal) until(what string, is func(text string) bool) {
	term.t.Helper()
	giveUp := time.After(patience)
	for {
		text, changed := term.text()
		if is(text) {
			return
		}
		select {
		case <-changed:
		case <-giveUp:
			term.t.Fatalf("want %s on the screen:\n%s", what, text)
		}
	}
}

// shows waits until all texts are to be seen.
func (term *terminal) shows(texts ...string) {
	term.t.Helper()
	for _, want := range texts {
		term.until(want, func(text string) bool { return strings.Contains(text, want) })
	}
}

// showed waits until a text has been on the screen, whether or not it still is.
func (term *terminal) showed(want string) {
	term.t.Helper()
	term.until(want+" at some time", func(string) bool {
		term.mu.Lock()
		defer term.mu.Unlock()
		return strings.Contains(string(term.raw), want)
	})
}

// types sends keys, a byte at a time as slow lines do.
func (term *terminal) types(keys string) {
	term.t.Helper()
	for i := range len(keys) {
		if _, err := term.control.WriteString(keys[i : i+1]); err != nil {
			term.t.Fatal(err)
		}
	}
}

// column tells that a sign stands in the same column wherever it's to be seen, which is so many times.
func (term *terminal) column(sign string, times int) {
	term.t.Helper()
	rows, _ := term.rows()
	found := map[int]int{}
	for _, row := range rows {
		for x, cell := range row {
			if cell == sign {
				found[x]++
			}
		}
	}
	if len(found) != 1 {
		text, _ := term.text()
		term.t.Errorf("%q stands in columns %v, want one:\n%s", sign, found, text)
	}
	for _, n := range found {
		if n != times {
			text, _ := term.text()
			term.t.Errorf("%q is there %d times, want %d:\n%s", sign, n, times, text)
		}
	}
}

// stateOf is how a terminal treats what is typed.
func stateOf(t *testing.T, tty *os.File) *term.State {
	t.Helper()
	state, err := term.GetState(tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	return state
}
