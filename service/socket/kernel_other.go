//go:build !linux

package socket

import (
	"net"
	"time"
)

// kernel is what the operating system knows of a TCP connection: here nothing, so the time-outs alone decide.
type kernel struct{}

// newKernel bounds what the kernel keeps for the connection.
func newKernel(conn *net.TCPConn, _ time.Duration) kernel {
	_ = conn.SetWriteBuffer(sendBuffer) // the standard is larger, no more
	return kernel{}
}

func (kernel) acked() (uint64, bool)  { return 0, false }
func (kernel) queued() (uint64, bool) { return 0, false }
