package simulate

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// dialPatience is how long the server's answer to a connection is waited for.
const dialPatience = 5 * time.Second

// errOffline is what dialing gives while there is no network.
var errOffline = errors.New("simulated: no network")

// wire is one person's connections to the server. Cutting it resets them all, and there may be no network for a while.
type wire struct {
	mu      sync.Mutex // protects what follows
	open    map[net.Conn]struct{}
	offline bool
}

func newWire() *wire { return &wire{open: map[net.Conn]struct{}{}} }

// dial makes a connection that can be cut.
func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if w.isOffline() {
		return nil, errOffline
	}
	conn, err := (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.offline { // it was cut meanwhile
		conn.Close()
		return nil, errOffline
	}
	cuttable := &cuttable{Conn: conn, wire: w}
	w.open[cuttable] = struct{}{}
	return cuttable, nil
}

func (w *wire) isOffline() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offline
}

// back lets connections be made again.
func (w *wire) back() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offline = false
}

// cut breaks what is open, and tells whether anything was. Until back no connection is made, if it goes offline.
func (w *wire) cut(offline bool) bool {
	w.mu.Lock()
	open := w.open
	w.open = map[net.Conn]struct{}{}
	w.offline = w.offline || offline && len(open) > 0
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
