package socket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/service/acks"
	"github.com/singoff/singoff/service/rpc"
)

// What a socket ends with beside what its client did.
var (
	errServed   = errors.New("socket: served to its end")
	errHeaders  = errors.New("socket: no headers came in time")
	errInternal = errors.New("socket: internal error")
)

const (
	// sendBuffer is the kernel's, for each socket: what lies there a slow reader gets late.
	sendBuffer = 64 << 10
	// chunkBytes are written at once where the kernel doesn't tell what is taken of them.
	chunkBytes = 16 << 10
)

// link is one socket. Three goroutines at most: the one of ServeHTTP answers, whoever holds the turn to read reads, and the timer's looks.
type link struct {
	handler *Handler
	peer    rpc.Peer
	ctx     context.Context
	cancel  context.CancelCauseFunc

	conn  net.Conn // as hijacked: TCP, TLS, a Unix socket
	raw   net.Conn // what lies below TLS
	pulse *pulse
	wire  *wire
	out   *outbox
	watch *watch
	// reading has an element while somebody reads, who alone may use wire and closed.
	reading chan struct{}
	closed  bool // the client's close frame has come
	loops   sync.WaitGroup
}

func newLink(h *Handler, r *http.Request) *link {
	ctx, cancel := context.WithCancelCause(r.Context())
	return &link{
		handler: h, ctx: ctx, cancel: cancel,
		peer:  rpc.Peer{Addr: h.cfg.RemoteAddr(r), UserAgent: r.UserAgent(), Transport: rpc.TransportWebsocket},
		pulse: newPulse(), reading: make(chan struct{}, 1),
	}
}

// open takes the hijacked connection over, with what was read of it already.
func (l *link) open(conn net.Conn, buffered *bufio.Reader) {
	cfg := &l.handler.cfg
	l.conn, l.raw = conn, acks.Bottom(conn)
	if tcp, ok := l.raw.(*net.TCPConn); ok {
		tune(tcp)
	}
	k := acks.Of(conn)
	l.watch = &watch{
		pulse: l.pulse, kernel: k,
		interval: cfg.PingInterval, pingTimeout: cfg.PingTimeout, writeTimeout: cfg.WriteTimeout,
		ping: func() { l.out.ping() }, lost: l.abort,
	}
	l.out = &outbox{conn: conn, pulse: l.pulse, turn: make(chan struct{}, 1), wrote: l.watch.pinged, broke: l.unwritable}
	if _, _, known := k.Acked(); !known {
		l.out.chunk = chunkBytes
	}
	early := make([]byte, buffered.Buffered())
	_, _ = buffered.Read(early) // they are there
	l.wire = &wire{frames: newFrames(&input{conn: conn, early: early, pulse: l.pulse}, l.control)}
}

// shuttingDown is the status of what Close ends.
var shuttingDown = status.New(codes.Unavailable, "the server shuts down")

// serve is the whole life of the socket; when it returns nothing of it is left.
func (l *link) serve(r *http.Request) {
	m := l.handler.metrics
	m.open.Inc()
	defer m.open.Dec()
	began := time.Now()
	l.finish(l.answer(r))
	reason := reasonOf(l.ctx)
	m.ended.WithLabelValues(reason).Inc()
	l.handler.cfg.Logger.Debug().Str("remote", l.peer.Addr).Str("method", r.URL.Path).Str("reason", reason).
		AnErr("cause", context.Cause(l.ctx)).Dur("open", time.Since(began)).Msg("websocket ended")
}

// answer serves the call and gives what is to be said last.
func (l *link) answer(r *http.Request) (trailers []byte) {
	defer func() {
		if p := recover(); p != nil {
			l.panicked(p)
			trailers = statusBlock(status.New(codes.Internal, "internal error"))
		}
	}()
	header, err := l.hello()
	switch {
	case errors.Is(context.Cause(l.ctx), errShutdown):
		return statusBlock(shuttingDown)
	case errors.Is(err, os.ErrDeadlineExceeded):
		l.cancel(errHeaders)
		return statusBlock(status.Newf(codes.DeadlineExceeded, "headers: didn't come within %v", l.handler.cfg.HelloTimeout))
	case err != nil:
		l.inputFailed(err)
		return nil
	}
	l.watch.begin()
	if isJoin(r) {
		return l.join(header)
	}
	return l.call(r, header)
}

// hello waits for the message of headers.
func (l *link) hello() (http.Header, error) {
	if err := l.raw.SetReadDeadline(time.Now().Add(l.handler.cfg.HelloTimeout)); err != nil {
		return nil, hungUp(err)
	}
	stop := context.AfterFunc(l.ctx, func() { _ = l.raw.SetReadDeadline(time.Now()) }) // fails if it is closed, as does the read
	defer stop()
	header, err := l.wire.headers()
	if err != nil {
		return nil, err
	}
	return header, l.raw.SetReadDeadline(time.Time{})
}

// finish says the last words and a close frame, waits for the client's, and lets go of everything. Deadlines free whoever still reads or writes.
func (l *link) finish(trailers []byte) {
	timeout := l.handler.cfg.CloseTimeout
	_ = l.raw.SetWriteDeadline(time.Now().Add(timeout)) // fails if the connection is closed, as do all writes
	served := func() { l.cancel(errServed) }            // what the client does from now on isn't why the socket has ended
	l.out.finish(trailers, served)
	served()
	_ = l.raw.SetReadDeadline(time.Now().Add(timeout))
	l.reading <- struct{}{}
	polite := l.awaitClose()
	<-l.reading
	l.watch.stop()
	if polite {
		l.conn.Close()
	}
	l.raw.Close()
	l.loops.Wait()
}

// awaitClose discards what still comes until the client's close frame: closing with bytes unread would take our last ones away from it.
func (l *link) awaitClose() (polite bool) {
	if l.closed {
		return true
	}
	err := l.wire.frames.discardAll()
	if _, ok := errors.AsType[violation](err); ok {
		_, _ = io.Copy(io.Discard, l.wire.frames.r) // until the deadline: no frame can be told from another any more
	}
	return l.closed
}

// control answers what comes between messages; the reader calls it.
func (l *link) control(op ws.OpCode, payload []byte) error {
	switch op {
	case ws.OpPing:
		l.out.pong(payload)
	case ws.OpClose:
		code, err := checkClose(payload)
		if err != nil {
			return err
		}
		l.closed = true
		l.out.close(code, "")
		return closed{code}
	}
	return nil
}

// inputFailed ends the socket over what its reader met.
func (l *link) inputFailed(err error) {
	if l.ctx.Err() != nil {
		return
	}
	if v, ok := errors.AsType[violation](err); ok {
		l.cancel(err)
		l.out.close(v.code, v.text)
		return
	}
	if _, ok := errors.AsType[closed](err); ok {
		l.cancel(err)
		return
	}
	l.abort(err)
}

// unwritable is told of a write that failed.
func (l *link) unwritable(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errStuck
	}
	l.abort(err)
}

// abort ends the socket without another word: its reader and its writer are freed.
func (l *link) abort(err error) {
	l.cancel(err)
	l.raw.Close()
}

// drainLoop reads on after the end of sending: pings, pongs, and the end.
func (l *link) drainLoop() {
	defer l.recovered()
	l.reading <- struct{}{}
	defer func() { <-l.reading }()
	l.inputFailed(l.wire.drain())
}

// recovered turns a panic over a client's input into the end of its socket alone.
func (l *link) recovered() {
	if p := recover(); p != nil {
		l.panicked(p)
		l.abort(errInternal)
	}
}

func (l *link) panicked(p any) {
	l.cancel(errInternal)
	l.handler.cfg.Logger.Error().Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Str("remote", l.peer.Addr).Msg("panic over a client's input")
}
