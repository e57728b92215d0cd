package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	server, dir := serve(t), t.TempDir()
	mina := person(t, server, "금요일 배틀", "Mina", "singer", "--state-dir", dir)
	mina.out.shows(t, "you are Mina")
	juno := person(t, server, "금요일 배틀", "주노", "watcher", "--state-dir", dir)
	juno.out.shows(t, "you are 주노")
	juno.types(t, "안녕 hello", "/vote Mina up", "/whisper Mina 비밀", "that was all")
	mina.out.shows(t, "that was all")

	all := start(t, "events", "금요일 배틀", "--server", server)
	all.ends(t, cli.CodeDone)
	all.out.shows(t, "     1 ", "Mina opens the room 금요일 배틀", "주노 joins as watcher 1", "주노 (watcher): 안녕 hello", "주노 votes up for Mina: 1 up, 0 down")
	if text, _ := all.out.read(); strings.Contains(text, "비밀") {
		t.Errorf("got %s, want no whisper", text)
	}

	own := start(t, "events", "금요일 배틀", "--server", server, "--nick", "Mina", "--state-dir", dir, "--last", "3")
	own.ends(t, cli.CodeDone)
	own.out.shows(t, "주노 votes up for Mina", "whispers to Mina: 비밀", "that was all")
	if text, _ := own.out.read(); strings.Count(text, "\n") != 3 {
		t.Errorf("got %s, want 3 lines", text)
	}

	follow := start(t, "events", "금요일 배틀", "--server", server, "--follow", "--json", "--since", "2")
	follow.out.shows(t, "that was all")
	mina.types(t, "and on", "/leave")
	juno.types(t, "/leave")
	mina.ends(t, cli.CodeDone)
	juno.ends(t, cli.CodeDone)
	follow.out.shows(t, "and on", `"reason":"REASON_LEFT"`)
	follow.interrupt()
	follow.ends(t, cli.CodeDone)
	text, _ := follow.out.read()
	last := uint64(1)
	for line := range strings.Lines(text) {
		var event singoffv1.Event
		if err := protojson.Unmarshal([]byte(line), &event); err != nil || event.GetSeq() <= last {
			t.Errorf("got %q (%v) after seq %d, want an event of a higher one", line, err, last)
		}
		last = event.GetSeq()
	}
	beyond := start(t, "events", "금요일 배틀", "--server", server, "--since", fmt.Sprint(last+1000))
	beyond.ends(t, cli.CodeDone)
	if text, _ := beyond.out.read(); text != "" {
		t.Errorf("got %q, want nothing", text)
	}
}

func TestEventsThatCantBe(t *testing.T) {
	t.Parallel()
	server := serve(t)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"never was":     {[]string{"events", "Nowhere"}, cli.CodeFailed, "there never was such a room"},
		"no title":      {[]string{"events", " "}, cli.CodeUsage, "title is empty"},
		"no time":       {[]string{"events", "x", "--since", "soon"}, cli.CodeUsage, `"soon" is neither`},
		"both":          {[]string{"events", "x", "--since", "1", "--last", "1"}, cli.CodeUsage, "--last and --since"},
		"negative":      {[]string{"events", "x", "--last=-1"}, cli.CodeUsage, "negative"},
		"another space": {[]string{"events", "x", "--namespace", "a b"}, cli.CodeUsage, "namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, append(c.args, "--server", server)...)
			p.ends(t, c.code)
			p.err.shows(t, c.want)
		})
	}
}
