//go:build !linux

package socket

import "net"

// tune bounds what the kernel keeps for a connection. This one tells nothing.
func tune(conn *net.TCPConn) kernel {
	_ = conn.SetWriteBuffer(sendBuffer) // the standard is larger, no more
	return untold{}
}
