package certs

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// recordHandshake is the first byte of every TLS connection. Of plain HTTP it is a letter.
const recordHandshake = 0x16

// firstByteTimeout is how long a connection may say nothing.
const firstByteTimeout = 5 * time.Second

// Split sorts the connections of a listener by their first byte: secure gives those that speak TLS, as *tls.Conn that haven't shaken
// hands yet, plain the others. Closing either closes all: the listener, and the connections that haven't said anything. Both are to be
// served, or one waits for the other.
func Split(lis net.Listener, config *tls.Config) (secure, plain net.Listener) {
	s := &splitter{
		lis:     lis,
		config:  config,
		done:    make(chan struct{}),
		secure:  make(chan accepted),
		plain:   make(chan accepted),
		waiting: map[net.Conn]bool{},
	}
	s.loops.Go(s.acceptLoop)
	return side{s, s.secure}, side{s, s.plain}
}

// accepted is what Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

type splitter struct {
	lis           net.Listener
	config        *tls.Config
	secure, plain chan accepted
	done          chan struct{}
	loops         sync.WaitGroup

	// mu protects what follows.
	mu      sync.Mutex
	closed  bool
	waiting map[net.Conn]bool // connections that haven't said anything yet
}

// side is one of the two listeners.
type side struct {
	*splitter
	conns chan accepted
}

// Accept implements net.Listener.
func (s side) Accept() (net.Conn, error) {
	select {
	case a := <-s.conns:
		return a.conn, a.err
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (s *splitter) Addr() net.Addr { return s.lis.Addr() }

// Close implements net.Listener.
func (s *splitter) Close() error {
	if !s.close() {
		return nil
	}
	err := s.lis.Close()
	s.loops.Wait()
	return err
}

// close ends what waits. first: it wasn't closed before.
func (s *splitter) close() (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.closed = true
	close(s.done)
	for conn := range s.waiting {
		conn.Close()
	}
	return true
}

// acceptLoop hands errors on too: who serves the secure side knows which ones pass.
func (s *splitter) acceptLoop() {
	for {
		conn, err := s.lis.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.hand(s.secure, accepted{err: err})
		default:
			s.loops.Go(func() { s.sort(conn) })
		}
	}
}

// sort waits for a connection's first byte and hands it to its side.
func (s *splitter) sort(conn net.Conn) {
	if !s.wait(conn) {
		conn.Close()
		return
	}
	first := make([]byte, 1)
	err := conn.SetReadDeadline(time.Now().Add(firstByteTimeout))
	if err == nil {
		_, err = conn.Read(first)
	}
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	s.said(conn)
	if err != nil {
		conn.Close()
		return
	}
	whole := &peeked{Conn: conn, first: first}
	if first[0] == recordHandshake {
		s.hand(s.secure, accepted{conn: tls.Server(whole, s.config)})
		return
	}
	s.hand(s.plain, accepted{conn: whole})
}

// hand gives a connection, or an error, to who accepts.
func (s *splitter) hand(to chan accepted, a accepted) {
	select {
	case to <- a:
	case <-s.done:
		if a.conn != nil {
			a.conn.Close()
		}
	}
}

func (s *splitter) wait(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.waiting[conn] = true
	}
	return !s.closed
}

func (s *splitter) said(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, conn)
}

// peeked is a connection whose first byte was read already. One goroutine reads.
type peeked struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) == 0 || len(b) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}

// NetConn is the connection itself, like that of a tls.Conn: for who sets options of its socket.
func (p *peeked) NetConn() net.Conn { return p.Conn }
