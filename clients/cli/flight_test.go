package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli"
	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
)

// run runs the program, which must end with the code, and gives what it says.
func run(t *testing.T, code int, args ...string) (out, told string) {
	t.Helper()
	p := start(t, args...)
	p.ends(t, code)
	out, _ = p.out.read()
	told, _ = p.err.read()
	return out, told
}

// A battle is recorded, replayed to a moment of it, and recounted, when the server is gone.
func TestFlightRecord(t *testing.T) {
	t.Parallel()
	server := serve(t)
	mina := person(t, server, "금요일 배틀", "미나", "singer")
	mina.out.shows(t, "you are 미나")
	juno := person(t, server, "금요일 배틀", "Juno", "watcher")
	juno.out.shows(t, "you are Juno")
	juno.types(t, "/vote 미나 up", "안녕", "/vote 미나 down", "that was all")
	mina.out.shows(t, "that was all")
	file := filepath.Join(t.TempDir(), "friday.flight")
	out, _ := admin(t, cli.CodeDone, "record", "금요일 배틀", file, "--server", server)
	contains(t, out, "entries,")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file for its owner alone", info, err)
	}
	_, told := admin(t, cli.CodeUsage, "record", "금요일 배틀", file, "--server", server)
	contains(t, told, "is there already", "--force")
	admin(t, cli.CodeDone, "record", "금요일 배틀", file, "--force", "--server", server)
	missing := filepath.Join(t.TempDir(), "none.flight")
	_, told = admin(t, cli.CodeFailed, "record", "Nowhere", missing, "--server", server)
	contains(t, told, "there never was such a room")
	if left, err := filepath.Glob(missing + "*"); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v, want no file", left, err)
	}

	out, _ = run(t, cli.CodeDone, "replay", file)
	contains(t, out, "at seq 8", "title: 금요일 배틀", "singers 1 of 2: 미나 (host, 0 up, 1 down)", "watchers 1 of 6: Juno", "nothing plays", "Juno: 안녕")
	out, _ = run(t, cli.CodeDone, "replay", file, "--at", "5")
	contains(t, out, "at seq 5", "미나 (host, 1 up, 0 down)")
	out, _ = run(t, cli.CodeDone, "replay", file, "--at", "7", "--diff")
	contains(t, out, "--- seq 6", "+++ seq 7", "-      1\n+      0\n")
	out, _ = run(t, cli.CodeDone, "replay", file, "--at", "2", "--json")
	var state logv1.Snapshot
	if err := protojson.Unmarshal([]byte(out), &state); err != nil || state.GetSeq() != 2 || len(state.GetMembers()) != 1 {
		t.Errorf("got %s, %v, want the state of seq 2", out, err)
	}
	out, _ = run(t, cli.CodeDone, "verify", file)
	contains(t, out, "from its first event to seq 8", "2 joins, 2 votes", "as told")
	out, _ = run(t, cli.CodeDone, "verify", file, "--json")
	var counted map[string]any
	if err := json.Unmarshal([]byte(out), &counted); err != nil || counted["last_seq"] != 8.0 || counted["votes"] != 2.0 {
		t.Errorf("got %s, %v, want what was counted", out, err)
	}
}

func TestFlightRecordsThatCantBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other, cut := filepath.Join(dir, "other"), filepath.Join(dir, "cut")
	for file, content := range map[string]string{other: "RIFF something", cut: "singoff flight record\n\x01"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no file":        {[]string{"replay", filepath.Join(dir, "none")}, cli.CodeFailed, "no such file"},
		"something else": {[]string{"replay", other}, cli.CodeFailed, "this is no flight record"},
		"cut off":        {[]string{"verify", cut}, cli.CodeFailed, "cut off: after 0 entries, at byte"},
		"before all":     {[]string{"replay", cut, "--at", "0"}, cli.CodeUsage, "--at: events are counted from 1"},
		"diff of all":    {[]string{"replay", cut, "--diff", "--json"}, cli.CodeUsage, "--diff and --json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, told := run(t, c.code, c.args...)
			contains(t, strings.TrimSpace(told), c.want)
		})
	}
}
