package socket

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
)

// frameHead is the size of a gRPC frame's header.
const frameHead = 5

// keptBuffer is the largest buffer that a stream keeps between messages.
const keptBuffer = 2 << 10

// stream is a Join as rpc serves it. in and its kin belong to the reader, head and prelude to the writer.
type stream struct {
	link *link
	ctx  context.Context

	in     []byte
	inHead [frameHead]byte
	err    error // what Receive ended with

	prelude []byte // the response's headers, until they are sent
	head    [frameHead]byte
}

// join serves a Join and gives its status as trailers.
func (l *link) join(header http.Header) []byte {
	ctx, cancel, err := withDeadline(l.ctx, header.Get("Grpc-Timeout"))
	if err != nil {
		return statusBlock(status.New(codes.Internal, err.Error()))
	}
	defer cancel()
	s := &stream{link: l, ctx: ctx, prelude: joinHeaders}
	err = l.handler.cfg.Serve(s)
	if errors.Is(context.Cause(l.ctx), errShutdown) {
		err = shuttingDown.Err()
	}
	return statusBlock(status.Convert(err))
}

// withDeadline ends the context after a grpc-timeout, if there is one.
func withDeadline(ctx context.Context, text string) (context.Context, context.CancelFunc, error) {
	if text == "" {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, nil
	}
	timeout, err := parseTimeout(text)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, nil
}

// Context implements rpc.Stream.
func (s *stream) Context() context.Context { return s.ctx }

// Peer implements rpc.Stream.
func (s *stream) Peer() rpc.Peer { return s.link.peer }

// Receive implements rpc.Stream.
func (s *stream) Receive() (*singoffv1.JoinRequest, error) {
	if s.err != nil {
		return nil, s.err
	}
	select {
	case s.link.reading <- struct{}{}:
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	}
	defer func() { <-s.link.reading }()
	request, err := s.receive()
	s.err = err
	switch {
	case err == nil, errors.Is(err, rpc.ErrTooLarge), errors.Is(err, rpc.ErrMalformed):
	case errors.Is(err, io.EOF):
		s.link.loops.Go(s.link.drainLoop)
	default:
		s.link.inputFailed(err)
	}
	return request, err
}

// receive reads one gRPC frame.
func (s *stream) receive() (*singoffv1.JoinRequest, error) {
	if _, err := io.ReadFull(s.link.wire, s.inHead[:]); err != nil {
		return nil, cutShort(err)
	}
	size, limit := binary.BigEndian.Uint32(s.inHead[1:]), s.link.handler.cfg.MessageBytes
	switch {
	case s.inHead[0] != 0:
		return nil, fmt.Errorf("%w: its frame has flags %#x, which aren't spoken here: no compression, no trailers", rpc.ErrMalformed, s.inHead[0])
	case int64(size) > int64(limit):
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", rpc.ErrTooLarge, size, limit)
	}
	if cap(s.in) < int(size) {
		s.in = make([]byte, size)
	}
	data := s.in[:size]
	if cap(s.in) > keptBuffer {
		s.in = nil
	}
	if _, err := io.ReadFull(s.link.wire, data); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, cutShort(err)
	}
	return rpc.Decode(data, limit)
}

// cutShort: an end of sending within a frame is the client's fault.
func cutShort(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: sending ended within it", rpc.ErrMalformed)
	}
	return err
}

// Send implements rpc.Stream.
func (s *stream) Send(parts [][]byte) error {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	putLength(s.head[:], 0, size)
	m := message{prelude: s.prelude, head: s.head[:], parts: parts}
	s.prelude = nil
	return s.link.out.send(m, s.ctx.Done())
}

// parseTimeout reads a grpc-timeout: at most eight digits and a unit.
func parseTimeout(text string) (time.Duration, error) {
	units := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second,
		'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}
	digits, unit := text[:len(text)-1], units[text[len(text)-1]]
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			unit = 0
		}
		n = n*10 + int(c-'0')
	}
	if unit == 0 || len(digits) == 0 || len(digits) > 8 {
		return 0, fmt.Errorf("grpc-timeout: %q isn't up to eight digits and one of H, M, S, m, u, n", text)
	}
	if time.Duration(n) > math.MaxInt64/unit {
		return math.MaxInt64, nil
	}
	return time.Duration(n) * unit, nil
}
