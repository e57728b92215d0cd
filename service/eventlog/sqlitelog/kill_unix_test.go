//go:build unix

package sqlitelog_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// childDir tells a process of this test that it is the one to be killed.
const childDir = "SINGOFF_TEST_LOG_DIR"

// childSync tells it when to answer.
const childSync = "SINGOFF_TEST_LOG_SYNC"

const childRooms = 8

func childKey(i int) eventlog.Key {
	return eventlog.Key{Namespace: "default", Room: fmt.Sprint("r", i)}
}

func childBatch(room int, seq uint64) (id eventlog.BatchID) {
	binary.BigEndian.PutUint64(id[:8], uint64(room)+1)
	binary.BigEndian.PutUint64(id[8:], seq)
	return id
}

// TestChild appends to some rooms until it is killed, and says of each entry that it was answered.
func TestChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Log("nothing to do here: it is what TestKilled starts")
		return
	}
	log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir, Sync: sqlitelog.Sync(os.Getenv(childSync)), ReserveBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("open")
	for i := range childRooms {
		go appendForEver(t, log, i)
	}
	select {}
}

func appendForEver(t *testing.T, log *sqlitelog.Log, room int) {
	head, err := log.Open(t.Context(), childKey(room))
	if err != nil {
		panic(err)
	}
	for at := head.Position; ; {
		seq := uint64(at) + 1
		entry := eventlog.Entry{Batch: childBatch(room, seq), FirstSeq: seq, Count: 1, Data: fmt.Append(nil, "entry ", seq)}
		if at, err = log.Append(t.Context(), childKey(room), at, entry); err != nil {
			panic(err)
		}
		fmt.Println(room, seq)
		if seq%50 == 0 {
			if err := log.StoreSnapshot(t.Context(), childKey(room), eventlog.Snapshot{Position: at, Seq: seq}); err != nil {
				panic(err)
			}
		}
	}
}

// child is a process that appends, and how far it said it has come.
type child struct {
	t        *testing.T
	cmd      *exec.Cmd
	lines    *bufio.Scanner
	answered [childRooms]uint64
}

func startChild(t *testing.T, dir string, env ...string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChild$", "-test.v")
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, lines: bufio.NewScanner(out)}
	for c.lines.Scan() {
		if c.lines.Text() == "open" {
			return c
		}
	}
	t.Fatalf("the child ended: %v", cmd.Wait())
	return nil
}

// read takes what the child says, n lines or all.
func (c *child) read(n int) {
	for ; n != 0 && c.lines.Scan(); n-- {
		var room int
		var seq uint64
		if _, err := fmt.Sscan(c.lines.Text(), &room, &seq); err != nil {
			if strings.Contains(c.lines.Text(), "panic") {
				c.t.Errorf("the child says %q", c.lines.Text())
			}
			continue // the last line may be cut
		}
		c.answered[room] = max(c.answered[room], seq)
	}
}

func (c *child) signal(s syscall.Signal) {
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) kill() {
	c.signal(syscall.SIGKILL)
	c.read(-1)
	_ = c.cmd.Wait() // it was killed
}

// What was answered before a SIGKILL is there, once and in order, at most with one entry more of each room.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var answered [childRooms]uint64
	for round := range 5 {
		c := startChild(t, dir)
		c.answered = answered
		c.read(200 + 137*round)
		c.kill()
		answered = c.answered
		checkAnswered(t, dir, answered)
	}
}

func checkAnswered(t *testing.T, dir string, answered [childRooms]uint64) {
	t.Helper()
	log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for room, want := range answered {
		next := uint64(1)
		for stored, err := range log.Read(t.Context(), childKey(room), 1) {
			if err != nil || stored.FirstSeq != next || stored.Batch != childBatch(room, next) || string(stored.Data) != fmt.Sprint("entry ", next) {
				t.Fatalf("room %d: got %+v, %v, want entry %d", room, stored, err, next)
			}
			next++
		}
		if got := next - 1; got != want && got != want+1 {
			t.Errorf("room %d: got %d entries, want the %d that were answered, or one more", room, got, want)
		}
	}
	if err := log.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// A process that is stopped has the folder still; nobody else can write meanwhile, and it goes on where it was.
func TestStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChild(t, dir)
	c.read(100)
	c.signal(syscall.SIGSTOP)
	if _, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir}); !errors.Is(err, sqlitelog.ErrInUse) {
		t.Errorf("got %v, want ErrInUse while the process that has the folder is stopped", err)
	}
	c.signal(syscall.SIGCONT)
	c.read(500)
	c.kill()
	checkAnswered(t, dir, c.answered)
}
