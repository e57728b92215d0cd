package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/clients/cli"
	"github.com/singoff/singoff/service"
)

// checkNowhere looks into every file of a folder, as it lies on the disk.
func checkNowhere(t *testing.T, dir string, texts ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v, want files", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if n := strings.Count(string(data), text); n != 0 {
				t.Errorf("got %q %d times in %s, want it nowhere", text, n, filepath.Base(file))
			}
		}
	}
}

// What somebody said and was called is gone from the room, its history and the data folder, while they are there; those who are there go on, and the log is
// sound.
func TestForget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serve(t, func(c *service.Config) { c.Log, c.DataDir = service.LogSQLite, dir })
	do := func(code int, args ...string) (string, string) {
		return admin(t, code, append(args, "--server", server)...)
	}
	mina := person(t, server, "금요일 배틀", "미나", "singer")
	mina.out.shows(t, "you are 미나")
	juno := person(t, server, "금요일 배틀", "Juno", "watcher")
	juno.out.shows(t, "you are Juno")
	mina.types(t, "비밀 이야기")
	juno.out.shows(t, "비밀 이야기")
	juno.types(t, "/vote 미나 up", "that was said")
	mina.out.shows(t, "that was said")

	_, told := do(cli.CodeUsage, "forget", "미나")
	contains(t, told, "user_id: begins neither with u: nor with g:")
	_, told = do(cli.CodeFailed, "forget", "u:nobody")
	contains(t, told, "the log knows no such user")
	_, told = do(cli.CodeFailed, "forget", "--room", "nowhere", "m1-aaaaaa")
	contains(t, told, "there never was such a room")
	_, told = do(cli.CodeFailed, "forget", "--room", "금요일 배틀", "m1-aaaaaa")
	contains(t, told, "nobody was that member")

	_, told = do(cli.CodeFailed, "forget", "--namespace", "club", "u:nobody")
	contains(t, told, "namespace: there never was a room in it")
	_, told = do(cli.CodeFailed, "forget", "--namespace", "default", "u:nobody")
	contains(t, told, "user: no room of the namespace default knows them")
	_, told = do(cli.CodeUsage, "forget", "--namespace", "a b", "u:nobody")
	contains(t, told, "namespace: ")

	out, _ := do(cli.CodeDone, "forget", "--room", "금요일 배틀", "미나")
	contains(t, out, "forgotten: ", " events in 1 room")
	checkNowhere(t, dir, "비밀 이야기", "미나", "금요일 배틀")
	out, _ = run(t, cli.CodeDone, "events", "금요일 배틀", "--json", "--server", server)
	contains(t, out, "that was said", `"nickname":"Juno"`)
	if strings.Contains(out, "미나") || strings.Contains(out, "비밀") {
		t.Errorf("got\n%s\nwant nothing of theirs in the history", out)
	}
	juno.types(t, "still here")
	mina.out.shows(t, "still here")
	mina.types(t, "me too")
	juno.out.shows(t, "me too")

	flight, backup := filepath.Join(t.TempDir(), "friday.flight"), filepath.Join(t.TempDir(), "singoff.db")
	do(cli.CodeDone, "record", "금요일 배틀", flight)
	out, _ = run(t, cli.CodeDone, "verify", flight)
	contains(t, out, "from its first event", "2 joins, 1 vote", "as told")
	do(cli.CodeDone, "backup", backup)
	checkNowhere(t, filepath.Dir(backup), "비밀 이야기", "미나", "금요일 배틀")
	if err := service.CheckLog(t.Context(), filepath.Dir(backup), io.Discard); err != nil {
		t.Error(err)
	}
	out, _ = do(cli.CodeDone, "forget", "--room", "금요일 배틀", "Juno", "--json")
	contains(t, out, `"rooms":1`)
	checkNowhere(t, dir, "that was said", "Juno", "still here")
}

// With --namespace the rooms of others keep what somebody said there. A member of that namespace names them for all, with --all.
func TestForgetInOneNamespace(t *testing.T) {
	t.Parallel()
	dir, key, token := t.TempDir(), fileOf(t, jwtSecret), tokenOf(t, time.Hour, nil)
	server := serve(t, func(c *service.Config) { c.Log, c.DataDir, c.JWTKey = service.LogSQLite, dir, key })
	says := func(namespace, text string) {
		p := person(t, server, "friday", "Mina", "singer", "--namespace", namespace, "--token", token)
		p.out.shows(t, "you are Mina")
		p.types(t, text)
		p.out.shows(t, text)
		p.in.Close()
		p.ends(t, cli.CodeDone)
	}
	says("default", "said elsewhere")
	says("club", "said in the club")
	events := func(namespace string) string {
		out, _ := run(t, cli.CodeDone, "events", "friday", "--namespace", namespace, "--json", "--server", server)
		return out
	}
	out, _ := admin(t, cli.CodeDone, "forget", "--namespace", "club", "u:mina", "--server", server)
	contains(t, out, "forgotten: ", " events in 1 room of the namespace club\n")
	checkNowhere(t, dir, "said in the club")
	contains(t, events("default"), "said elsewhere", "Mina")

	member := regexp.MustCompile(`"memberId":"([^"]+)"`).FindStringSubmatch(events("club"))
	if member == nil {
		t.Fatal("got no member in the club's history")
	}
	out, _ = admin(t, cli.CodeDone, "forget", "--namespace", "club", "--room", "friday", member[1], "--server", server)
	contains(t, out, "forgotten: 0 events in 0 rooms of the namespace club\n")
	out, _ = admin(t, cli.CodeDone, "forget", "--namespace", "club", "--all", "--room", "friday", member[1], "--server", server)
	contains(t, out, "forgotten: ", " events in 1 room\n")
	checkNowhere(t, dir, "said elsewhere", "Mina")
}
