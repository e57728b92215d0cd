package service

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// giveUpDead makes the kernel give up the connections of a listener whose peers don't acknowledge.
func giveUpDead(network, _ string, raw syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var sockErr error
	err := raw.Control(func(fd uintptr) {
		sockErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(deadTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return sockErr
}
