//go:build unix

package cli_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/singoff/singoff/clients/cli"
	"github.com/singoff/singoff/service"
)

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

	mina.types("/help\r")
	mina.shows("/help: this list", "Alt-Enter begins a new row")
	mina.types("/song\r")
	mina.shows("/song NUMBER picks one")
	mina.types("/song 1\r/play\r")
	mina.shows("you play “", "▶ ", "━", "♪ 퇴근길 버스 창에 기대어")
	mina.size(50, 12)
	mina.shows("1 of 6 watchers: 👨‍👩‍👧 하나 host")
	mina.until("no seats beside", func(text string) bool { return !strings.Contains(text, "│") })
	mina.types("st\x1aill here\r") // Ctrl-Z: no shell watches over this program
	mina.showed("this program can't be stopped here")
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
	const lines = 300
	server := serve(t, func(cfg *service.Config) { cfg.CommandsPerSecond, cfg.CommandBurst = 10000, 10000 })
	args := []string{"join", "friday", "--server", server, "--nick", "Mina", "--role", "singer", "--state-dir", t.TempDir()}
	mina := onTerminal(t, 100, 30, true, nil, args)
	mina.shows("you are Mina")
	hana := person(t, server, "friday", "Hana", "watcher")
	hana.out.shows(t, "you are Hana")

	func() {
		mina.mu.Lock() // from here on nobody reads what is written to the terminal
		defer mina.mu.Unlock()
		for i := range lines {
			hana.types(t, fmt.Sprintf("line %d", i))
		}
		hana.out.shows(t, fmt.Sprintf("Hana (you): line %d\n", lines-1))
	}()

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
