package socket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// errHungUp is a connection that ended without a close frame.
var errHungUp = errors.New("socket: the connection broke")

// hungUp is errHungUp with the cause; io.EOF is never the end of a connection here, but that of a message or of the client's sending.
func hungUp(err error) error {
	if errors.Is(err, errHungUp) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errHungUp
	}
	return fmt.Errorf("%w: %w", errHungUp, err)
}

// pulse is when a socket last showed life: written by its reader and its writer, read by its watch. Times are nanoseconds since start and
// never 0.
type pulse struct {
	start time.Time
	// heard is when bytes came last; listening since when the reader waits for some, 0: it doesn't.
	heard, listening atomic.Int64
	// writing is since when the write under way is, 0: there is none.
	writing atomic.Int64
	// pinged is when the last ping was begun to be written, written when it was, 0: not yet. acked is what the kernel had got acknowledged
	// then, and delivered what it will have when that ping has reached the client's machine; 0: the kernel doesn't tell.
	pinged, written  atomic.Int64
	acked, delivered atomic.Uint64
}

func newPulse() *pulse {
	p := &pulse{start: time.Now().Add(-time.Nanosecond)}
	p.heard.Store(p.now())
	return p
}

func (p *pulse) now() int64 { return int64(time.Since(p.start)) }

// input is the read side of a connection, with the bytes that came along with the handshake first.
type input struct {
	conn  net.Conn
	early []byte
	pulse *pulse
}

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	if len(in.early) > 0 {
		n := copy(p, in.early)
		in.early = in.early[n:]
		return n, nil
	}
	in.pulse.listening.Store(in.pulse.now())
	n, err := in.conn.Read(p)
	if n > 0 {
		in.pulse.heard.Store(in.pulse.now())
	}
	in.pulse.listening.Store(0)
	return n, err
}
