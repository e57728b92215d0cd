package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// dialPatience is how long the server's answer to a connection is waited for.
const dialPatience = 5 * time.Second

// wire relays one person's connections to the server, and cuts them: both ends see a reset.
type wire struct {
	listener net.Listener
	target   string
	loops    sync.WaitGroup

	mu     sync.Mutex // of what follows
	open   map[net.Conn]bool
	closed bool
}

func newWire(ctx context.Context, target string) (*wire, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the relay can't listen: %w", err)
	}
	w := &wire{listener: l, target: target, open: map[net.Conn]bool{}}
	w.loops.Go(w.acceptLoop)
	return w, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

func (w *wire) acceptLoop() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := dial(w.target)
		if err != nil || !w.hold(client, server) {
			client.Close()
			if server != nil {
				server.Close()
			}
			continue
		}
		w.loops.Go(func() { w.pumpLoop(client, server) })
		w.loops.Go(func() { w.pumpLoop(server, client) })
	}
}

func dial(target string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialPatience}
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		return d.Dial("unix", strings.TrimPrefix(path, "//"))
	}
	return d.Dial("tcp", target[strings.LastIndex(target, "/")+1:])
}

func (w *wire) hold(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		w.open[c] = true
	}
	return !w.closed
}

// pumpLoop copies one way until either end is gone, then ends the other way too.
func (w *wire) pumpLoop(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	for _, c := range []net.Conn{from, to} {
		c.Close()
		w.mu.Lock()
		delete(w.open, c)
		w.mu.Unlock()
	}
}

// cut breaks what is open, and tells whether anything was.
func (w *wire) cut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset instead of a goodbye; without it the cut is only gentler
		}
		c.Close()
	}
	return len(w.open) > 0
}

func (w *wire) close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	err := w.listener.Close()
	w.cut()
	w.loops.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
