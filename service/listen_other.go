//go:build !linux

package service

import "syscall"

// giveUpDead does nothing: only Linux has the option. A dead peer is seen by its broken promise, or by TCP's own keepalive.
func giveUpDead(string, string, syscall.RawConn) error { return nil }
