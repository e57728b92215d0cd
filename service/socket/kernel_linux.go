package socket

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernel is what the operating system knows of a TCP connection. The zero one knows nothing.
type kernel struct{ raw syscall.RawConn }

// newKernel bounds what the kernel keeps for the connection, and how long it tries to send it.
func newKernel(conn *net.TCPConn, writeTimeout time.Duration) kernel {
	_ = conn.SetWriteBuffer(sendBuffer) // the standard is larger, no more
	raw, err := conn.SyscallConn()
	if err != nil {
		return kernel{}
	}
	_ = raw.Control(func(fd uintptr) { // multipath TCP has no such option; the watch is there anyway
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(writeTimeout.Milliseconds()))
	})
	return kernel{raw}
}

// acked is how many bytes of all that was sent the peer's machine has acknowledged; false: it isn't known.
func (k kernel) acked() (n uint64, ok bool) {
	if k.raw == nil {
		return 0, false
	}
	err := k.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n, ok = info.Bytes_acked, true
		}
	})
	return n, ok && err == nil
}

// queued is how many bytes were written and aren't acknowledged; false: it isn't known.
func (k kernel) queued() (n uint64, ok bool) {
	if k.raw == nil {
		return 0, false
	}
	err := k.raw.Control(func(fd uintptr) {
		if out, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			n, ok = uint64(out), true
		}
	})
	return n, ok && err == nil
}
