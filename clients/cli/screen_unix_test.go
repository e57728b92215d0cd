//go:build unix

package cli_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"github.com/singoff/singoff/clients/cli"
	"github.com/singoff/singoff/service"
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

// The whole thing on a terminal: what is typed and pasted in Hangul arrives as it was, what others say stands in its columns, and the terminal is
// as it was when the program has ended. Once on a terminal that measures by clusters and says so, once on one that doesn't say.
func TestScreen(t *testing.T) {
	t.Parallel()
	for name, unicode := range map[string]bool{"that says how it measures": true, "that doesn't": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			battleOnScreen(t, unicode)
		})
	}
}

func battleOnScreen(t *testing.T, unicode bool) {
	t.Helper()
	server := serve(t)
	hana := person(t, server, "금요일 배틀", "👨‍👩‍👧 하나", "watcher")
	hana.out.shows(t, "you are 👨‍👩‍👧 하나")
	args := []string{"join", "금요일 배틀", "--server", server, "--nick", "미나❤️", "--role", "singer", "--state-dir", t.TempDir()}
	mina := onTerminal(t, 100, 30, unicode, nil, args)
	before := stateOf(t, mina.tty)
	families := map[bool]string{true: "1 👨‍👩‍👧 하나 host", false: "1 👨 하나 host"}
	mina.shows(families[unicode], "금요일 배틀", "● connected", "SINGERS                    1 of 2 │", "WATCHERS                   1 of 6 │", "you are 미나❤️, singer 1")

	mina.types("안녕하세요 ㅋㅋ가나\x7f다\r")
	hana.out.shows(t, "미나❤️ (singer): 안녕하세요 ㅋㅋ가다\n")
	loose := "\u1112\u1161\u11ab\u1100\u1173\u11af" // 한글 in jamo
	mina.types("\x1b[200~" + loose + " 👨‍👩‍👧‍👦🇰🇷\x1b[201~!\r")
	hana.out.shows(t, "미나❤️ (singer): "+loose+" 👨‍👩‍👧‍👦🇰🇷!\n")
	hana.types(t, "응원합니다 👍🏽👨‍👩‍👧‍👦🇰🇷 "+strings.Repeat("가나다라 ", 20), "/cheer 미 fire 7", "/vote 미 up")
	mina.shows("한글 👨‍👩‍👧‍👦🇰🇷!", "응원합니다 👍🏽👨‍👩‍👧‍👦🇰🇷", "△1 ▽0 │", "votes up for you")
	mina.showed("🔥7") // for a moment
	mina.column("│", 25)

	mina.types("/song\r")
	mina.shows("/song NUMBER picks one")
	mina.types("/song 1\r/play\r")
	mina.shows("you play “", "▶ ", "━")
	mina.size(50, 12)
	mina.shows("1 of 6 watchers: 👨‍👩‍👧 하나 host")
	mina.until("no seats beside", func(text string) bool { return !strings.Contains(text, "│") })
	mina.types("\x1astill here\r") // Ctrl-Z: no shell watches over this program, so it can't be stopped
	hana.out.shows(t, "미나❤️ (singer): still here\n")

	mina.types("\x03")
	hana.out.shows(t, "미나❤️ has left")
	if err := mina.program.Wait(); err != nil || mina.program.ProcessState.ExitCode() != cli.CodeDone {
		t.Errorf("the program ended with %v", err)
	}
	if after := stateOf(t, mina.tty); !reflect.DeepEqual(before, after) {
		t.Errorf("the terminal is left as %+v, want %+v", after, before)
	}
	for what, sequence := range map[string]string{"the screen from before": "\x1b[?1049l", "the cursor": "\x1b[?25h", "plain pasting": "\x1b[?2004l"} {
		mina.until(what, func(string) bool {
			mina.mu.Lock()
			defer mina.mu.Unlock()
			on := strings.LastIndex(string(mina.raw), strings.NewReplacer("l", "h", "h", "l").Replace(sequence))
			return on >= 0 && strings.LastIndex(string(mina.raw), sequence) > on
		})
	}
}

// A terminal that takes nothing for a while, as when somebody has stopped it, holds up the screen alone: nothing is lost for whoever looks
// again, and the connection lives.
func TestStoppedTerminalLosesNothing(t *testing.T) {
	t.Parallel()
	const lines = 600
	server := serve(t, func(cfg *service.Config) { cfg.CommandsPerSecond, cfg.CommandBurst = 10000, 10000 })
	args := []string{"join", "friday", "--server", server, "--nick", "Mina", "--role", "singer", "--state-dir", t.TempDir()}
	mina := onTerminal(t, 100, 30, true, nil, args)
	mina.shows("you are Mina")
	hana := person(t, server, "friday", "Hana", "watcher")
	hana.out.shows(t, "you are Hana")

	mina.mu.Lock() // from here on nobody reads what is written to the terminal
	for i := range lines {
		hana.types(t, fmt.Sprintf("line %d", i))
	}
	hana.out.shows(t, fmt.Sprintf("Hana (you): line %d\n", lines-1))
	mina.mu.Unlock()

	mina.shows(fmt.Sprintf("Hana (watcher): line %d\n", lines-1), "Hana                            │")
	mina.types("\x1b[1;5H") // Ctrl-Home
	rows := lines + 3       // beside the lines: her own arrival, and in two rows Hana's
	mina.shows("you are Mina", "Hana (watcher): line 0\n", fmt.Sprintf("%d rows below", rows-25))
	if text, _ := mina.text(); strings.Contains(text, "reconnecting") || strings.Contains(text, "connection lost") {
		t.Errorf("the connection was lost:\n%s", text)
	}
	mina.types("\x03")
	if err := mina.program.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
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

// Line by line where that is wanted, or nothing else can be.
func TestPlainOnTerminal(t *testing.T) {
	t.Parallel()
	server := serve(t)
	for name, c := range map[string]struct{ env, more []string }{
		"by a flag":       {nil, []string{"--plain"}},
		"a dumb terminal": {[]string{"TERM=dumb"}, nil},
		"as JSON":         {nil, []string{"--json"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"join", name, "--server", server, "--nick", "Mina", "--state-dir", t.TempDir()}, c.more...)
			mina := onTerminal(t, 100, 30, false, c.env, args)
			mina.shows("Mina")
			mina.types("/leave\n")
			if len(c.more) > 0 && c.more[0] == "--json" {
				mina.types("{\"leave\": {}}\n")
			}
			if err := mina.program.Wait(); err != nil {
				t.Errorf("the program ended with %v", err)
			}
			mina.mu.Lock()
			defer mina.mu.Unlock()
			if strings.Contains(string(mina.raw), "\x1b[?1049h") {
				t.Errorf("the program took the whole terminal:\n%q", mina.raw)
			}
		})
	}
}
