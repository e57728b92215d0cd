package socket

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// linux is a kernel that tells.
type linux struct{ raw syscall.RawConn }

// tune bounds what the kernel keeps for a connection, and how long it tries to send it.
func tune(conn *net.TCPConn, writeTimeout time.Duration) kernel {
	_ = conn.SetWriteBuffer(sendBuffer) // the standard is larger, no more
	raw, err := conn.SyscallConn()
	if err != nil {
		return untold{}
	}
	_ = raw.Control(func(fd uintptr) { // multipath TCP has no such option; the watch is there anyway
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(writeTimeout.Milliseconds()))
	})
	return linux{raw}
}

func (k linux) acked() (n uint64, ok bool) {
	err := k.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n, ok = info.Bytes_acked, true
		}
	})
	return n, ok && err == nil
}

func (k linux) queued() (n uint64, ok bool) {
	err := k.raw.Control(func(fd uintptr) {
		if out, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			n, ok = uint64(out), true
		}
	})
	return n, ok && err == nil
}
