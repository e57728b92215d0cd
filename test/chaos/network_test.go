package chaos

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// marker is in every Hello and every Welcome: all rooms' ids begin with it.
const marker = "chaos-"

// heldAtMost bounds how long a connection's first bytes are held back.
const heldAtMost = 5 * time.Second

// network is one person's way to the server, and what goes wrong on it.
type network struct {
	listener net.Listener
	target   string
	loops    sync.WaitGroup
	holdNext atomic.Bool

	mu     sync.Mutex // of what follows
	pairs  map[*pair]bool
	joined chan struct{} // closed and replaced whenever a connection has got its Welcome
	closed bool
}

// pair is one connection, from the client to here and from here to the server.
type pair struct {
	network        *network
	client, server net.Conn
	hold           bool
	over           chan struct{}
	end            sync.Once

	mu   sync.Mutex    // of gate
	gate chan struct{} // open: closed channel; stalled: an open one
}

func newNetwork(t *testing.T, target string) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{listener: l, target: target, pairs: map[*pair]bool{}, joined: make(chan struct{})}
	n.loops.Go(n.acceptLoop)
	return n
}

func (n *network) address() string { return n.listener.Addr().String() }

func (n *network) acceptLoop() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", n.target)
		if err != nil {
			client.Close()
			continue
		}
		p := &pair{network: n, client: client, server: server, hold: n.holdNext.Swap(false), over: make(chan struct{}), gate: make(chan struct{})}
		close(p.gate)
		n.mu.Lock()
		n.pairs[p] = true
		closed := n.closed
		n.mu.Unlock()
		if closed {
			p.close()
		}
		n.loops.Go(p.upLoop)
		n.loops.Go(p.downLoop)
	}
}

// upLoop carries what the client says. A connection that is held back breaks for the client once its Hello has come; the Hello reaches
// the server only when a later connection of this person has joined.
func (p *pair) upLoop() {
	defer p.close()
	var said said
	p.carry(p.client, p.server, func(chunk []byte) bool {
		if !p.hold || !said.hello(chunk) {
			return true
		}
		p.network.mu.Lock()
		later := p.network.joined
		p.network.mu.Unlock()
		reset(p.client)
		select {
		case <-later:
		case <-time.After(heldAtMost):
		case <-p.over:
		}
		held.Add(1)
		_, _ = p.server.Write(chunk)
		select {
		case <-time.After(time.Second): // for the server's answer to the late duplicate
		case <-p.over:
		}
		return false
	})
}

// said is what a client has said so far, as long as its Hello wasn't found in it.
type said struct{ bytes []byte }

// hello says whether the Hello has come with this chunk. A websocket's client masks what it says.
func (s *said) hello(chunk []byte) bool {
	s.bytes = append(s.bytes, chunk...)
	head, frames, upgraded := bytes.Cut(s.bytes, []byte("\r\n\r\n"))
	if !upgraded || !bytes.HasPrefix(head, []byte("GET ")) {
		return bytes.Contains(s.bytes, []byte(marker))
	}
	for r := bytes.NewReader(frames); ; {
		header, err := ws.ReadHeader(r)
		if err != nil || header.Length > int64(r.Len()) {
			return false
		}
		payload := make([]byte, header.Length)
		_, _ = r.Read(payload) // all of it is there
		ws.Cipher(payload, header.Mask, 0)
		if bytes.Contains(payload, []byte(marker)) {
			return true
		}
	}
}

func (p *pair) downLoop() {
	if !p.hold {
		defer p.close()
	}
	p.carry(p.server, p.client, func(chunk []byte) bool {
		if bytes.Contains(chunk, []byte(marker)) && !p.hold {
			p.network.mu.Lock()
			close(p.network.joined)
			p.network.joined = make(chan struct{})
			p.network.mu.Unlock()
		}
		return true
	})
}

// carry copies until an end is gone or pass says no; a stalled pair takes one chunk and keeps it.
func (p *pair) carry(from, to net.Conn, pass func([]byte) bool) {
	buf := make([]byte, 32<<10)
	for {
		k, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		gate := p.gate
		p.mu.Unlock()
		select {
		case <-gate:
		case <-p.over:
			return
		}
		if !pass(buf[:k]) {
			return
		}
		if _, err := to.Write(buf[:k]); err != nil {
			return
		}
	}
}

func (p *pair) close() {
	p.end.Do(func() {
		close(p.over)
		reset(p.client)
		reset(p.server)
		p.network.mu.Lock()
		delete(p.network.pairs, p)
		p.network.mu.Unlock()
	})
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

// open gives the connections that are open and not held back.
func (n *network) open() (pairs []*pair) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p := range n.pairs {
		if !p.hold {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// cut breaks what is open: both ends see a reset.
func (n *network) cut() {
	for _, p := range n.open() {
		p.close()
	}
}

// stall lets nothing through any more, while both ends still see a living peer. The pair ends when somebody gives it up.
func (n *network) stall() {
	for _, p := range n.open() {
		p.mu.Lock()
		p.gate = make(chan struct{})
		p.mu.Unlock()
	}
}

func (n *network) close() {
	n.listener.Close()
	n.mu.Lock()
	n.closed = true
	all := make([]*pair, 0, len(n.pairs))
	for p := range n.pairs {
		all = append(all, p)
	}
	n.mu.Unlock()
	for _, p := range all {
		p.close()
	}
	n.loops.Wait()
}
