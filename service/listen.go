package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// addr is where to listen.
type addr struct {
	network, address string
}

// parseAddr reads `host:port` or `unix:PATH`.
func parseAddr(text string) (addr, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if path == "" {
			return addr{}, errors.New("unix: needs a path; unix:/run/singoff.sock for instance")
		}
		return addr{"unix", path}, nil
	}
	if _, _, err := net.SplitHostPort(text); err != nil {
		return addr{}, fmt.Errorf("%q is neither host:port nor unix:PATH", text)
	}
	return addr{"tcp", text}, nil
}

// listen binds. A socket that a dead server left behind is removed; one that somebody listens on, or a file, is not.
func listen(ctx context.Context, text string) (net.Listener, error) {
	where, err := parseAddr(text)
	if err != nil {
		return nil, err
	}
	if where.network == "unix" {
		if err := removeStale(ctx, where.address); err != nil {
			return nil, err
		}
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // of its connections the kernel tells less
	lis, err := config.Listen(ctx, where.network, where.address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address (port 0: any free one): %w", text, err)
	}
	return lis, err
}

// opaque hides from gRPC that its connections are TCP. It would give them TCP_USER_TIMEOUT, which ends who reads slowly: while a window has no room for the
// next piece nothing moves, though the client's machine takes bytes and answers. Its own pings see the dead.
type opaque struct{ net.Listener }

// Accept implements net.Listener.
func (o opaque) Accept() (net.Conn, error) {
	conn, err := o.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return opaqueConn{conn}, nil
}

type opaqueConn struct{ net.Conn }

// NetConn is what it hides.
func (c opaqueConn) NetConn() net.Conn { return c.Conn }

// removeStale removes a socket nobody listens on any more.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("unix:%s is a file and no socket; choose another path, or remove it yourself", path)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("unix:%s is in use by another program; stop it, or choose another path", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("unix:%s is there, and it can't be told whether it is in use: %w", path, err)
}

// exposed says whether others than this machine can reach the address.
func exposed(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}

// show is an address as the flags take it.
func show(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}
