package socket

import (
	"net"

	"golang.org/x/sys/unix"
)

// tune bounds what the kernel keeps for a connection, and takes back the time-out that a listener may have given it: it ends a client that
// reads slowly too, whose window never opens for a whole segment (TestSlowClientLives). The watch sees as much and judges better.
func tune(conn *net.TCPConn) {
	_ = conn.SetWriteBuffer(sendBuffer) // the standard is larger, no more
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // multipath TCP has no such time-out
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 0)
	})
}
