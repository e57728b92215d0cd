//go:build !linux

package socket

import (
	"net"
	"time"
)

// tune bounds what the kernel keeps for a connection. This one tells nothing.
func tune(conn *net.TCPConn, _ time.Duration) kernel {
	_ = conn.SetWriteBuffer(sendBuffer) // the standard is larger, no more
	return untold{}
}
