package e2e_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"
)

// cable is a client's net: all its connections, until it is pulled. Then nothing comes and nothing goes, not even the end of a connection that the
// client gives up, and no new one is made.
type cable struct {
	over  <-chan struct{} // closed with the test's end
	mu    sync.Mutex      // protects what follows
	conns []*cableConn
	out   bool
}

type cableConn struct {
	*net.TCPConn
	cable *cable
}

// newCable makes one; what was cut stays open until the test ends.
func newCable(t *testing.T) *cable {
	over := make(chan struct{})
	c := &cable{over: over}
	t.Cleanup(func() {
		close(over)
		for _, conn := range c.conns {
			conn.TCPConn.Close()
		}
	})
	return c
}

func (c *cable) isOut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out
}

func (c *cable) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if c.isOut() {
		select {
		case <-ctx.Done():
		case <-c.over:
		}
		return nil, errors.New("the cable is out")
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := &cableConn{conn.(*net.TCPConn), c}
	c.conns = append(c.conns, mine)
	return mine, nil
}

// Write goes nowhere when the cable is out.
func (c *cableConn) Write(p []byte) (int, error) {
	if c.cable.isOut() {
		return len(p), nil
	}
	return c.TCPConn.Write(p)
}

// Close tells nobody when the cable is out.
func (c *cableConn) Close() error {
	if c.cable.isOut() {
		return c.SetDeadline(time.Now())
	}
	return c.TCPConn.Close()
}

// pull makes the client's kernel drop all that comes, without an ACK or a RST.
func (c *cable) pull(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = true
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	for _, conn := range c.conns {
		err := control(conn, func(fd int) error {
			return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
		})
		if err != nil && !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
	}
}

func control(conn *cableConn, f func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	return rawControl(raw, f)
}

func rawControl(raw syscall.RawConn, f func(fd int) error) error {
	var failed error
	return errors.Join(raw.Control(func(fd uintptr) { failed = f(int(fd)) }), failed)
}

// slowDial makes connections that give so many bytes a second. What lies in between is little, and comes in small packets, as over such a link.
func slowDial(bytesPerSecond int) func(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return rawControl(raw, func(fd int) error {
			return errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10), unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, 536))
		})
	}}
	dialer.SetMultipathTCP(false)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &slowConn{Conn: conn, limit: rate.NewLimiter(rate.Limit(bytesPerSecond), 1<<10)}, nil
	}
}

type slowConn struct {
	net.Conn
	limit *rate.Limiter
}

// Read gives a kilobyte at most, when it is due.
func (c *slowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.limit.Burst())])
	if n > 0 && c.limit.WaitN(context.Background(), n) != nil {
		return n, io.ErrNoProgress
	}
	return n, err
}
