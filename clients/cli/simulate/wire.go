package simulate

import (
	"context"
	"net"
	"sync"
	"time"
)

// dialPatience is how long the server's answer to a connection is waited for.
const dialPatience = 5 * time.Second

// wire is one person's connections to the server. Cutting it resets them all.
type wire struct {
	mu   sync.Mutex // protects open
	open map[net.Conn]struct{}
}

func newWire() *wire { return &wire{open: map[net.Conn]struct{}{}} }

// dial makes a connection that can be cut.
func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	cuttable := &cuttable{Conn: conn, wire: w}
	w.open[cuttable] = struct{}{}
	return cuttable, nil
}

// cut breaks what is open, and tells whether anything was.
func (w *wire) cut() bool {
	w.mu.Lock()
	open := w.open
	w.open = map[net.Conn]struct{}{}
	w.mu.Unlock()
	for conn := range open {
		if tcp, ok := conn.(*cuttable).Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset instead of a goodbye; without it the cut is only gentler
		}
		conn.Close()
	}
	return len(open) > 0
}

// cuttable is a connection that its wire knows as long as it is open.
type cuttable struct {
	net.Conn
	wire *wire
}

func (c *cuttable) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.open, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}
