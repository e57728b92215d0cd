// Package transport is the seam between the SDK and the way its messages travel.
// A Transport opens streams of Join to one server and makes unary calls; native gRPC is one, others (a websocket, fetch) are to follow.
// It knows nothing of rooms: what to send, repeat and wait for is decided above it.
package transport

import (
	"context"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Transport reaches one server. All its methods may be called concurrently.
type Transport interface {
	// Join opens a stream, or fails with a gRPC status error. It makes one try to reach the server: repeating is the caller's. Ending
	// ctx breaks the stream without leaving the room.
	Join(ctx context.Context) (Stream, error)
	// Unary calls a method by its full name, `/singoff.v1.RoomService/ListRooms`, or fails with a gRPC status error.
	Unary(ctx context.Context, method string, request, answer proto.Message) error
	// Close breaks all streams and calls under way.
	Close() error
}

// Stream is one Join. Send and Recv may run together, but each from one goroutine at a time.
type Stream interface {
	// Send hands a message on. It may wait for the server to read. After an error, Recv tells why.
	Send(*singoffv1.JoinRequest) error
	// Recv waits for the next message. io.EOF is the end with status OK; any other error is a gRPC status error.
	Recv() (*singoffv1.JoinResponse, error)
	// Distrust says that the connection below seems dead: the next Join mustn't use it again. It ends nothing by itself.
	Distrust()
}
