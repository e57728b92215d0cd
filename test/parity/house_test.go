// Package parity runs every behaviour of the prototypes that singoff replaces, and each of their bugs, over each way in.
// docs/parity.md is the table of them; a test here reads it and looks that each row's test is there.
package parity

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/test/stage"
)

// grpc-web's wrapper starts a timer for ever when it is loaded: hence IgnoreCurrent.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// patience is how long anything may take that has no time of its own: generous, since the machine may be busy.
const patience = 60 * time.Second

const (
	singer   = singoffv1.Role_ROLE_SINGER
	watcher  = singoffv1.Role_ROLE_WATCHER
	observer = singoffv1.Role_ROLE_OBSERVER
)

// house is a server, and one way into it.
type house struct {
	*testing.T
	way   transport.Kind
	addrs service.Addrs
	admin singoffv1.AdminServiceClient
	log   *lines
	relay *relay
}

// overEachWay runs a test against a server of its own over each way in.
func overEachWay(t *testing.T, test func(h *house), change ...func(*service.Config)) {
	t.Helper()
	t.Parallel()
	for _, way := range stage.Ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			test(newHouse(t, way, change...))
		})
	}
}

func newHouse(t *testing.T, way transport.Kind, change ...func(*service.Config)) *house {
	t.Helper()
	h := &house{T: t, way: way, log: &lines{newGrowing[map[string]any]()}}
	socket := filepath.Join(t.TempDir(), "admin")
	h.addrs = stage.Serve(t, append([]func(*service.Config){func(cfg *service.Config) {
		cfg.AdminAddr, cfg.Logger = "unix:"+socket, zerolog.New(h.log)
	}}, change...)...)
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	h.admin = singoffv1.NewAdminServiceClient(conn)
	h.relay = newRelay(t, h.target())
	return h
}

// target is the port that the way leads to.
func (h *house) target() string { return stage.Target(h.addrs, h.way) }

// dial makes a client, whose connections go through the relay.
func (h *house) dial(options ...singoff.Option) *singoff.Client {
	h.Helper()
	client, err := h.dialTo(h.relay.address(), options...)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		if err := client.Close(); err != nil {
			h.Errorf("Close: %v", err)
		}
	})
	return client
}

func (h *house) dialTo(addr string, options ...singoff.Option) (*singoff.Client, error) {
	return stage.Dial(addr, h.way, options...)
}

// stream opens a bare stream by the way, which does nothing by itself.
func (h *house) stream() transport.Stream {
	h.Helper()
	way, err := stage.Carry(h.target(), h.way)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { way.Close() })
	stream, err := way.Join(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	return stream
}

// guest is somebody in a room, and what was told there.
type guest struct {
	*singoff.Room
	h      *house
	name   string
	loop   sync.WaitGroup
	states *growing[singoff.ConnectionState] // that its connection went through
	events *growing[*singoffv1.Event]
}

const battle = "battle"

// enter joins the battle with a client of one's own.
func (h *house) enter(nickname string, role singoffv1.Role) *guest {
	h.Helper()
	return h.join(h.dial(), singoff.JoinOptions{RoomID: battle, Nickname: nickname, Role: role})
}

func (h *house) join(client *singoff.Client, options singoff.JoinOptions) *guest {
	h.Helper()
	g, err := h.try(client, options)
	if err != nil {
		h.Fatalf("%s can't join: %v", options.Nickname, err)
	}
	return g
}

func (h *house) try(client *singoff.Client, options singoff.JoinOptions) (*guest, error) {
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	defer cancel()
	g := &guest{h: h, name: options.Nickname, states: newGrowing[singoff.ConnectionState](), events: newGrowing[*singoffv1.Event]()}
	options.OnConnection = func(state singoff.ConnectionState) { g.states.add(state) }
	room, err := client.Join(ctx, options)
	if err != nil {
		return nil, err
	}
	g.Room = room
	g.loop.Go(g.eventLoop)
	h.Cleanup(func() { _ = g.Close(); g.loop.Wait() })
	return g, nil
}

func (g *guest) eventLoop() {
	for event := range g.Events() {
		if event != nil {
			g.events.add(event)
		}
	}
}

func (g *guest) heard() []*singoffv1.Event {
	events, _ := g.events.now()
	return events
}

// await gives the first event, of all that came and will come, that is right.
func (g *guest) await(what string, right func(*singoffv1.Event) bool) *singoffv1.Event {
	g.h.Helper()
	return g.events.await(g.h.T, what+" for "+g.name, right)
}

func (g *guest) id() string { return g.Self().GetMemberId() }

// says says something and waits for the answer.
func (g *guest) says(text string) *singoffv1.Event {
	g.h.Helper()
	return g.must(g.Say(g.h.Context(), text))
}

// must gives a command's answer.
func (g *guest) must(answer *singoffv1.Event, err error) *singoffv1.Event {
	g.h.Helper()
	if err != nil {
		g.h.Fatalf("%s: %v", g.name, err)
	}
	return answer
}

// caughtUp waits until all have heard everything that was said before: a line by who comes last.
func (h *house) caughtUp(who *guest, all ...*guest) {
	h.Helper()
	last := who.says("that was all")
	for _, g := range append(all, who) {
		g.await("the last line", func(e *singoffv1.Event) bool { return e.GetSeq() == last.GetSeq() })
	}
}

func texts(events []*singoffv1.Event) (texts []string) {
	for _, e := range events {
		if chat := e.GetChatMessage(); chat != nil {
			texts = append(texts, chat.GetText())
		}
	}
	return texts
}

func presence(change singoffv1.Presence_Change, memberID string) func(*singoffv1.Event) bool {
	return func(e *singoffv1.Event) bool {
		return e.GetPresence().GetChange() == change && e.GetPresence().GetMember().GetMemberId() == memberID
	}
}

// lines is the server's log.
type lines struct{ *growing[map[string]any] }

func (l *lines) Write(p []byte) (int, error) {
	line := map[string]any{}
	if err := json.Unmarshal(p, &line); err != nil {
		return 0, err
	}
	l.add(line)
	return len(p), nil
}

// relay is the network between clients and server: it can be cut, and refuse everybody.
type relay struct {
	listener net.Listener
	target   string
	loops    sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	refuse bool
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, target: target, conns: map[net.Conn]struct{}{}}
	r.loops.Go(r.acceptLoop)
	t.Cleanup(func() {
		listener.Close()
		r.cut(true)
		r.loops.Wait()
	})
	return r
}

func (r *relay) address() string { return r.listener.Addr().String() }

func (r *relay) acceptLoop() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.target)
		if err != nil || !r.add(client, server) {
			client.Close()
			if server != nil {
				server.Close()
			}
			continue
		}
		r.loops.Go(func() { r.carry(client, server) })
		r.loops.Go(func() { r.carry(server, client) })
	}
}

func (r *relay) add(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse {
		return false
	}
	for _, c := range conns {
		r.conns[c] = struct{}{}
	}
	return true
}

func (r *relay) carry(from, to net.Conn) {
	_, _ = io.Copy(to, from) // its end is the end of both
	from.Close()
	to.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, from)
}

// cut breaks all connections; refuse: new ones too, until it is called again.
func (r *relay) cut(refuse bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = refuse
	for c := range r.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	}
}
