package rpc

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/acks"
	"github.com/singoff/singoff/service/room/rules"
)

// Watch implements singoffv1.RoomServiceServer: a Join whose messages after the Hello come through Send.
func (r *Room) Watch(req *singoffv1.WatchRequest, stream grpc.ServerStreamingServer[singoffv1.WatchResponse]) error {
	hello := &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: req.GetHello()}}
	if req.GetHello() == nil {
		hello = &singoffv1.JoinRequest{}
	}
	w := &watch{
		ServerStream: stream,
		hello:        hello,
		commands:     make(chan *singoffv1.JoinRequest),
		sending:      make(chan struct{}, 1),
		over:         make(chan struct{}),
	}
	defer close(w.over)
	kernel := acks.From(stream.Context())
	return r.serve(w, serving{
		beat:   r.cfg.BeatInterval,
		taking: func() bool { return taking(kernel) },
		onJoin: func(id [16]byte, user rules.User) {
			w.user = user
			r.watches.add(id, w)
			context.AfterFunc(stream.Context(), func() { r.watches.remove(id) })
		},
	})
}

// takingWithin is how lately a machine that is taking something has acknowledged some of it.
const takingWithin = 4 * time.Second

// taking: a link so slow that a sign of life waits for seconds behind what the room said before. The Ping that answers it comes on another connection.
func taking(k acks.Kernel) bool {
	queued, _ := k.Queued()
	_, ago, told := k.Acked()
	return told && queued > 0 && ago < takingWithin
}

// watch is a Stream of two halves: a server-streaming call to the client, and the calls of Send.
type watch struct {
	grpc.ServerStream
	out   outbound
	hello *singoffv1.JoinRequest // until it was received
	user  rules.User             // set before it can be found

	commands chan *singoffv1.JoinRequest // from Send to Receive
	over     chan struct{}               // closed with the end of Watch

	// sending has a slot for the Send that is under way; it protects what follows.
	sending  chan struct{}
	lastSend uint64
	answer   *singoffv1.SendResponse // to lastSend
	next     uint64                  // number after that of the newest numbered command
}

// Peer implements Stream.
func (w *watch) Peer() Peer { return PeerOf(w.Context()) }

// Receive implements Stream. There is no half-close: the end is that of the context.
func (w *watch) Receive() (*singoffv1.JoinRequest, error) {
	if hello := w.hello; hello != nil {
		w.hello = nil
		return hello, nil
	}
	select {
	case req := <-w.commands:
		return req, nil
	case <-w.Context().Done():
		return nil, w.Context().Err()
	}
}

// Send implements Stream.
func (w *watch) Send(parts [][]byte) error {
	w.out.parts = parts
	return w.SendMsg(&w.out)
}

// watches are those that have joined, by their connection's id.
type watches struct {
	mu   sync.Mutex
	open map[[16]byte]*watch
}

func (ws *watches) add(id [16]byte, w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.open[id] = w
}

func (ws *watches) remove(id [16]byte) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.open, id)
}

// find gives nil if there is none. An id is 128 secret random bits: how long a lookup takes tells nothing of use.
func (ws *watches) find(id [16]byte) *watch {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.open[id]
}
