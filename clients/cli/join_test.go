package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestBattle(t *testing.T) {
	t.Parallel()
	server := serve(t)
	mina := person(t, server, "금요일 배틀", "Mina", "singer")
	mina.out.shows(t, "* you are Mina, singer 1, in 금요일 배틀 (r-", "singers 1 of 2: Mina (you, host)")
	juno := person(t, server, " 금요일 배틀 ", "Juno", "watcher")
	juno.out.shows(t, "* you are Juno, watcher 1, in 금요일 배틀 (r-", "singers 1 of 2: Mina (host)")
	mina.out.shows(t, "* Juno joins as watcher 1 (singers 1 of 2, watchers 1 of 6)")

	mina.types(t, "안녕 ㅋㅋ", "//not a command", "/whisper juno psst there", "")
	juno.out.shows(t, "Mina (singer): 안녕 ㅋㅋ", "Mina (singer): /not a command", "Mina (singer) whispers to you: psst there")
	mina.out.shows(t, "Mina (you): 안녕 ㅋㅋ", "Mina (you) whispers to Juno: psst there")

	juno.types(t, "/vote MI up", "/vote mi up")
	mina.out.shows(t, "* Juno votes up for you: 1 up, 0 down")
	juno.out.shows(t, "* you vote up for Mina: 1 up, 0 down", "* nothing changed")
	juno.types(t, "/vote mina none", "/cheer mina heart 12")
	mina.out.shows(t, "* Juno withdraws the vote for you: 0 up, 0 down", "12 × heart for you")

	mina.types(t, "/song")
	mina.out.shows(t, "* /song NUMBER picks one")
	mina.types(t, "/song 1", "/play")
	juno.out.shows(t, "* Mina picks “", "* Mina plays “", ", in 3 s")
	mina.types(t, "/seek 0:31", "/pause", "/resume")
	mina.out.shows(t, "you go on with")
	mina.types(t, "/who", "/stop", "/song none")
	juno.out.shows(t, "* Mina jumps to 0:31 in “", "* Mina pauses “", "* Mina goes on with “", "* Mina stops “", "* Mina takes the pick back")
	mina.out.shows(t, "now playing: “")

	juno.types(t, "/nick 주노")
	mina.out.shows(t, "* Juno is now called 주노")
	mina.types(t, "/lock", "/unlock", "/pass 주", "/leave")
	juno.out.shows(t, "* Mina locks the room", "* Mina unlocks the room", "* Mina makes you the host", "* Mina has left")
	mina.ends(t, cli.CodeDone)
	juno.in.Close()
	juno.ends(t, cli.CodeDone)
}

func TestWhatCantBeDoneIsTold(t *testing.T) {
	t.Parallel()
	server := serve(t)
	juno := person(t, server, "friday", "Juno", "watcher")
	for line, want := range map[string]string{
		"/dance":                  "! there is no /dance; /help lists the commands",
		"/vote mina sideways":     "! it is /vote NICK up|down|none",
		"/vote mina up":           "! among the singers: there is nobody of that name",
		"/kick":                   "! it is /kick NICK: host: remove somebody for five minutes",
		"/unban ":                 "! it is /unban NICK",
		"/whisper nobody x":       `! there is nobody of that name: "nobody"; there is Juno`,
		"/seek soon":              `! "soon" is no position in a song`,
		"/cheer":                  "! say which singer: /cheer NICK",
		"/cheer juno 21":          "! 21 at once: 1 to 20 are allowed",
		"/play":                   "! refused: ",
		"/unban somebody":         "! among those who may not come back",
		"/help":                   "/vote NICK up|down|none",
		strings.Repeat("가", 2001): "! refused: the text has 2001 characters, more than 2000",
	} {
		juno.types(t, line)
		juno.out.shows(t, want)
	}
	juno.interrupt()
	juno.ends(t, cli.CodeDone)
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	server := serve(t)
	mina := person(t, server, "friday", "Mina", "singer")
	mina.out.shows(t, "you are Mina")
	taken := person(t, server, "friday", "ｍｉｎａ", "watcher")
	taken.ends(t, cli.CodeNicknameTaken)
	taken.err.shows(t, "choose another one with --nick")

	hana := person(t, server, "friday", "Hana", "singer")
	hana.out.shows(t, "you are Hana, singer 2")
	third := person(t, server, "friday", "Third", "singer")
	third.ends(t, cli.CodeFull)
	third.err.shows(t, "--role watcher", "--role observer")

	mina.types(t, "/kick hana")
	hana.ends(t, cli.CodeKeptOut)
	hana.err.shows(t, "the host has kicked you")

	mina.types(t, "/lock")
	mina.out.shows(t, "you lock the room")
	late := person(t, server, "friday", "Late", "watcher")
	late.ends(t, cli.CodeKeptOut)
	late.err.shows(t, "locked")
	mina.in.Close()
	mina.ends(t, cli.CodeDone)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no command":       {nil, "join"},
		"unknown flag":     {[]string{"rooms", "--wach"}, "--wach"},
		"no room":          {[]string{"join", "--nick", "Mina"}, "<room>"},
		"an empty room":    {[]string{"join", " ", "--nick", "Mina"}, "title is empty"},
		"no nickname":      {[]string{"join", "friday", "--role", "singer"}, "--nick NAME"},
		"no such role":     {[]string{"join", "friday", "--nick", "Mina", "--role", "dancer"}, "singer"},
		"a bad namespace":  {[]string{"rooms", "--namespace", "a b"}, "namespace"},
		"simulate nothing": {[]string{"simulate", "--rooms", "many"}, "--rooms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.args...)
			p.ends(t, cli.CodeUsage)
			p.err.shows(t, c.want)
		})
	}
	help := start(t, "--help")
	help.ends(t, cli.CodeDone)
	help.out.shows(t, "singoff join 'Friday battle' --nick Mina --role singer", "Exit codes:", "singoffd")
	version := start(t, "--version")
	version.ends(t, cli.CodeDone)
	version.out.shows(t, "singoff test")
}

func TestServerThatIsntThere(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"join", "friday", "--nick", "Mina", "--state-dir", t.TempDir()}, {"rooms"}, {"rooms", "--watch"}, {"songs"}, {"simulate"},
	} {
		p := start(t, append(args, "--server", "127.0.0.1:1")...)
		p.ends(t, cli.CodeUnreachable)
		p.err.shows(t, "no server answers at 127.0.0.1:1", "singoffd", "--server")
	}
}

// A program that is killed leaves its seat held; started again it's the same member, and has missed nothing.
func TestKilledProgramComesBackAsItself(t *testing.T) {
	t.Parallel()
	server := serve(t)
	state := t.TempDir()
	args := []string{"join", "friday", "--server", server, "--nick", "Mina", "--role", "singer", "--state-dir", state}
	juno := person(t, server, "friday", "Juno", "watcher")
	juno.out.shows(t, "you are Juno")

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(self, args...)
	victim.Env = append(os.Environ(), asProgram+"=1")
	stdin, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out := newScreen()
	victim.Stdout = out
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	out.shows(t, "you are Mina, singer 1")
	juno.types(t, "before")
	out.shows(t, "Juno (watcher): before")
	keptPlace(t, state)
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait() // it was killed: that is its error
	juno.out.shows(t, "* Mina is away", "the seat is held for 30 s")
	juno.types(t, "meanwhile")
	juno.out.shows(t, "Juno (you): meanwhile")

	again := start(t, args...)
	again.out.shows(t, "you are Mina, singer 1", "back: ", "Juno (watcher): meanwhile")
	juno.out.shows(t, "* Mina is back")
	if text, _ := again.out.read(); strings.Count(text, "Juno (watcher): meanwhile") != 1 {
		t.Errorf("what was missed isn't there once:\n%s", text)
	}
}

// keptPlace waits until a program has kept its place in a room, which it does about once a second.
func keptPlace(t *testing.T, state string) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for giveUp := time.After(patience); ; {
		files, err := filepath.Glob(filepath.Join(state, "*.json"))
		if err == nil && len(files) == 1 {
			if content, err := os.ReadFile(files[0]); err == nil && bytes.Contains(content, []byte("last_seq")) {
				return
			}
		}
		select {
		case <-look.C:
		case <-giveUp:
			t.Fatal("the program keeps no place in its room")
		}
	}
}

// A second program of the same nickname and state directory takes over; the first is told, and doesn't fight for it.
func TestSecondProgramTakesOver(t *testing.T) {
	t.Parallel()
	server := serve(t)
	state := t.TempDir()
	args := []string{"join", "friday", "--server", server, "--nick", "Mina", "--role", "singer", "--state-dir", state}
	first := start(t, args...)
	first.out.shows(t, "you are Mina, singer 1")
	second := start(t, args...)
	second.out.shows(t, "you are Mina, singer 1")
	first.ends(t, cli.CodeTakenOver)
	first.err.shows(t, "another program has taken over")
	second.types(t, "still here", "/leave")
	second.ends(t, cli.CodeDone)
	second.out.shows(t, "Mina (you): still here")
}

func TestJSON(t *testing.T) {
	t.Parallel()
	server := serve(t)
	p := person(t, server, "friday", "Mina", "singer", "--json")
	p.out.shows(t, `"welcome":{"self":`, `{"connection":{"phase":"joined"`)
	p.types(t, `{"number": 12, "chatMessage": {"text": "hello"}}`, `nonsense`, `{"chatMessage": {"text": ""}}`, `{"leave": {}}`)
	p.ends(t, cli.CodeDone)
	p.out.shows(t, `"number":"1","chatMessage":{"text":"hello","nickname":"Mina"}`, `{"error":{"line":2,`,
		`{"error":{"line":3,`, `"reason":"REASON_INVALID","field":"chat_message.text"`, `{"connection":{"phase":"closed"`)
	text, _ := p.out.read()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, `{"connection":`) || strings.HasPrefix(line, `{"error":`) {
			if !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
			continue
		}
		if err := protojson.Unmarshal([]byte(line), &singoffv1.Event{}); err != nil {
			t.Errorf("no Event: %s: %v", line, err)
		}
	}
}
