package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
)

// admin runs an operator's command, which must end with the code, and gives what it says.
func admin(t *testing.T, code int, args ...string) (out, told string) {
	t.Helper()
	p := start(t, append([]string{"admin"}, args...)...)
	p.ends(t, code)
	out, _ = p.out.read()
	told, _ = p.err.read()
	return out, told
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
}

// The socket is found by the server's port alone.
func TestAdmin(t *testing.T) {
	t.Parallel()
	server := serve(t)
	at := []string{"--server", server}
	do := func(code int, args ...string) (string, string) { return admin(t, code, append(args, at...)...) }

	out, _ := do(cli.CodeDone, "connections")
	contains(t, out, "nobody is connected")
	mina := person(t, server, "금요일 배틀", "미나", "singer")
	mina.out.shows(t, "you are 미나")
	juno := person(t, server, "금요일 배틀", "Juno", "watcher")
	juno.out.shows(t, "you are Juno")
	other := person(t, server, "studio", "Hana", "watcher", "--namespace", "other")
	other.out.shows(t, "you are Hana")

	out, _ = do(cli.CodeDone, "connections")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 {
		t.Fatalf("got\n%s\nwant a heading and three connections", out)
	}
	contains(t, lines[0], "ROOM", "NICKNAME", "ROLE", "MEMBER", "ADDRESS", "VIA", "CLIENT", "FOR", "BEHIND")
	contains(t, lines[1], "default/r-", "미나", "singer", "127.0.0.1:", "native", "singoff-cli test")
	contains(t, lines[3], "other/studio", "Hana", "watcher")
	for _, line := range lines { // a Hangul letter is two cells wide
		before := regexp.MustCompile(`^(.*) (ROLE|singer|watcher) `).FindStringSubmatch(line)
		heading, _, _ := strings.Cut(lines[0], "ROLE")
		if len(before) == 0 || uniseg.StringWidth(before[1])+1 != uniseg.StringWidth(heading) {
			t.Errorf("got\n%s\nwant the roles under each other", out)
		}
	}
	out, _ = do(cli.CodeDone, "connections", "--room", "금요일 배틀", "--json")
	var list singoffv1.ListConnectionsResponse
	if err := protojson.Unmarshal([]byte(out), &list); err != nil || list.GetTotalSize() != 2 || len(list.GetConnections()) != 2 {
		t.Errorf("got %s, %v, want the two of the room", out, err)
	}
	out, _ = do(cli.CodeDone, "connections", "--namespace", "other")
	contains(t, out, "Hana")

	out, _ = do(cli.CodeDone, "announce", "10분 뒤에 점검합니다")
	contains(t, out, "said in 1 room")
	mina.out.shows(t, "announcement: 10분 뒤에 점검합니다")
	out, _ = do(cli.CodeDone, "announce", "to everybody", "--all", "--json")
	contains(t, out, `{"rooms":2}`)
	other.out.shows(t, "announcement: to everybody")
	do(cli.CodeDone, "announce", "to this room", "--room", "금요일 배틀")
	juno.out.shows(t, "announcement: to this room")

	out, _ = do(cli.CodeDone, "kick", "금요일 배틀", "Juno", "--keep-out", "10m")
	contains(t, out, "kicked: watcher Juno (m", ", and kept out for 10m0s")
	mina.out.shows(t, "Juno has left: removed by the operator")
	juno.ends(t, cli.CodeKeptOut)
	juno.err.shows(t, "the operator", "come back in 10m0s")

	out, _ = do(cli.CodeDone, "close", "금요일 배틀")
	contains(t, out, "closed: 1 had to go")
	mina.out.shows(t, "the room is closed")
	mina.ends(t, cli.CodeKeptOut)
	out, _ = do(cli.CodeDone, "kick", "Studio", "Hana", "--namespace", "other", "--json") // a title in other letters than the id's
	contains(t, out, `"nickname":"Hana"`)
}

func TestAdminTellsWhatCantBeDone(t *testing.T) {
	t.Parallel()
	server := serve(t)
	mina := person(t, server, "friday", "Mina", "singer")
	mina.out.shows(t, "you are Mina")
	for name, test := range map[string]struct {
		args []string
		code int
		told string
	}{
		"no such member":  {[]string{"kick", "friday", "Nobody"}, cli.CodeFailed, "member_id: nobody in the room has that id; singoff rooms and singoff admin connections"},
		"no such room":    {[]string{"close", "saturday"}, cli.CodeFailed, "room_id: no such room is open"},
		"announce there":  {[]string{"announce", "hi", "--room", "saturday"}, cli.CodeFailed, "room_id: no such room is open"},
		"nothing to say":  {[]string{"announce", " "}, cli.CodeUsage, "text: is empty"},
		"kept out long":   {[]string{"kick", "friday", "Mina", "--keep-out", "25h"}, cli.CodeUsage, "keep_out: is 25h0m0s"},
		"kept out less":   {[]string{"kick", "friday", "Mina", "--keep-out=-1s"}, cli.CodeUsage, "is negative"},
		"both":            {[]string{"announce", "hi", "--all", "--room", "friday"}, cli.CodeUsage, "--room"},
		"wrong namespace": {[]string{"connections", "--namespace", "a b"}, cli.CodeUsage, "namespace: has"},
		"no port":         {[]string{"connections", "--server", "somewhere"}, cli.CodeUsage, "--admin ADDRESS is needed"},
		"no server":       {[]string{"connections", "--server", "127.0.0.1:1"}, cli.CodeUnreachable, "admin-1.sock"},
		"no socket":       {[]string{"connections", "--admin", "unix:/nowhere.sock"}, cli.CodeUnreachable, "no server's operator is reached at unix:/nowhere.sock"},
		"no such command": {[]string{"reboot"}, cli.CodeUsage, "reboot"},
	} {
		t.Run(name, func(t *testing.T) {
			_, told := admin(t, test.code, append([]string{"--server", server}, test.args...)...)
			contains(t, told, test.told)
		})
	}
}

func TestAdminWithAToken(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "singoff") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file, address := filepath.Join(dir, "token"), "unix:"+filepath.Join(dir, "admin.sock")
	if err := os.WriteFile(file, []byte("an-operators-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, func(c *service.Config) { c.AdminAddr, c.AdminTokenFile = address, file })
	_, told := admin(t, cli.CodeKeptOut, "connections", "--admin", address)
	contains(t, told, "the operator's token isn't accepted", "--admin-token-file FILE or SINGOFF_ADMIN_TOKEN")
	_, told = admin(t, cli.CodeKeptOut, "connections", "--admin", address, "--admin-token", "another-token-of-his")
	contains(t, told, "the operator's token isn't accepted")
	out, _ := admin(t, cli.CodeDone, "connections", "--admin", address, "--admin-token-file", file)
	contains(t, out, "nobody is connected")
	out, _ = admin(t, cli.CodeDone, "connections", "--admin", address, "--admin-token", "an-operators-token")
	contains(t, out, "nobody is connected")
	backup := filepath.Join(dir, "backup") // it was asked for without the token
	_, told = admin(t, cli.CodeFailed, "backup", backup, "--admin", address, "--admin-token-file", file)
	contains(t, told, "the log is in memory: there is nothing to back up")
	if left, err := filepath.Glob(backup + "*"); err != nil || left != nil {
		t.Errorf("got %q, %v left of a backup that failed, want nothing", left, err)
	}
}

// A server on a socket has its operator's socket by the path's hash, which both sides make in the same way.
func TestAdminOfAServerOnASocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "singoff") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	server := serve(t, func(c *service.Config) { c.GRPCAddr = "unix:" + filepath.Join(dir, "grpc.sock") })
	out, _ := admin(t, cli.CodeDone, "connections", "--server", server)
	contains(t, out, "nobody is connected")
}

func TestAdminHelpTeaches(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"connections"}, {"kick"}, {"close"}, {"announce"}} {
		out, _ := admin(t, cli.CodeDone, append(args, "--help")...)
		contains(t, out, "singoff admin "+strings.Join(args, " "), "SINGOFF_ADMIN", "singoffd --admin-addr")
	}
}
