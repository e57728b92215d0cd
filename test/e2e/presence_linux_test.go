package e2e_test

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// wire dials and keeps the TCP connection, so that its cable can be pulled.
type wire struct{ conn chan *net.TCPConn }

func newWire() *wire { return &wire{make(chan *net.TCPConn, 1)} }

func (w *wire) option() grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			w.conn <- conn.(*net.TCPConn)
		}
		return conn, err
	})
}

// pull makes the client's kernel drop all that comes, without an ACK or a RST: for the server the cable is out.
func (w *wire) pull(t *testing.T) {
	t.Helper()
	raw, err := (<-w.conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	var sockErr error
	err = raw.Control(func(fd uintptr) {
		sockErr = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
	})
	if err != nil || sockErr != nil {
		t.Fatal(err, sockErr)
	}
}

// A member whose cable is pulled is AWAY within 8 s, whether the room is silent or talks all the time. The server's own time-outs
// make it 7 s; the rest is for a busy machine.
func TestHalfOpenConnectionIsNoticed(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, talks := range map[string]bool{"silent room": false, "busy room": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire()
			mina, jun := singer("Mina"), watcher("Jun")
			mina.RoomId, jun.RoomId = name[:4], name[:4]
			seen := join(t, dial(t, d.grpc), mina)
			lost := join(t, dial(t, d.grpc, w.option()), jun)
			w.pull(t)
			pulled := time.Now()
			if talks {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				talker := singer("Hana")
				talker.RoomId = name[:4]
				go talkLoop(ctx, join(t, dial(t, d.grpc), talker))
			}
			ev := seen.until("AWAY", away(lost.welcome.GetSelf().GetMemberId()))
			if took := ev.GetTime().AsTime().Sub(pulled); took > 10*time.Second {
				t.Errorf("got AWAY after %v, want 8s and something for a busy machine", took)
			}
			if got := ev.GetPresence().GetReason(); got != singoffv1.Presence_REASON_CONNECTION_LOST {
				t.Errorf("got %v, want CONNECTION_LOST", got)
			}
		})
	}
}

// talkLoop says something ten times a second and reads what comes.
func talkLoop(ctx context.Context, m *member) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.number++
			if m.stream.Send(&singoffv1.JoinRequest{Number: m.number, Command: &singoffv1.JoinRequest_ChatMessage{
				ChatMessage: &singoffv1.ChatMessage{Text: "la"},
			}}) != nil {
				return
			}
			if _, err := m.next(); err != nil {
				return
			}
		}
	}
}

func ping() *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Ping{Ping: &singoffv1.Ping{}}}
}

// pingLoop keeps a promise until ctx ends.
func pingLoop(ctx context.Context, m *member, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if m.stream.Send(ping()) != nil {
				return
			}
		}
	}
}

// wantNoneAway checks that nobody has become AWAY until now: what is said now comes with no AWAY before it.
func wantNoneAway(t *testing.T, m *member) {
	t.Helper()
	m.say("still here?")
	m.until("what was said", func(ev *singoffv1.Event) bool {
		if ev.GetPresence().GetChange() == singoffv1.Presence_CHANGE_AWAY {
			t.Errorf("got a false alarm: %v", ev)
		}
		return ev.GetChatMessage() != nil
	})
}

// Two kinds of living clients stay for longer than any time-out: one that says nothing and whose HTTP/2 answers pings, and
// one that keeps its promise.
func TestLivingClientsAreNeverCalledLost(t *testing.T) {
	t.Parallel()
	d := start(t)
	mina := join(t, dial(t, d.grpc), singer("Mina"))
	join(t, dial(t, d.grpc), watcher("Silent"))
	promising := watcher("Pinging")
	promising.PingInterval = durationpb.New(time.Second)
	pinging := join(t, dial(t, d.grpc), promising)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	pingLoop(ctx, pinging, time.Second)
	wantNoneAway(t, mina)
}

// A server that was itself stopped for longer than the promise finds the pings unread: it must read them before it calls anybody lost.
func TestServerThatWasStoppedCallsNobodyLost(t *testing.T) {
	t.Parallel()
	d := start(t)
	mina := join(t, dial(t, d.grpc), singer("Mina"))
	promising := watcher("Pinging")
	promising.PingInterval = durationpb.New(time.Second)
	pinging := join(t, dial(t, d.grpc), promising)
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
	defer cancel()
	stop := time.AfterFunc(2*time.Second, func() { d.cmd.Process.Signal(syscall.SIGSTOP) })
	defer stop.Stop()
	resume := time.AfterFunc(8*time.Second, func() { d.cmd.Process.Signal(syscall.SIGCONT) })
	defer resume.Stop()
	pingLoop(ctx, pinging, time.Second)
	wantNoneAway(t, mina)
}

// Through a proxy that ends HTTP/2 the transport answers for a client that is long gone; only the promised ping tells.
func TestBrokenPromiseIsNoticed(t *testing.T) {
	t.Parallel()
	d := start(t)
	mina := join(t, dial(t, d.grpc), singer("Mina"))
	promising := watcher("Gone")
	promising.PingInterval = durationpb.New(time.Second)
	gone := join(t, dial(t, d.grpc), promising)
	mina.until("AWAY", away(gone.welcome.GetSelf().GetMemberId()))
	goaway := gone.until("a Goaway", func(ev *singoffv1.Event) bool { return ev.GetGoaway() != nil }).GetGoaway()
	if goaway.GetReason() != singoffv1.Goaway_REASON_CONNECTION_LOST || goaway.GetFinal() {
		t.Errorf("got %v, want CONNECTION_LOST, not final", goaway)
	}
}

// A process that is killed has its socket reset by the kernel: its member is AWAY at once, and has not left.
func TestResetConnectionIsAway(t *testing.T) {
	t.Parallel()
	d := start(t)
	w := newWire()
	mina := join(t, dial(t, d.grpc), singer("Mina"))
	killed := join(t, dial(t, d.grpc, w.option()), watcher("Killed"))
	tcp := <-w.conn
	tcp.SetLinger(0)
	tcp.Close()
	mina.until("AWAY", away(killed.welcome.GetSelf().GetMemberId()))
}
