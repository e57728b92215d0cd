package socket

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/service/rpc"
)

// errBody is a request that is longer than Config.CallBytes.
var errBody = errors.New("socket: the request is too large")

// call serves a method other than Join through Config.Calls and gives the trailers.
func (l *link) call(r *http.Request, header http.Header) []byte {
	ctx, cancel := context.WithCancelCause(l.ctx)
	defer cancel(context.Canceled)
	body, in := io.Pipe()
	p := &pump{link: l, in: in, left: l.handler.cfg.CallBytes, over: cancel}
	l.loops.Go(p.readLoop)
	defer func() { _ = body.Close() }() // frees readLoop; it has no error
	w := &response{link: l, header: make(http.Header)}
	l.handler.cfg.Calls.ServeHTTP(w, l.request(r.WithContext(rpc.WithPeer(ctx, l.peer)), header, body))
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errBody):
		return statusBlock(status.Newf(codes.ResourceExhausted, "the request is larger than %d bytes", l.handler.cfg.CallBytes))
	case errors.Is(cause, errShutdown):
		return statusBlock(shuttingDown)
	}
	return w.trailers()
}

// request is the call as gRPC over HTTP/2 has it.
func (l *link) request(r *http.Request, header http.Header, body io.ReadCloser) *http.Request {
	for _, key := range []string{"Connection", "Content-Length", "Transfer-Encoding", "Upgrade"} {
		header.Del(key)
	}
	header.Set("Content-Type", "application/grpc+proto")
	header.Set("Te", "trailers")
	r.Method, r.Proto, r.ProtoMajor, r.ProtoMinor = http.MethodPost, "HTTP/2.0", 2, 0
	r.Header, r.Body, r.ContentLength, r.RemoteAddr = header, body, -1, l.peer.Addr
	return r
}

// pump reads the request of a call, for as long as the socket lives.
type pump struct {
	link *link
	in   *io.PipeWriter
	left int
	over context.CancelCauseFunc
}

// readLoop hands the request's bytes to the body, and reads on when nobody wants them any more: pings, pongs, and the end.
func (p *pump) readLoop() {
	l := p.link
	defer l.recovered()
	l.reading <- struct{}{}
	defer func() { <-l.reading }()
	err := p.copyBody()
	if errors.Is(err, errBody) {
		p.over(errBody) // before the handler fails over it
	}
	p.in.CloseWithError(err) // io.EOF is its end
	switch {
	case errors.Is(err, errBody):
	case errors.Is(err, io.EOF):
		l.inputFailed(l.wire.drain())
	default:
		l.inputFailed(err)
	}
}

func (p *pump) copyBody() error {
	buf := make([]byte, keptBuffer)
	for {
		n, err := p.link.wire.Read(buf)
		if p.left -= n; p.left < 0 {
			return errBody
		}
		_, _ = p.in.Write(buf[:n]) // the handler that has closed its body needs no more
		if err != nil {
			return err
		}
	}
}

// response is an http.ResponseWriter whose body goes out as messages. One goroutine uses it, the handler's.
type response struct {
	link   *link
	header http.Header
	code   int    // 0: the headers haven't been written
	head   []byte // headers that were written and not yet sent
	body   []byte // the same
	err    error
}

// flushBytes is how much of an answer waits for a Flush.
const flushBytes = 32 << 10

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(code int) {
	if w.code != 0 {
		return
	}
	if w.code = code; code != http.StatusOK {
		return
	}
	head := make(http.Header)
	for key, values := range w.header {
		if !w.isTrailer(key) && len(values) > 0 {
			head[key] = values
		}
	}
	w.head = frameOf(block(head))
}

// Write implements http.ResponseWriter. An answer other than 200 is text for people, and becomes the message of a status.
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.code != http.StatusOK {
		w.body = append(w.body, p[:min(len(p), 1<<10-min(len(w.body), 1<<10))]...)
		return len(p), nil
	}
	w.body = append(w.body, p...)
	if len(w.body) >= flushBytes {
		w.Flush()
	}
	return len(p), w.err
}

// Flush implements http.Flusher. Headers that the handler hasn't written stay: an answer may consist of trailers alone.
func (w *response) Flush() {
	if w.code != http.StatusOK || w.err != nil {
		return
	}
	switch {
	case len(w.body) > 0:
		w.err = w.link.out.send(message{prelude: w.head, parts: [][]byte{w.body}}, w.link.ctx.Done())
	case len(w.head) > 0:
		w.err = w.link.out.send(message{prelude: w.head}, w.link.ctx.Done())
	}
	w.head, w.body = nil, w.body[:0]
}

// trailers is what the handler left to be said last.
func (w *response) trailers() []byte {
	if w.code != 0 && w.code != http.StatusOK {
		return statusBlock(status.New(codeOf(w.code), strings.TrimSpace(string(w.body))))
	}
	w.Flush()
	last := make(map[string][]string)
	for key, values := range w.header {
		if w.code != 0 && !w.isTrailer(key) || len(values) == 0 || strings.EqualFold(key, "Trailer") {
			continue
		}
		last[strings.ToLower(strings.TrimPrefix(key, http.TrailerPrefix))] = values
	}
	if _, ok := last[keyStatus]; !ok {
		return statusBlock(status.New(codes.Internal, "the call ended without a status"))
	}
	return block(last)
}

// isTrailer: a handler announces its trailers, or prefixes them; the announcement itself is sent neither way.
func (w *response) isTrailer(key string) bool {
	if strings.EqualFold(key, "Trailer") || strings.HasPrefix(key, http.TrailerPrefix) {
		return true
	}
	for _, list := range w.header.Values("Trailer") {
		for name := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(name), key) {
				return true
			}
		}
	}
	return false
}

// codeOf maps an HTTP status as gRPC does.
func codeOf(code int) codes.Code {
	switch code {
	case http.StatusBadRequest:
		return codes.Internal
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound:
		return codes.Unimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return codes.Unavailable
	}
	return codes.Unknown
}
