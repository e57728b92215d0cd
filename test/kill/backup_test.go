package kill

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/test/stage"
)

// An operator goes back to a backup: whoever had seen more is told that the log lost it, whoever hadn't resumes, and the restored log is sound.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	admin := "unix:" + filepath.Join(t.TempDir(), "admin.sock")
	s := &stage.Process{T: t, Programs: bin, Dir: t.TempDir(), Flags: []string{"--admin-addr", admin}}
	s.Start()
	defer func() { s.End(syscall.SIGKILL) }()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, err := singoff.Dial(s.Addrs.GRPC)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	seat, err := client.Join(ctx, singoff.JoinOptions{RoomID: "battle", Nickname: "Mina", Role: singoffv1.Role_ROLE_SINGER})
	if err != nil {
		t.Fatal(err)
	}
	defer seat.Close()
	say(ctx, t, seat, "before the backup")
	backup := filepath.Join(t.TempDir(), "friday.db")
	run(t, "singoff", "admin", "backup", backup, "--admin", admin)
	say(ctx, t, seat, "after the backup")

	s.End(syscall.SIGTERM)
	data, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(s.Dir, "singoff.db")
	for _, beside := range []string{"-wal", "-shm"} {
		os.Remove(db + beside)
	}
	if err := os.WriteFile(db, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "singoffd", "check", s.Dir); !strings.Contains(out, "sound") {
		t.Errorf("got %q, want the restored log to be sound", out)
	}
	s.Start()
	for ev, err := range seat.Events() {
		if err != nil {
			t.Fatal(err)
		}
		r := ev.GetWelcome().GetRecovery()
		if r.GetKind() != singoffv1.Recovery_KIND_SNAPSHOT {
			continue
		}
		if r.Cause != singoffv1.Recovery_CAUSE_LOG_LOST {
			t.Errorf("got %v, want that the log lost what was seen", r)
		}
		texts := chat(ev.GetWelcome().GetRecentChat())
		if texts != "before the backup" {
			t.Errorf("got chat %q, want what was said before the backup alone", texts)
		}
		return
	}
	t.Error("got no SNAPSHOT")
}

func chat(events []*singoffv1.Event) string {
	var texts []string
	for _, ev := range events {
		texts = append(texts, ev.GetChatMessage().GetText())
	}
	return strings.Join(texts, ", ")
}

func say(ctx context.Context, t *testing.T, seat *singoff.Room, text string) {
	t.Helper()
	if _, err := seat.Say(ctx, text); err != nil {
		t.Fatal(err)
	}
}

// run runs one of the programs, which has to end well, and gives what it said.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, program), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}
