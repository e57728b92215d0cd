//go:build !linux

package socket

import "net"

func tune(conn *net.TCPConn) { _ = conn.SetWriteBuffer(sendBuffer) } // the standard is larger, no more
