package web

import (
	"io"
	"net/http"
	"time"

	"github.com/improbable-eng/grpc-web/go/grpcweb"
)

// What a call over fetch may take. Behind net/http gRPC has no flow control of requests and no deadlines of its own.
const (
	// maxCallBytes is of a request's body: the largest message, in base64, and its frame's header.
	maxCallBytes = 512 << 10
	// callWriteTimeout is how long one write of an answer may take.
	callWriteTimeout = 30 * time.Second
)

// calls answers grpc-web over fetch: any unary or server-streaming call, from the allowed origins.
type calls struct {
	wrapper *grpcweb.WrappedGrpcServer
	allowed func(*http.Request) bool
}

func newCalls(grpc http.Handler, allowed func(*http.Request) bool) *calls {
	return &calls{
		wrapper: grpcweb.WrapHandler(grpc,
			grpcweb.WithCorsForRegisteredEndpointsOnly(false),
			// Who isn't allowed was refused before, so all that come here are.
			grpcweb.WithOriginFunc(func(string) bool { return true }),
			grpcweb.WithAllowedRequestHeaders([]string{"*"}),
		),
		allowed: allowed,
	}
}

// handles says whether a request is a grpc-web call, or a browser's question whether it may make one.
func (c *calls) handles(r *http.Request) bool {
	return c.wrapper.IsGrpcWebRequest(r) || c.wrapper.IsAcceptableGrpcCorsRequest(r)
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.allowed(r) {
		say(w, http.StatusForbidden, "pages of the origin "+r.Header.Get("Origin")+" may not make calls here; the operator names those that may")
		return
	}
	h := w.Header()
	h.Set("X-Accel-Buffering", "no") // or nginx keeps a stream's messages back
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Origin")
	control := http.NewResponseController(w)
	r.Body = &callBody{ReadCloser: http.MaxBytesReader(w, r.Body, maxCallBytes), control: control}
	c.wrapper.ServeHTTP(&callWriter{ResponseWriter: w, control: control}, r)
}

// callBody lifts the deadline for reading once the request has been read: net/http would take its end for a broken connection.
type callBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *callBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{}) // it can't be set: the server's own holds
	}
	return n, err
}

// callWriter gives each write a deadline of its own, in place of the server's for a whole answer.
type callWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w *callWriter) Write(p []byte) (int, error) {
	w.extend()
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (w *callWriter) Flush() {
	w.extend()
	_ = w.control.Flush() // one that fails shows with the next write
}

func (w *callWriter) extend() { _ = w.control.SetWriteDeadline(time.Now().Add(callWriteTimeout)) }

// Unwrap is for http.ResponseController.
func (w *callWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
