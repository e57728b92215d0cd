package admin

import (
	"fmt"
	"net"
	"syscall"
)

// peerOf asks the kernel who is at the other end; empty: it doesn't say.
func peerOf(conn *net.UnixConn) addr {
	raw, err := conn.SyscallConn()
	if err != nil {
		return ""
	}
	var cred *syscall.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		cred, asked = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err != nil || asked != nil {
		return ""
	}
	return addr(fmt.Sprintf("uid %d, pid %d", cred.Uid, cred.Pid))
}
