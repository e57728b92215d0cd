package socket_test

import (
	"bufio"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/socket"
)

// slow is a connection that gives 4 KiB at each tick.
type slow struct {
	io.Reader
	ticks <-chan time.Time
}

func (s slow) Read(p []byte) (int, error) {
	<-s.ticks
	return s.Reader.Read(p[:min(len(p), 4<<10)])
}

// A client that takes 20 KB/s lives. With TCP_USER_TIMEOUT, which listeners set, the kernel ended it: its window opened all the time, but never
// for a whole segment, which counts as shut.
func TestSlowClientLives(t *testing.T) {
	t.Parallel()
	const patience = 1500 * time.Millisecond
	served := make(chan error, 1)
	s := newHandler(t, func(stream rpc.Stream) error {
		go echo(stream) // reads
		for range 2 {
			if err := stream.Send([][]byte{make([]byte, 64<<10)}); err != nil {
				served <- err
				return err
			}
		}
		served <- nil
		return nil
	}, func(cfg *socket.Config) {
		cfg.PingInterval, cfg.PingTimeout, cfg.WriteTimeout, cfg.CloseTimeout = time.Second, patience, patience, 10*time.Second
	})
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(patience.Milliseconds()))
		})
	}}
	config.SetMultipathTCP(false)
	lis, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = lis.Addr().String()
	s.serveOn(t, lis)
	conn := s.dial(t)
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	c := upgrade(t, conn, joinPath)
	c.headers()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	c.r = bufio.NewReader(slow{io.MultiReader(c.r, conn), ticker.C})
	for {
		f, err := c.frame()
		if err != nil {
			t.Fatalf("got %v, want everything", err)
		}
		if f.Header.OpCode == ws.OpPing {
			c.send(frame(ws.OpPong, true, f.Payload))
		}
		if f.Header.OpCode == ws.OpClose {
			break
		}
	}
	if err := <-served; err != nil {
		t.Errorf("got %v, want all of it sent", err)
	}
	conn.Close()
	s.wantEnded(t, "served")
}
