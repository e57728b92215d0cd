package transport

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	// subprotocol is what both ends of the websocket speak.
	subprotocol = "grpc-websockets"
	// openTimeout is how long a websocket may take to open, from its first packet.
	openTimeout = 6 * time.Second
	// probeTimeout is how long a websocket that has opened may be deaf: then something in between only lets it open.
	probeTimeout = 5 * time.Second
	// writeTimeout is how long the server may take nothing of a message.
	writeTimeout = 10 * time.Second
	// farewellTimeout is how long the server's close frame is waited for after its trailers.
	farewellTimeout = time.Second
	// controlBytes are added to the largest frame for what may be in the same message.
	controlBytes = 64 << 10
)

// requestHeaders is the first message of each websocket.
const requestHeaders = "content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n"

// Websocket makes a websocket for each Join, with the wire of the subprotocol `grpc-websockets`. Unary calls go as those of Fetch do.
type Websocket struct {
	url     string // of Join
	sockets *pool
	calls   *Fetch
}

// NewWebsocket makes a Transport over websockets. Nothing is sent yet.
func NewWebsocket(config HTTPConfig) (*Websocket, error) {
	base, err := config.base()
	if err != nil {
		return nil, err
	}
	calls, err := NewFetch(config)
	if err != nil {
		return nil, err
	}
	return &Websocket{url: base + singoffv1.RoomService_Join_FullMethodName, sockets: newPool(config, true), calls: calls}, nil
}

// Join opens a websocket.
func (w *Websocket) Join(ctx context.Context) (Stream, error) {
	generation, err := w.sockets.acquire()
	if err != nil {
		return nil, err
	}
	s := &socketStream{websocket: w}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	stop := context.AfterFunc(w.sockets.ctx, func() { s.cancel(ErrClosed) })
	if s.conn, err = w.open(s.ctx, generation.client); err != nil {
		stop()
		s.cancel(err)
		generation.release()
		return nil, err
	}
	s.wire.in = &messages{stream: s}
	s.loops.Go(s.probeLoop)
	context.AfterFunc(s.ctx, func() {
		stop()
		_ = s.conn.CloseNow() // it is over, whatever this says
		s.loops.Wait()
		generation.release()
	})
	return s, nil
}

// open dials, and says the headers.
func (w *Websocket) open(ctx context.Context, client *http.Client) (*websocket.Conn, error) {
	var reached atomic.Bool
	ctx, cancel := context.WithTimeoutCause(ctx, openTimeout, fmt.Errorf("it didn't open within %v", openTimeout))
	defer cancel()
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }})
	conn, answer, err := websocket.Dial(traced, w.url, &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{subprotocol}}) //nolint:bodyclose // the library has read and closed it
	failed := &FailedError{Kind: KindWebsocket, Code: codes.Unavailable, Unreached: !reached.Load(), Err: err}
	switch {
	case err != nil && ctx.Err() != nil:
		failed.Err, failed.Code = context.Cause(ctx), codeOfCause(context.Cause(ctx))
		return nil, failed
	case err != nil && answer != nil && answer.StatusCode != http.StatusSwitchingProtocols:
		failed.Err = fmt.Errorf("the upgrade was answered with HTTP status %s", strings.TrimSpace(answer.Status))
		failed.Code = codeOfHTTP(answer.StatusCode)
		return nil, failed
	case err != nil:
		return nil, failed
	case conn.Subprotocol() != subprotocol:
		_ = conn.CloseNow() // what went wrong is told already
		failed.Err = fmt.Errorf("the server doesn't speak %s", subprotocol)
		return nil, failed
	}
	conn.SetReadLimit(receiveBytes + frameHeader + controlBytes)
	if err := conn.Write(ctx, websocket.MessageBinary, []byte(requestHeaders)); err != nil {
		_ = conn.CloseNow() // what went wrong is told already
		failed.Err = err
		return nil, failed
	}
	return conn, nil
}

// Unary makes one call, as an HTTP request of its own.
func (w *Websocket) Unary(ctx context.Context, method string, request, answer proto.Message) error {
	return w.calls.Unary(ctx, method, request, answer)
}

// Close breaks everything, and waits for it; later calls fail with ErrClosed.
func (w *Websocket) Close() error {
	w.sockets.close()
	return w.calls.Close()
}

// codeOfHTTP is what gRPC makes of an HTTP status that comes without a status of its own.
func codeOfHTTP(code int) codes.Code {
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
