package singoff_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
)

// waitFor waits until the connection is in a phase that a later attempt than `after` has reached.
func waitFor(t *testing.T, room *singoff.Room, phase singoff.Phase, after uint64) singoff.ConnectionState {
	t.Helper()
	for state := range room.Connections() {
		if state.Phase == phase && state.Attempt > after {
			return state
		}
	}
	t.Fatalf("the room ended while waiting for %v: %v", phase, room.Err())
	return singoff.ConnectionState{}
}

// nextWelcome takes events up to the next Welcome.
func nextWelcome(t *testing.T, room *singoff.Room) *singoffv1.Welcome {
	t.Helper()
	for event, err := range room.Events() {
		if err != nil {
			t.Fatalf("Events: %v", err)
		}
		if event.GetWelcome() != nil {
			return event.GetWelcome()
		}
	}
	t.Fatal("no Welcome")
	return nil
}

// A killed program comes back as itself, in its seat, with what it has missed.
func TestComesBackAsItself(t *testing.T) { eachWay(t, comesBackAsItself) }

func comesBackAsItself(t *testing.T, way transport.Kind) {
	addr := startServer(t, way)
	store := new(singoff.MemoryStore)
	mina := singoff.JoinOptions{Nickname: "Mina", Role: singer, Store: store}
	first := join(t, dial(t, way, addr), mina)
	juno := join(t, dial(t, way, addr), singoff.JoinOptions{Nickname: "Juno", Role: singer, EventBuffer: -1})
	nextWelcome(t, first)
	member := first.Self()
	if err := first.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for _, text := range []string{"where", "are", "you?"} {
		if _, err := juno.Say(t.Context(), text); err != nil {
			t.Fatalf("Say: %v", err)
		}
	}
	second := join(t, dial(t, way, addr), mina)
	if got := second.Self(); got.GetMemberId() != member.GetMemberId() || got.GetSeat() != member.GetSeat() {
		t.Errorf("came back as %v, was %v", got, member)
	}
	w := nextWelcome(t, second)
	if w.GetRecovery().GetKind() != singoffv1.Recovery_KIND_RESUMED || w.GetRecovery().GetEvents() < 3 {
		t.Fatalf("recovery: got %v, want RESUMED with the three lines", w.GetRecovery())
	}
	var missed []string
	for event, err := range second.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if line := event.GetChatMessage(); line != nil {
			missed = append(missed, line.GetText())
		}
		if len(missed) == 3 {
			break
		}
	}
	if missed[0] != "where" || missed[2] != "you?" {
		t.Errorf("missed: got %v", missed)
	}
}

// A second program of the same person takes over; the first one ends for good and doesn't fight. One that may not take over is refused.
func TestTakeOver(t *testing.T) { eachWay(t, takeOver) }

func takeOver(t *testing.T, way transport.Kind) {
	addr := startServer(t, way)
	store := new(singoff.MemoryStore)
	options := singoff.JoinOptions{RoomID: "friday", Nickname: "Mina", Store: store, EventBuffer: -1}
	first := join(t, dial(t, way, addr), options)
	options.NoTakeOver = true
	var goaway *singoff.GoawayError
	if _, err := dial(t, way, addr).Join(t.Context(), options); !errors.As(err, &goaway) || goaway.Reason != singoffv1.Goaway_REASON_TAKEN_OVER {
		t.Errorf("Join without take-over: got %v, want TAKEN_OVER", err)
	}
	options.NoTakeOver = false
	second := join(t, dial(t, way, addr), options)
	<-first.Done()
	if err := first.Err(); !errors.As(err, &goaway) || goaway.Reason != singoffv1.Goaway_REASON_TAKEN_OVER {
		t.Errorf("the first program: got %v, want TAKEN_OVER", err)
	}
	if second.Self().GetMemberId() != first.Self().GetMemberId() {
		t.Errorf("took over as %v, was %v", second.Self(), first.Self())
	}
}

// A server that starts anew with an empty log says so, and the member joins anew by itself.
func TestServerRestart(t *testing.T) { eachWay(t, serverRestart) }

func serverRestart(t *testing.T, way transport.Kind) {
	config := serverConfig()
	config.ComeBackSpread = 0
	stop, addrs := runServer(t, config)
	room := join(t, dial(t, way, portOf(addrs, way)), singoff.JoinOptions{Nickname: "Mina", Role: singer})
	nextWelcome(t, room)
	stop()
	waitFor(t, room, singoff.PhaseReconnecting, 0)
	config.GRPCAddr, config.HTTPAddr = addrs.GRPC, addrs.HTTP
	stop, _ = runServer(t, config)
	defer stop()
	if w := nextWelcome(t, room); w.GetRecovery().GetCause() != singoffv1.Recovery_CAUSE_LOG_LOST {
		t.Errorf("recovery: got %v, want a SNAPSHOT, the log being lost", w.GetRecovery())
	}
	if _, err := room.Say(t.Context(), "back"); err != nil {
		t.Errorf("Say: %v", err)
	}
}

func runServer(t *testing.T, config service.Config) (stop func(), addrs service.Addrs) {
	t.Helper()
	server, err := service.New(t.Context(), config)
	if err != nil {
		t.Fatalf("service.New: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
	}), server.Addrs()
}

// proxy passes bytes on until it is told to stall: connections from before then pass nothing more and aren't ended either, as when a cable is pulled.
type proxy struct {
	listener net.Listener
	target   string
	loops    sync.WaitGroup

	mu      sync.Mutex // protects what follows
	conns   []net.Conn
	stalled chan struct{} // closed: connections made before that are stalled
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, stalled: make(chan struct{})}
	p.loops.Go(p.acceptLoop)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.loops.Wait()
	})
	return p
}

func (p *proxy) acceptLoop() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		stalled := p.stalled
		p.mu.Unlock()
		p.loops.Go(func() { passLoop(server, client, stalled) })
		p.loops.Go(func() { passLoop(client, server, stalled) })
	}
}

func passLoop(to io.WriteCloser, from io.ReadCloser, stalled <-chan struct{}) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-stalled:
			return
		default:
		}
		if err != nil {
			_ = to.Close()
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			_ = from.Close()
			return
		}
	}
}

func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.stalled)
	p.stalled = make(chan struct{})
}

// A connection that dies without a word is noticed, isn't tried again, and nothing said meanwhile is lost or said twice.
func TestPulledCable(t *testing.T) { eachWay(t, pulledCable) }

func pulledCable(t *testing.T, way transport.Kind) {
	addr := startServer(t, way)
	p := startProxy(t, addr)
	mina := join(t, dial(t, way, p.listener.Addr().String()), singoff.JoinOptions{Nickname: "Mina", Role: singer, EventBuffer: -1})
	juno := join(t, dial(t, way, addr), singoff.JoinOptions{Nickname: "Juno"})
	nextWelcome(t, juno)
	p.stall()
	answered := make(chan error, 1)
	go func() {
		_, err := mina.Say(t.Context(), "into the void")
		answered <- err
	}()
	if state := waitFor(t, mina, singoff.PhaseReconnecting, 0); !errors.Is(state.Cause, singoff.ErrConnectionLost) {
		t.Errorf("cause: got %v, want ErrConnectionLost", state.Cause)
	}
	if err := <-answered; err != nil {
		t.Errorf("Say over a pulled cable: %v", err)
	}
	if _, err := mina.Say(t.Context(), "the end"); err != nil {
		t.Errorf("Say afterwards: %v", err)
	}
	var heard []string
	for event, err := range juno.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if line := event.GetChatMessage(); line != nil {
			heard = append(heard, line.GetText())
		}
		if event.GetChatMessage().GetText() == "the end" {
			break
		}
	}
	if len(heard) != 2 || heard[0] != "into the void" {
		t.Errorf("heard: got %q, want each line once", heard)
	}
}
