package socket

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// linux is a kernel that tells.
type linux struct{ raw syscall.RawConn }

// tune bounds what the kernel keeps for a connection, and takes back the time-out that the listener may have given it: it ends a client that
// reads slowly too, whose window never opens for a whole segment (TestSlowClientLives). The watch sees as much and judges better.
func tune(conn *net.TCPConn) kernel {
	_ = conn.SetWriteBuffer(sendBuffer) // the standard is larger, no more
	raw, err := conn.SyscallConn()
	if err != nil {
		return untold{}
	}
	_ = raw.Control(func(fd uintptr) { // multipath TCP has no such time-out
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 0)
	})
	return linux{raw}
}

func (k linux) acked() (n uint64, ago time.Duration, ok bool) {
	err := k.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n, ago, ok = info.Bytes_acked, time.Duration(info.Last_ack_recv)*time.Millisecond, true
		}
	})
	return n, ago, ok && err == nil
}

func (k linux) queued() (n uint64, ok bool) {
	err := k.raw.Control(func(fd uintptr) {
		if out, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			n, ok = uint64(out), true
		}
	})
	return n, ok && err == nil
}
