package transport

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Fetch is grpc-web over plain HTTP requests, which passes where websockets don't: a Watch says what a Join would, and calls of Send carry the
// commands. All streams and calls share their connections, over HTTP/1.1 or HTTP/2.
type Fetch struct {
	base string
	pool *pool
}

// NewFetch makes a Transport over HTTP requests. Nothing is sent yet.
func NewFetch(config HTTPConfig) (*Fetch, error) {
	base, err := config.base()
	if err != nil {
		return nil, err
	}
	return &Fetch{base: base, pool: newPool(config, false)}, nil
}

// Join prepares a stream; the request is made with the Hello.
func (f *Fetch) Join(ctx context.Context) (Stream, error) {
	generation, err := f.pool.acquire()
	if err != nil {
		return nil, err
	}
	s := &fetchStream{
		fetch: f, generation: generation, opened: make(chan struct{}), id: make(chan []byte, 1), queue: make(chan *singoffv1.JoinRequest, sendCommands),
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	stop := context.AfterFunc(f.pool.ctx, func() { s.cancel(ErrClosed) })
	s.loops.Go(s.sendLoop)
	context.AfterFunc(s.ctx, func() {
		stop()
		s.loops.Wait()
		generation.release()
	})
	return s, nil
}

// Unary makes one call.
func (f *Fetch) Unary(ctx context.Context, method string, request, answer proto.Message) error {
	generation, err := f.pool.acquire()
	if err != nil {
		return err
	}
	defer generation.release()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(f.pool.ctx, func() { cancel(ErrClosed) })()
	return f.unary(ctx, f.client(generation, method), request, answer)
}

// Close breaks everything, and waits for it; later calls fail with ErrClosed.
func (f *Fetch) Close() error {
	f.pool.close()
	return nil
}

// distrust makes later streams and calls use other connections.
func (f *Fetch) distrust() {
	if generation, err := f.pool.acquire(); err == nil {
		generation.retire()
		generation.release()
	}
}

type client = connect.Client[body, body]

func (f *Fetch) client(generation *generation, method string) *client {
	return connect.NewClient[body, body](generation.client, f.base+method,
		connect.WithGRPCWeb(), connect.WithCodec(codec{}), connect.WithReadMaxBytes(receiveBytes), connect.WithAcceptCompression("gzip", nil, nil))
}

func (f *Fetch) unary(ctx context.Context, c *client, request, answer proto.Message) error {
	call := connect.NewRequest(&body{message: request})
	for _, h := range headersOf(ctx) {
		call.Header().Set(h.name, h.value)
	}
	response, err := c.CallUnary(ctx, call)
	if err != nil {
		return fetchError(ctx, err)
	}
	if err := proto.Unmarshal(response.Msg.encoded, answer); err != nil {
		return &FailedError{Kind: KindFetch, Code: codes.Internal, Err: err}
	}
	return nil
}

// fetchError is a status error: as the server said it, or a *FailedError.
func fetchError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return causeError(KindFetch, cause)
	}
	code := codes.Code(connect.CodeOf(err))
	said, ok := errors.AsType[*connect.Error](err)
	switch {
	case ok && connect.IsWireError(err):
		return status.Error(code, said.Message())
	case ok:
		err = errors.New(said.Message())
	}
	return &FailedError{Kind: KindFetch, Code: code, Err: err}
}

// body is a message of either direction: message on its way out, encoded on its way in.
type body struct {
	message proto.Message
	encoded []byte
}

// codec encodes bodies as protobuf does their messages.
type codec struct{}

// Name is that of connect's own codec: on the wire nothing differs.
func (codec) Name() string { return "proto" }

// Marshal encodes a body's message.
func (codec) Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case *body:
		return proto.Marshal(v.message)
	case proto.Message:
		return proto.Marshal(v)
	}
	return nil, fmt.Errorf("transport: a %T can't be encoded", v)
}

// Unmarshal keeps the bytes for whoever knows what they are.
func (codec) Unmarshal(b []byte, v any) error {
	switch v := v.(type) {
	case *body:
		v.encoded = append([]byte(nil), b...)
		return nil
	case proto.Message:
		return proto.Unmarshal(b, v)
	}
	return fmt.Errorf("transport: a %T can't be decoded", v)
}
