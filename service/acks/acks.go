// Package acks asks the operating system what a client's machine has acknowledged of what it was sent: that tells a dead machine from a slow one.
// Of gives a connection's Kernel, whatever lies above it; a Reaper ends the connections of an http.Server whose clients' machines are dead. Where the
// system doesn't tell, nothing is known and nothing ended.
package acks

import (
	"context"
	"net"
	"syscall"
)

// Kernel is what the operating system knows of one connection; the zero one tells nothing. Its methods may be called concurrently, also after the
// connection was closed.
type Kernel struct{ raw syscall.RawConn }

// Of is the Kernel of a connection: of TCP, or of what lies on TCP and has it as its NetConn, as TLS does.
func Of(conn net.Conn) Kernel {
	tcp, ok := Bottom(conn).(*net.TCPConn)
	if !ok {
		return Kernel{}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return Kernel{}
	}
	return Kernel{raw}
}

// Bottom is the connection below all others.
func Bottom(conn net.Conn) net.Conn {
	for {
		upper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn
		}
		conn = upper.NetConn()
	}
}

type kernelKey struct{}

// With gives what is served over a connection its Kernel; it fits http.Server.ConnContext.
func With(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, kernelKey{}, Of(conn))
}

// From is the Kernel of the connection that something is served over; it tells nothing if nobody gave it.
func From(ctx context.Context) Kernel {
	k, _ := ctx.Value(kernelKey{}).(Kernel)
	return k
}
