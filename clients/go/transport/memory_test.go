package transport_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
)

// memory is a network without sockets, so that time can be the test's.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (m *memory) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
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

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { return nil }
func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// serveMemory serves HTTP in memory until stop is called.
func serveMemory(t *testing.T, handler http.Handler) (m *memory, stop func()) {
	t.Helper()
	m = &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
	var loops sync.WaitGroup
	waited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		loops.Add(1)
		defer loops.Done()
		handler.ServeHTTP(w, r)
	})
	server := &http.Server{Handler: waited, ErrorLog: log.New(io.Discard, "", 0)}
	loops.Go(func() { _ = server.Serve(m) })
	return m, func() {
		close(m.closed)
		_ = server.Close()
		loops.Wait()
	}
}
