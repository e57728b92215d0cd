package acks_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/singoff/singoff/service/acks"
)

const patience = time.Second

// answers serves an answer without end over the HTTP port: chunks of a size, one at each tick. ended tells when the server gives a connection up.
func answers(t *testing.T, chunk int, change func(*httptest.Server), start func(*httptest.Server)) (addr string, ended <-chan time.Time) {
	t.Helper()
	end := make(chan time.Time, 1)
	reaper, err := acks.NewReaper(acks.ReaperConfig{Patience: patience, Interval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { end <- time.Now() }()
		if _, _, told := acks.From(r.Context()).Acked(); !told {
			t.Error("got no word of the kernel's about a connection, want how much it has acknowledged")
		}
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			if _, err := w.Write(make([]byte, chunk)); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-ticker.C:
			case <-r.Context().Done():
				return
			}
		}
	}))
	srv.Config.ConnState, srv.Config.ConnContext = reaper.ConnState, acks.With
	if change != nil {
		change(srv)
	}
	start(srv)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); reaper.ReapLoop(ctx) }()
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close(); cancel(); <-over })
	return srv.Listener.Addr().String(), end
}

// ask opens a connection and asks, without reading.
func ask(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	tcp := conn.(*net.TCPConn)
	if err := tcp.SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	return tcp
}

// pull makes the client's kernel drop all that comes.
func pull(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	raw, err := conn.SyscallConn()
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

func TestDeadMachineIsEnded(t *testing.T) {
	t.Parallel()
	addr, ended := answers(t, 10, nil, (*httptest.Server).Start)
	conn := ask(t, addr)
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	pull(t, conn)
	pulled := time.Now()
	if took := (<-ended).Sub(pulled); took < patience/2 {
		t.Errorf("got the end after %v, want it when %v have passed", took, patience)
	}
}

// TLS and its HTTP/2 lie above the connection that is watched.
func TestDeadMachineIsEndedBelowTLS(t *testing.T) {
	t.Parallel()
	addr, ended := answers(t, 10, func(s *httptest.Server) { s.EnableHTTP2 = true }, (*httptest.Server).StartTLS)
	var conn *net.TCPConn
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ForceAttemptHTTP2, transport.TLSClientConfig = true, &tls.Config{InsecureSkipVerify: true}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			conn = c.(*net.TCPConn)
		}
		return c, err
	}
	t.Cleanup(transport.CloseIdleConnections)
	answer, err := (&http.Client{Transport: transport}).Get("https://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); answer.Body.Close() })
	if answer.ProtoMajor != 2 {
		t.Fatalf("got %s, want HTTP/2", answer.Proto)
	}
	pull(t, conn)
	<-ended
}

// A client that takes a kilobyte now and then lives, although its window is shut nearly always: what ended it was TCP_USER_TIMEOUT, which HTTP's listener had.
func TestSlowReaderLives(t *testing.T) {
	t.Parallel()
	addr, ended := answers(t, 64<<10, nil, (*httptest.Server).Start)
	conn := ask(t, addr)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	buf := make([]byte, 1<<10)
	for range 4 * int(patience/(200*time.Millisecond)) {
		<-ticker.C
		if _, err := io.ReadFull(conn, buf); err != nil {
			t.Fatalf("got %v, want it to go on", err)
		}
	}
	select {
	case <-ended:
		t.Error("got the end, want it to go on")
	default:
	}
}

// A client that was silent for long before something is sent to it has all the time for acknowledging that.
func TestConnectionThatSaidNothingForLongLives(t *testing.T) {
	t.Parallel()
	first := make(chan struct{})
	reaper, err := acks.NewReaper(acks.ReaperConfig{Patience: patience, Interval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-first
		_, _ = io.WriteString(w, strings.Repeat("x", 64<<10))
	}))
	srv.Config.ConnState = reaper.ConnState
	srv.Start()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); reaper.ReapLoop(ctx) }()
	t.Cleanup(func() { srv.Close(); cancel(); <-over })
	conn := ask(t, srv.Listener.Addr().String())
	<-time.After(2 * patience)
	close(first)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); err != nil || len(got) != 64<<10 {
		t.Errorf("got %d bytes, %v, want all", len(got), err)
	}
}

func TestReaperConfig(t *testing.T) {
	t.Parallel()
	for field, cfg := range map[string]acks.ReaperConfig{
		"Patience": {Patience: time.Millisecond, Interval: time.Second},
		"Interval": {Patience: time.Second, Interval: time.Millisecond},
	} {
		if _, err := acks.NewReaper(cfg); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want an error that names %s", err, field)
		}
	}
}

// What isn't TCP tells nothing, and that is no reason to end it.
func TestOfAPipe(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, _, told := acks.Of(a).Acked(); told {
		t.Error("got something about a pipe, want nothing")
	}
	if _, told := acks.From(t.Context()).Queued(); told {
		t.Error("got something about no connection, want nothing")
	}
}
