// Package transporttest is a network in memory for tests of transports, so that time can be the test's (testing/synctest).
// What listens on it is an ordinary server; what dials is given Memory.Dial.
package transporttest

import (
	"context"
	"net"
)

// Memory is a network with one server. It is a net.Listener.
type Memory struct {
	conns  chan net.Conn
	closed chan struct{}
}

// New makes a network.
func New() *Memory { return &Memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

// Dial connects to the server, whatever the address. It waits for the server to accept, as long as ctx lasts.
func (m *Memory) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for a connection, or fails with net.ErrClosed.
func (m *Memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close refuses later connections; those that are open stay so.
func (m *Memory) Close() error {
	select {
	case <-m.closed:
	default:
		close(m.closed)
	}
	return nil
}

// Addr is a name without a meaning.
func (m *Memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }
