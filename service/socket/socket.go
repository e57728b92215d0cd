// Package socket is RoomService.Join over a websocket, on the wire of the grpc-websockets subprotocol, for browsers and whoever speaks it.
// A message of headers comes first, then messages of 0x00 and the bytes of gRPC frames, then 0x01; the answer is gRPC-Web's frames, the last
// of which holds the status. Every socket has one outbox for all its bytes and a watch that tells a dead peer from a silent one; calls
// other than Join are handed to an http.Handler as plain gRPC.
package socket

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Subprotocol is what a client asks for in Sec-WebSocket-Protocol.
const Subprotocol = "grpc-websockets"

// errShutdown is what Close ends a socket with.
var errShutdown = errors.New("socket: the server shuts down")

// upgrader answers the handshake. Hijacking clears the deadlines of http.Server.
var upgrader = ws.HTTPUpgrader{
	Timeout:  5 * time.Second,
	Protocol: func(p string) bool { return strings.EqualFold(p, Subprotocol) },
}

// Handler serves sockets. All its methods may be called concurrently.
type Handler struct {
	cfg     Config
	metrics *metrics

	mu     sync.Mutex // protects what follows
	closed bool
	links  map[*link]struct{}
	open   sync.WaitGroup // sockets being served
}

// New makes a Handler; Close it when the http.Server has been shut down.
func New(cfg Config) (*Handler, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Handler{cfg: cfg, metrics: newMetrics(cfg.Registerer), links: make(map[*link]struct{})}, nil
}

// Handles says whether the request asks for a websocket of this package's subprotocol.
func (*Handler) Handles(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && offers(r.Header.Values("Sec-Websocket-Protocol"))
}

// offers says whether one of the subprotocols is ours.
func offers(lists []string) bool {
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(name), Subprotocol) {
				return true
			}
		}
	}
	return false
}

// ServeHTTP serves one socket from its handshake to the close of its connection. The path is the method: /singoff.v1.RoomService/Join.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !h.Handles(r):
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "a websocket with the subprotocol "+Subprotocol+" is expected here", http.StatusUpgradeRequired)
		return
	case !h.cfg.Origin(r):
		h.refuse(r, "origin")
		http.Error(w, "pages of this origin may not join here", http.StatusForbidden)
		return
	}
	l := newLink(h, r)
	if !h.enter(l) {
		h.refuse(r, "shutdown")
		http.Error(w, "the server shuts down", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(l)
	conn, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		h.refuse(r, "handshake")
		return
	}
	l.open(conn, buffered.Reader)
	l.serve(r)
}

// Close ends all sockets, with UNAVAILABLE, and waits for their end. http.Server knows nothing of them.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	for l := range h.links {
		l.cancel(errShutdown)
	}
	h.mu.Unlock()
	h.open.Wait()
}

func (h *Handler) enter(l *link) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.links[l] = struct{}{}
	h.open.Add(1)
	return true
}

func (h *Handler) leave(l *link) {
	l.cancel(errServed)
	h.mu.Lock()
	delete(h.links, l)
	h.mu.Unlock()
	h.open.Done()
}

// refuse counts a handshake that made no socket.
func (h *Handler) refuse(r *http.Request, why string) {
	h.metrics.refused.WithLabelValues(why).Inc()
	h.cfg.Logger.Debug().Str("remote", h.cfg.RemoteAddr(r)).Str("why", why).Msg("websocket refused")
}

// isJoin: the one method that is served here.
func isJoin(r *http.Request) bool { return r.URL.Path == singoffv1.RoomService_Join_FullMethodName }
