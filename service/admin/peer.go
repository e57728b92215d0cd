package admin

import "net"

// Named is a listener whose connections say as their RemoteAddr which process of which user is at the other end, where the system
// tells that of a socket; others say their address as ever.
func Named(lis net.Listener) net.Listener { return named{lis} }

type named struct{ net.Listener }

// Accept implements net.Listener.
func (l named) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if socket, ok := conn.(*net.UnixConn); ok && err == nil {
		if who := peerOf(socket); who != "" {
			return namedConn{conn, who}, nil
		}
	}
	return conn, err
}

type namedConn struct {
	net.Conn
	who addr
}

// RemoteAddr implements net.Conn.
func (c namedConn) RemoteAddr() net.Addr { return c.who }

// addr is `uid 1000, pid 4711`.
type addr string

// Network implements net.Addr.
func (addr) Network() string { return "unix" }

// String implements net.Addr.
func (a addr) String() string { return string(a) }
