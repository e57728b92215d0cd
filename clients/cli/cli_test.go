package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/clients/cli"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/test/stage"
)

// asProgram makes the test's own binary the program, so that a test can kill it.
const asProgram = "SINGOFF_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		cfg := cli.Config{Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Version: "test"}
		os.Exit(cli.Main(context.Background(), cfg))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) // grpc-web's wrapper starts a timer for ever when it is loaded
}

// serve starts a server for a test and gives the address of its gRPC port.
func serve(t *testing.T, change ...func(*service.Config)) string {
	t.Helper()
	return serveBoth(t, change...).GRPC
}

// serveBoth starts a server for a test and gives its addresses.
func serveBoth(t *testing.T, change ...func(*service.Config)) service.Addrs {
	t.Helper()
	usual := func(cfg *service.Config) { cfg.AdminAddr, cfg.DrainTime = service.AdminAuto, time.Second }
	return stage.Serve(t, append([]func(*service.Config){usual}, change...)...)
}

// program is a run of cli.Main.
type program struct {
	in        *io.PipeWriter
	out, err  *screen
	interrupt context.CancelFunc
	code      int           // once done
	done      chan struct{} // closed at the end
}

// screen is an output that can be watched.
type screen struct {
	mu      sync.Mutex // of text and changed
	text    bytes.Buffer
	changed chan struct{}
}

func newScreen() *screen { return &screen{changed: make(chan struct{})} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.text.Write(b)
}

func (s *screen) read() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), s.changed
}

// patience is for what must happen; nothing is measured by it.
const patience = 20 * time.Second

// shows waits until all texts are there.
func (s *screen) shows(t *testing.T, texts ...string) {
	t.Helper()
	giveUp := time.After(patience)
	for _, want := range texts {
		for {
			got, changed := s.read()
			if strings.Contains(got, want) {
				break
			}
			select {
			case <-changed:
			case <-giveUp:
				t.Fatalf("got\n%s\nwant %q in it", got, want)
			}
		}
	}
}

// start runs the program.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	in, typed := io.Pipe()
	ctx, interrupt := context.WithCancel(context.Background())
	p := &program{in: typed, out: newScreen(), err: newScreen(), interrupt: interrupt, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.code = cli.Main(ctx, cli.Config{Args: args, In: in, Out: p.out, Err: p.err, Version: "test"})
	}()
	t.Cleanup(func() {
		interrupt()
		typed.Close()
		<-p.done
	})
	return p
}

// types gives the program a line.
func (p *program) types(t *testing.T, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if _, err := io.WriteString(p.in, l+"\n"); err != nil {
			t.Fatalf("typing %q: %v", l, err)
		}
	}
}

// ends waits for the end and compares the exit code.
func (p *program) ends(t *testing.T, want int) {
	t.Helper()
	select {
	case <-p.done:
		if got := p.code; got != want {
			out, _ := p.out.read()
			told, _ := p.err.read()
			t.Fatalf("got exit code %d, want %d; out:\n%s\nerr:\n%s", got, want, out, told)
		}
	case <-time.After(patience):
		out, _ := p.out.read()
		t.Fatalf("the program doesn't end; out:\n%s", out)
	}
}

// person joins a room as somebody with a state directory of their own.
func person(t *testing.T, server, room, nick, role string, more ...string) *program {
	t.Helper()
	args := []string{"join", room, "--server", server, "--nick", nick, "--role", role, "--state-dir", t.TempDir()}
	return start(t, append(args, more...)...)
}
