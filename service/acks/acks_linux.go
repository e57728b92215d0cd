package acks

import (
	"time"

	"golang.org/x/sys/unix"
)

// Acked is how many bytes of all that was written the client's machine has acknowledged, and how long ago it last acknowledged anything.
func (k Kernel) Acked() (n uint64, ago time.Duration, ok bool) {
	info := k.info()
	if info == nil {
		return 0, 0, false
	}
	return info.Bytes_acked, time.Duration(info.Last_ack_recv) * time.Millisecond, true
}

// answerTime is what a machine has for an answer at least, once it was asked again.
const answerTime = 500 * time.Millisecond

// Owes says whether the client's machine was sent something, or asked whether it has room again, and hasn't acknowledged that yet; overdue, whether it
// has let the last time for that pass too. A machine without room for more is asked ever more seldom, up to two minutes apart, and answers each time: it
// may owe something for long, but that is never overdue.
func (k Kernel) Owes() (owes, overdue bool) {
	info := k.info()
	if info == nil || info.Unacked == 0 && info.Probes == 0 {
		return false, false
	}
	again := time.Duration(info.Rto) * time.Microsecond // until it is asked again
	return true, time.Duration(info.Last_ack_recv)*time.Millisecond > again+answerTime
}

// Queued is how many bytes were written and aren't acknowledged.
func (k Kernel) Queued() (n uint64, ok bool) {
	k.control(func(fd int) {
		out, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
		n, ok = uint64(out), err == nil
	})
	return n, ok
}

// info is nil if the system doesn't tell.
func (k Kernel) info() (info *unix.TCPInfo) {
	k.control(func(fd int) {
		got, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			info = got
		}
	})
	return info
}

func (k Kernel) control(f func(fd int)) {
	if k.raw != nil {
		_ = k.raw.Control(func(fd uintptr) { f(int(fd)) }) // of a closed connection nothing is known
	}
}
