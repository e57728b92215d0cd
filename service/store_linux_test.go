package service_test

import (
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/test/mounted"
)

// sayer is somebody in a room of a server whose log is on a file system of its own.
type sayer struct {
	server  func(path string) (int, string)
	client  *singoff.Client
	room    *singoff.Room
	changed changes
}

func sayerOn(t *testing.T, dir, nickname string) *sayer {
	t.Helper()
	cfg := kept(&lines{}, dir)
	p := &sayer{changed: make(changes, 1000)}
	cfg.Logger = zerolog.New(p.changed)
	s := run(t, cfg)
	p.server = func(path string) (int, string) { return fetched(t, s, path) }
	p.client = connect(t, s.Addrs(), transport.KindNative)
	var err error
	if p.room, err = p.client.Join(soon(t), singoff.JoinOptions{RoomID: "friday", Nickname: nickname, EventBuffer: -1}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.room.Say(soon(t), "before"); err != nil {
		t.Fatal(err)
	}
	if code, text := p.server("/readyz"); code != http.StatusOK {
		t.Fatalf("got %d %q, want it ready", code, text)
	}
	return p
}

// says what isn't kept, or not at once, and gives what becomes of it. It waits until the server says by itself that it isn't ready, and why.
func (p *sayer) says(t *testing.T, text string) (answer <-chan error) {
	t.Helper()
	ctx, answered := soon(t), make(chan error, 1)
	go func() {
		_, err := p.room.Say(ctx, text)
		answered <- err
	}()
	p.changed.await(t, "not ready")
	if code, text := p.server("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "the log refuses or doesn't answer: ") ||
		!strings.Contains(text, "disk I/O error") {
		t.Errorf("got %d %q, want it not ready, and why", code, text)
	}
	if code, text := p.server("/healthz"); code != http.StatusOK {
		t.Errorf("got %d %q of /healthz, want it alive: to be started anew wouldn't help", code, text)
	}
	return answered
}

// remembers expects what somebody said before in the room's history, and not what couldn't be kept.
func (p *sayer) remembers(t *testing.T, nickname string) {
	t.Helper()
	history, err := p.client.ListEvents(soon(t), nil, &singoffv1.ListEventsRequest{RoomId: "friday"})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range history.GetEvents() {
		if chat := e.GetChatMessage(); chat.GetNickname() == nickname {
			said = append(said, chat.GetText())
		}
	}
	if !slices.Equal(said, []string{"before"}) {
		t.Errorf("got %q said by %s, want what was answered", said, nickname)
	}
}

// The log's files can't be written for a while: /readyz says so and why, and that it is over, with nobody asking for anything meanwhile.
func TestReadinessWhereFilesCannotBeWritten(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	dir := mounted.Dir(t, "-o", "loop", mounted.Ext4(t))
	p := sayerOn(t, dir, "Mina")
	file := filepath.Join(dir, sqlitelog.FileName)
	thaw := mounted.Freeze(t, file, file+"-wal")
	answer := p.says(t, "meanwhile")
	thaw()
	p.changed.await(t, "ready again")
	if code, text := p.server("/readyz"); code != http.StatusOK {
		t.Errorf("got %d %q, want it ready again", code, text)
	}
	if err := <-answer; err != nil && !refusedCommand(err) {
		t.Errorf("got %v, want what was said meanwhile kept or refused", err)
	}
	if _, err := p.room.Say(soon(t), "after"); err != nil {
		t.Errorf("got %v, want it kept", err)
	}
}

func refusedCommand(err error) bool {
	_, refused := errors.AsType[*singoff.RejectedError](err)
	return refused
}

// The kernel makes the file system read-only, as it does after errors of the disk: /readyz says so for as long as that lasts, those who read go on, and on the
// repaired file system a server is ready, with what was said before.
func TestReadinessWhereTheFileSystemIsReadOnly(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	disk := mounted.Ext4(t)
	t.Run("life", func(t *testing.T) {
		dir := mounted.Dir(t, "-o", "loop", disk)
		p := sayerOn(t, dir, "Mina")
		mounted.Run(t, "mount", "-o", "remount,abort", dir)
		p.says(t, "never")
		p.remembers(t, "Mina")
	})
	t.Run("after", func(t *testing.T) {
		_ = exec.Command("e2fsck", "-p", disk).Run() // says by its code that there was something to repair
		sayerOn(t, mounted.Dir(t, "-o", "loop", disk), "Jun").remembers(t, "Mina")
	})
}
