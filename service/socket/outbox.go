package socket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"sync"

	"github.com/gobwas/ws"
)

// errClosing is a message that comes after the close frame.
var errClosing = errors.New("socket: it is closing")

// outbox is all that is written to a socket. Whoever has something to say takes the turn and is the writer: there is exactly one at any
// time, and no goroutine of its own. Pings, pongs and the close frame wait for nobody: they are noted, and written by the writer there is, or
// by who noted them if there is none.
type outbox struct {
	conn net.Conn
	// wrote is told of a ping that was written; broke of a write that failed.
	wrote func()
	broke func(error)
	pulse *pulse
	// chunk is the most that is written at once, 0: everything.
	chunk int
	// turn has an element while somebody writes, who alone may use what follows.
	turn    chan struct{}
	closing bool // a close frame was written
	err     error
	head    [ws.MaxHeaderSize]byte

	mu    sync.Mutex // protects what follows, never held across a write
	noted noted
}

// noted are control frames that wait for a writer: at most one of each.
type noted struct {
	any        bool
	ping, pong bool
	pongBody   [ws.MaxControlFramePayloadSize]byte
	pongBytes  int
	close      []byte // a frame's body; nil: none
}

// buffers are for the time of one write. Large ones don't stay.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const largeBuffer = 128 << 10

func returnBuffer(b *bytes.Buffer) {
	if b.Cap() <= largeBuffer {
		b.Reset()
		buffers.Put(b)
	}
}

// message is one binary message.
type message struct {
	prelude []byte // a whole frame that goes before it, or alone
	head    []byte // the first bytes of its payload
	parts   [][]byte
}

// send writes a message when it is its turn; done frees one that waits for it. The parts are copied into one buffer, which also makes one record
// of TLS of them: a vector is a tenth cheaper for a few parts, and half as dear again for 200 (BenchmarkWrite).
func (o *outbox) send(m message, done <-chan struct{}) error {
	select {
	case o.turn <- struct{}{}:
	case <-done:
		return errClosing
	}
	defer o.release()
	if err := o.refusal(); err != nil {
		return err
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer returnBuffer(buf)
	buf.Write(m.prelude)
	if len(m.head)+len(m.parts) == 0 {
		return o.write(buf.Bytes())
	}
	size := len(m.head)
	for _, part := range m.parts {
		size += len(part)
	}
	o.putHeader(buf, ws.OpBinary, size)
	buf.Write(m.head)
	for _, part := range m.parts {
		buf.Write(part)
	}
	return o.write(buf.Bytes())
}

// finish writes the last message and a close frame, once the writer that there is has come to its end, and calls last right before. A socket
// that is closing or broken gets neither.
func (o *outbox) finish(payload []byte, last func()) {
	o.turn <- struct{}{}
	defer o.release()
	o.flush()
	if o.refusal() != nil {
		return
	}
	last()
	buf := buffers.Get().(*bytes.Buffer)
	defer returnBuffer(buf)
	if payload != nil {
		o.putHeader(buf, ws.OpBinary, len(payload))
		buf.Write(payload)
	}
	buf.Write(ws.CompiledCloseNormalClosure)
	o.closing = true
	_ = o.write(buf.Bytes()) // whom it concerns is told by broke
}

// ping, pong and close note a frame.

func (o *outbox) ping() {
	o.mu.Lock()
	o.noted.ping, o.noted.any = true, true
	o.mu.Unlock()
	o.offer()
}

// pong answers the last ping: of a flood of them the others need no answer.
func (o *outbox) pong(body []byte) {
	o.mu.Lock()
	o.noted.pong, o.noted.any = true, true
	o.noted.pongBytes = copy(o.noted.pongBody[:], body)
	o.mu.Unlock()
	o.offer()
}

// close is the last frame; the first code counts. 0: none.
func (o *outbox) close(code ws.StatusCode, reason string) {
	body := []byte{}
	if code != 0 {
		body = ws.NewCloseFrameBody(code, reason)
	}
	o.mu.Lock()
	if o.noted.close == nil {
		o.noted.close, o.noted.any = body, true
	}
	o.mu.Unlock()
	o.offer()
}

// offer writes what is noted unless there is a writer, who will.
func (o *outbox) offer() {
	select {
	case o.turn <- struct{}{}:
		o.release()
	default:
	}
}

// release writes what was noted meanwhile and gives the turn away. What is noted after the last look finds no writer, so look again.
func (o *outbox) release() {
	for {
		o.flush()
		<-o.turn
		if !o.hasNoted() {
			return
		}
		select {
		case o.turn <- struct{}{}:
		default:
			return
		}
	}
}

func (o *outbox) hasNoted() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.noted.any
}

// flush writes what is noted.
func (o *outbox) flush() {
	for {
		n, ok := o.take()
		if !ok {
			return
		}
		if o.refusal() != nil {
			continue
		}
		o.control(&n)
	}
}

// take takes what is noted.
func (o *outbox) take() (noted, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.noted.any {
		return noted{}, false
	}
	n := o.noted
	o.noted.any, o.noted.ping, o.noted.pong = false, false, false
	o.noted.close = nil
	return n, true
}

// control writes the frames, the close frame last.
func (o *outbox) control(n *noted) {
	buf := buffers.Get().(*bytes.Buffer)
	defer returnBuffer(buf)
	if n.pong {
		o.putHeader(buf, ws.OpPong, n.pongBytes)
		buf.Write(n.pongBody[:n.pongBytes])
	}
	if n.ping {
		buf.Write(ws.CompiledPing)
	}
	if n.close != nil {
		o.putHeader(buf, ws.OpClose, len(n.close))
		buf.Write(n.close)
		o.closing = true
	}
	if n.ping {
		o.pulse.written.Store(0)
		o.pulse.pinged.Store(o.pulse.now())
	}
	if o.write(buf.Bytes()) == nil && n.ping {
		o.wrote()
	}
}

func (o *outbox) refusal() error {
	if o.err != nil {
		return o.err
	}
	if o.closing {
		return errClosing
	}
	return nil
}

// write is the only place that writes.
func (o *outbox) write(p []byte) error {
	defer o.pulse.writing.Store(0)
	for len(p) > 0 {
		n := len(p)
		if o.chunk > 0 {
			n = min(n, o.chunk)
		}
		o.pulse.writing.Store(o.pulse.now())
		if _, err := o.conn.Write(p[:n]); err != nil {
			o.err = hungUp(err)
			o.broke(o.err)
			return o.err
		}
		p = p[n:]
	}
	return nil
}

// putHeader writes a frame's header; a bytes.Buffer takes everything.
func (o *outbox) putHeader(buf *bytes.Buffer, op ws.OpCode, size int) {
	_ = ws.WriteHeaderBuffer(buf, ws.Header{Fin: true, OpCode: op, Length: int64(size)}, o.head[:])
}

// putLength is a gRPC frame's header: flags and length.
func putLength(head []byte, flags byte, size int) {
	head[0] = flags
	binary.BigEndian.PutUint32(head[1:], uint32(size))
}
