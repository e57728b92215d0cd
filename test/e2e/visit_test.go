package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/test/stage"
)

// manner is how a client behaves.
type manner string

const (
	// sdk is the Go SDK: it promises a Ping every 3 s.
	sdk manner = "sdk"
	// bare reads, and neither promises nor says anything: that it lives the transport tells, if it does.
	bare manner = "bare"
	// hidden is a page in the background, whose timers hardly run: it only answers what arrives. Over fetch it promises to.
	hidden manner = "hidden page"
	// promising keeps the promise of the SDK, and unlike it never gives the server up.
	promising manner = "promising"
)

// visit is one client: who it is, how it behaves, and which way it goes.
type visit struct {
	Manner   manner
	Way      transport.Kind
	Addr     string
	Room     string
	Nickname string
	// After is how long it waits before it comes.
	After time.Duration
}

// crowd is one client of every manner by every way, whose nicknames tell both.
func crowd(d *daemon, room string, manners ...manner) (visits []visit) {
	for _, way := range stage.Ways {
		for _, m := range manners {
			if m == hidden && way == transport.KindNative {
				continue // no page goes that way
			}
			visits = append(visits, d.visit(room, m, way))
		}
	}
	return visits
}

func (d *daemon) visit(room string, m manner, way transport.Kind) visit {
	addr := d.http
	if way == transport.KindNative {
		addr = d.grpc
	}
	return visit{Manner: m, Way: way, Addr: addr, Room: room, Nickname: fmt.Sprintf("%s %s", way, m)}
}

// patient are the visits that never give the server up. One of the SDK does when it hears nothing for 8 s, and any that sends over fetch when a Send has
// no answer.
func patient(visits []visit) []visit {
	return slices.DeleteFunc(visits, func(v visit) bool {
		return v.Manner == sdk || v.Manner != bare && v.Way == transport.KindFetch
	})
}

// visitor is a client that has joined.
type visitor struct {
	memberID string
	loops    sync.WaitGroup
	closers  []func() error
}

// leave breaks the connection.
func (v *visitor) leave() {
	for _, f := range v.closers {
		_ = f() // it may be broken already
	}
	v.loops.Wait()
}

// join joins, and reads from then on whatever comes.
func (v visit) join(ctx context.Context, options ...singoff.Option) (*visitor, error) {
	select {
	case <-time.After(v.After):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	in := &visitor{}
	err := v.enter(ctx, in, options)
	if err != nil {
		in.leave()
		return nil, fmt.Errorf("%s: %w", v.Nickname, err)
	}
	return in, nil
}

func (v visit) enter(ctx context.Context, in *visitor, options []singoff.Option) error {
	if v.Manner != sdk {
		return v.enterBare(ctx, in, options)
	}
	client, err := stage.Dial(v.Addr, v.Way, options...)
	if err != nil {
		return err
	}
	in.closers = append(in.closers, client.Close)
	room, err := client.Join(ctx, singoff.JoinOptions{RoomID: v.Room, Nickname: v.Nickname})
	if err != nil {
		return err
	}
	in.memberID = room.Self().GetMemberId()
	in.loops.Go(func() {
		for range room.Events() {
		}
	})
	return nil
}

func (v visit) enterBare(ctx context.Context, in *visitor, options []singoff.Option) error {
	addr := v.Addr
	if v.Way != transport.KindNative {
		addr = "http://" + addr
	}
	carrier, err := singoff.OpenTransport(addr, append(options, singoff.WithTransport(v.Way))...)
	if err != nil {
		return err
	}
	in.closers = append(in.closers, carrier.Close)
	stream, err := carrier.Join(ctx)
	if err != nil {
		return err
	}
	hello := &singoffv1.Hello{RoomId: v.Room, Nickname: v.Nickname}
	if v.Manner == promising || v.Manner == hidden && v.Way == transport.KindFetch {
		hello.PingInterval = durationpb.New(3 * time.Second)
	}
	if err := stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}}); err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if len(first.GetEvents()) == 0 || first.GetEvents()[0].GetWelcome() == nil {
		return fmt.Errorf("got %v, want a Welcome", first)
	}
	in.memberID = first.GetEvents()[0].GetWelcome().GetSelf().GetMemberId()
	in.loops.Go(func() { v.readLoop(stream) })
	if v.Manner == promising {
		ctx, cancel := context.WithCancel(context.Background())
		in.closers = append(in.closers, func() error { cancel(); return nil })
		in.loops.Go(func() { pingLoop(ctx, stream) })
	}
	return nil
}

// pingLoop keeps a promise to say something every 3 s.
func pingLoop(ctx context.Context, stream transport.Stream) {
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if stream.Send(ping()) != nil {
				return
			}
		}
	}
}

// readLoop reads to the end. A hidden page answers each sign of life.
func (v visit) readLoop(stream transport.Stream) {
	for {
		response, err := stream.Recv()
		if err != nil {
			return
		}
		if v.Manner == hidden && len(response.GetEvents()) == 0 && stream.Send(ping()) != nil {
			return
		}
	}
}

// joinAll lets all come at once, and gives their member ids by nickname. They leave when the test ends.
func joinAll(t *testing.T, visits []visit, options ...singoff.Option) map[string]string {
	t.Helper()
	ids := map[string]string{}
	var mu sync.Mutex // of ids
	var joining sync.WaitGroup
	for _, v := range visits {
		joining.Go(func() {
			in, err := v.join(context.WithoutCancel(t.Context()), options...)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(in.leave)
			mu.Lock()
			defer mu.Unlock()
			ids[v.Nickname] = in.memberID
		})
	}
	joining.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return ids
}

// visitsEnv has the visits of a process that is nothing but clients: this program, started again.
const visitsEnv = "SINGOFF_E2E_VISITS"

// serveVisits is such a process's main: it says so when all have joined, and lives until its input ends.
func serveVisits(text string) error {
	var visits []visit
	if err := json.Unmarshal([]byte(text), &visits); err != nil {
		return err
	}
	joined := make(chan error, len(visits))
	for _, v := range visits {
		go func() {
			_, err := v.join(context.Background())
			joined <- err
		}()
	}
	for range visits {
		if err := <-joined; err != nil {
			return err
		}
	}
	fmt.Println("joined")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// program is a running client of whatever kind.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// visitIn starts a process with all these clients, and waits until they have joined.
func visitIn(t *testing.T, visits []visit) *program {
	t.Helper()
	text, err := json.Marshal(visits)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), visitsEnv+"="+string(text))
	p := startProgram(t, cmd)
	if !p.lines.Scan() || p.lines.Text() != "joined" {
		t.Fatalf("the clients said %q, %v instead of having joined", p.lines.Text(), p.lines.Err())
	}
	return p
}

// startProgram starts a program that ends with the test.
func startProgram(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(func() {
		cmd.Process.Kill()
		in.Close()
		cmd.Wait()
	})
	return p
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}
