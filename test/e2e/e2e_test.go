// Package e2e starts the real programs on ports of their own choice and looks at them from outside, over real connections.
package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// patience is how long anything may take that has no time of its own: generous, since the machine may be busy.
const patience = 30 * time.Second

// bin is the folder with the programs, built once for all tests.
var bin string

// atOnce is how many tests run at one time: they wait for time-outs most of the time.
const atOnce = "24"

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", atOnce)
	if visits := os.Getenv(visitsEnv); visits != "" {
		if err := serveVisits(visits); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "singoff-e2e-")
	if err == nil {
		bin = dir
		err = build("./cmd/singoffd", "./cmd/singoff", "github.com/fullstorydev/grpcurl/cmd/grpcurl")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The timers that the grpc-web wrapper is linked with run from the start of the process to its end.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/desertbit/timer.timerRoutine"), goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

func build(packages ...string) error {
	args := append([]string{"build", "-tags", "grpcnotrace,disable_grpc_modules", "-o", bin + "/"}, packages...)
	cmd := exec.Command("go", args...)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// daemon is a running singoffd.
type daemon struct {
	t    *testing.T
	cmd  *exec.Cmd
	grpc string
	http string

	mu    sync.Mutex
	lines []map[string]any // of its log
	grown chan struct{}    // closed when lines have grown

	read   chan struct{} // its log is read to the end
	exited bool
}

// starting has an element for each server that is being started: many at once would make a small machine busy with nothing else.
var starting = make(chan struct{}, 3)

// start runs singoffd on free ports and waits until it serves.
func start(t *testing.T, args ...string) *daemon {
	t.Helper()
	starting <- struct{}{}
	defer func() { <-starting }()
	d := &daemon{t: t, grown: make(chan struct{}), read: make(chan struct{})}
	d.cmd = exec.Command(filepath.Join(bin, "singoffd"), append([]string{"--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"}, args...)...)
	d.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1")
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go d.logLoop(stderr)
	t.Cleanup(d.kill)
	serving := d.await("serving")
	d.grpc, d.http = serving["grpc_addr"].(string), serving["http_addr"].(string)
	return d
}

// logLoop collects the log's lines until the process ends.
func (d *daemon) logLoop(r io.Reader) {
	defer close(d.read)
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := map[string]any{}
		if json.Unmarshal(scanner.Bytes(), &line) != nil {
			line = map[string]any{"message": scanner.Text(), "level": "raw"}
		}
		d.mu.Lock()
		d.lines = append(d.lines, line)
		close(d.grown)
		d.grown = make(chan struct{})
		d.mu.Unlock()
	}
}

// await waits for a line of the log with the message.
func (d *daemon) await(message string) map[string]any {
	d.t.Helper()
	deadline := time.After(patience)
	for seen := 0; ; {
		d.mu.Lock()
		lines, grown := d.lines, d.grown
		d.mu.Unlock()
		for ; seen < len(lines); seen++ {
			if lines[seen]["message"] == message {
				return lines[seen]
			}
		}
		select {
		case <-grown:
		case <-d.read:
			d.t.Fatalf("singoffd ended without the line %q; it said %v", message, lines)
		case <-deadline:
			d.t.Fatalf("got no line %q within %v; singoffd said %v", message, patience, lines)
		}
	}
}

// log is what was said at the level.
func (d *daemon) log(level string) (lines []map[string]any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, line := range d.lines {
		if line["level"] == level {
			lines = append(lines, line)
		}
	}
	return lines
}

func (d *daemon) signal(s syscall.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

// wait waits for the end of the process.
func (d *daemon) wait() *os.ProcessState {
	d.t.Helper()
	select {
	case <-d.read:
	case <-time.After(patience):
		d.t.Fatalf("singoffd still runs after %v", patience)
	}
	d.cmd.Wait()
	d.exited = true
	return d.cmd.ProcessState
}

func (d *daemon) kill() {
	if d.exited {
		return
	}
	d.cmd.Process.Kill()
	<-d.read
	d.cmd.Wait()
	for _, line := range append(d.log("raw"), d.log("error")...) {
		d.t.Errorf("singoffd said: %v", line)
	}
}

// dial connects to a daemon.
func dial(t *testing.T, addr string, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	opts = append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStaticStreamWindowSize(64 << 10), grpc.WithStaticConnWindowSize(1 << 20),
	}, opts...)
	conn, err := grpc.NewClient(addr, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// member is a joined client.
type member struct {
	t       *testing.T
	stream  singoffv1.RoomService_JoinClient
	welcome *singoffv1.Welcome
	pending []*singoffv1.Event // received, not yet read
	read    []*singoffv1.Event
	number  uint64
}

// join joins and reads the Welcome.
func join(t *testing.T, conn grpc.ClientConnInterface, hello *singoffv1.Hello) *member {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	t.Cleanup(cancel)
	stream, err := singoffv1.NewRoomServiceClient(conn).Join(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := &member{t: t, stream: stream}
	m.send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}})
	ev, err := m.next()
	if m.welcome = ev.GetWelcome(); m.welcome == nil {
		t.Fatalf("got %v, %v, want a Welcome", ev, err)
	}
	return m
}

func (m *member) send(req *singoffv1.JoinRequest) {
	m.t.Helper()
	if err := m.stream.Send(req); err != nil {
		m.t.Fatal(err)
	}
}

func (m *member) say(text string) {
	m.t.Helper()
	m.number++
	m.send(&singoffv1.JoinRequest{Number: m.number, Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}})
}

// next is the next event, or the stream's end.
func (m *member) next() (*singoffv1.Event, error) {
	for len(m.pending) == 0 {
		resp, err := m.stream.Recv()
		if err != nil {
			return nil, err
		}
		m.pending = resp.GetEvents()
	}
	ev := m.pending[0]
	m.pending = m.pending[1:]
	m.read = append(m.read, ev)
	return ev, nil
}

// until is the next event that is wanted.
func (m *member) until(what string, wanted func(*singoffv1.Event) bool) *singoffv1.Event {
	m.t.Helper()
	for {
		ev, err := m.next()
		if err != nil {
			m.t.Fatalf("got %v, want %s", err, what)
		}
		if wanted(ev) {
			return ev
		}
	}
}

func singer(nickname string) *singoffv1.Hello {
	return &singoffv1.Hello{RoomId: "battle", Nickname: nickname, Role: singoffv1.Role_ROLE_SINGER}
}

func watcher(nickname string) *singoffv1.Hello {
	return &singoffv1.Hello{RoomId: "battle", Nickname: nickname}
}

// away wants the event that a member is AWAY.
func away(id string) func(*singoffv1.Event) bool {
	return func(ev *singoffv1.Event) bool {
		p := ev.GetPresence()
		return p.GetChange() == singoffv1.Presence_CHANGE_AWAY && p.GetMember().GetMemberId() == id
	}
}
