package foreign_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// patience is how long anything may take: generous, since the machine may be busy.
const patience = 60 * time.Second

// guest is a running client of another make.
type guest struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	read chan struct{} // its output is read to the end

	mu     sync.Mutex
	events []*singoffv1.Event
	ended  *ending
	grown  chan struct{} // closed when there is more
	number uint64
}

// ending is the gRPC status a guest's stream ended with.
type ending struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// client is a program of this folder.
type client struct {
	program, script, address string
}

// enter starts a client, which says Hello.
func (c client) enter(t *testing.T, descriptors string, hello *singoffv1.Hello) *guest {
	t.Helper()
	g := &guest{t: t, name: c.script, cmd: exec.CommandContext(t.Context(), c.program, c.script, c.address, descriptors), read: make(chan struct{}), grown: make(chan struct{})}
	var err error
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs := &strings.Builder{}
	g.cmd.Stderr = errs
	g.cmd.Env = append(os.Environ(), "PYTHONUNBUFFERED=1")
	if err := g.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", c.program, err)
	}
	go g.readLoop(out)
	t.Cleanup(func() {
		g.kill()
		if t.Failed() && errs.Len() > 0 {
			t.Logf("%s says: %s", g.name, errs)
		}
	})
	g.send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}})
	return g
}

// readLoop collects what the client tells until it ends.
func (g *guest) readLoop(out io.Reader) {
	defer close(g.read)
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 4<<20)
	for scanner.Scan() {
		var line struct {
			Response json.RawMessage `json:"response"`
			Ended    *ending         `json:"ended"`
		}
		response := new(singoffv1.JoinResponse)
		err := json.Unmarshal(scanner.Bytes(), &line)
		if err == nil && line.Response != nil {
			err = protojson.Unmarshal(line.Response, response)
		}
		if err != nil {
			g.t.Errorf("%s: %v in %s", g.name, err, scanner.Bytes())
			return
		}
		g.mu.Lock()
		g.events = append(g.events, response.GetEvents()...)
		if line.Ended != nil {
			g.ended = line.Ended
		}
		close(g.grown)
		g.grown = make(chan struct{})
		g.mu.Unlock()
	}
}

// kill ends it without a goodbye.
func (g *guest) kill() {
	_ = g.cmd.Process.Kill()
	<-g.read
	_ = g.cmd.Wait() // it was killed, or has ended as it should: neither is news
}

func (g *guest) send(request *singoffv1.JoinRequest) {
	g.t.Helper()
	line, err := protojson.Marshal(request)
	if err == nil {
		_, err = g.in.Write(append(line, '\n'))
	}
	if err != nil {
		g.t.Fatalf("%s: %v", g.name, err)
	}
}

// ask sends a numbered command and gives its answer.
func (g *guest) ask(request *singoffv1.JoinRequest) *singoffv1.Event {
	g.t.Helper()
	g.number++
	request.Number = g.number
	g.send(request)
	return g.await("the answer", func(e *singoffv1.Event) bool { return e.GetNumber() == request.Number })
}

// await gives the first event, of all that came and will come, that is right.
func (g *guest) await(what string, right func(*singoffv1.Event) bool) *singoffv1.Event {
	g.t.Helper()
	deadline := time.After(patience)
	for {
		g.mu.Lock()
		events, ended, grown := g.events, g.ended, g.grown
		g.mu.Unlock()
		for _, e := range events {
			if right(e) {
				return e
			}
		}
		if ended != nil {
			g.t.Fatalf("%s ended with %+v before %s", g.name, *ended, what)
		}
		select {
		case <-grown:
		case <-g.read:
			g.t.Fatalf("%s has ended before %s", g.name, what)
		case <-deadline:
			g.t.Fatalf("%s: no sign of %s in %v", g.name, what, events)
		}
	}
}

// end waits for its stream's status.
func (g *guest) end() ending {
	g.t.Helper()
	select {
	case <-g.read:
	case <-time.After(patience):
		g.t.Fatalf("%s doesn't end", g.name)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended == nil {
		g.t.Fatalf("%s ended without a status", g.name)
	}
	return *g.ended
}

func (g *guest) welcome() *singoffv1.Welcome {
	g.t.Helper()
	return g.await("Welcome", func(e *singoffv1.Event) bool { return e.GetWelcome() != nil }).GetWelcome()
}

// story is what the room told it since its Welcome, by seq.
func (g *guest) story() map[uint64]*singoffv1.Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	story := map[uint64]*singoffv1.Event{}
	var last uint64
	for _, e := range g.events {
		seq := e.GetSeq()
		if seq == 0 {
			continue
		}
		if seq <= last {
			g.t.Errorf("%s: seq %d after %d", g.name, seq, last)
		}
		last = seq
		story[seq] = e
	}
	return story
}
