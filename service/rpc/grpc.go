package rpc

import (
	"context"
	"runtime/debug"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// MaxReceiveBytes is what grpc.MaxRecvMsgSize must be: beyond Limits.message_bytes, so that a message that is somewhat too large ends
// with a Goaway that names the limit. gRPC itself ends a stream with a still larger one, by a status alone.
const MaxReceiveBytes = 256 << 10

// Join implements singoffv1.RoomServiceServer.
func (r *Room) Join(stream singoffv1.RoomService_JoinServer) error {
	return r.Serve(&grpcStream{
		ServerStream: stream,
		in:           inbound{limit: int(r.cfg.Limits.GetMessageBytes())},
	})
}

// grpcStream is a Stream over gRPC. in belongs to the reader, out to the writer.
type grpcStream struct {
	grpc.ServerStream
	in  inbound
	out outbound
}

// Peer implements Stream.
func (s *grpcStream) Peer() Peer { return PeerOf(s.Context()) }

// Receive implements Stream.
func (s *grpcStream) Receive() (*singoffv1.JoinRequest, error) {
	s.in.request, s.in.err = nil, nil
	if err := s.RecvMsg(&s.in); err != nil {
		return nil, err
	}
	return s.in.request, s.in.err
}

// Send implements Stream.
func (s *grpcStream) Send(parts [][]byte) error {
	s.out.parts = parts
	return s.SendMsg(&s.out)
}

// RecoverUnary is an interceptor: a panic is logged and answered with INTERNAL.
func RecoverUnary(logger zerolog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
		defer recoverTo(&err, logger, info.FullMethod)
		return handler(ctx, req)
	}
}

// RecoverStream is an interceptor: a panic is logged and answered with INTERNAL.
func RecoverStream(logger zerolog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		defer recoverTo(&err, logger, info.FullMethod)
		return handler(srv, stream)
	}
}

func recoverTo(err *error, logger zerolog.Logger, method string) {
	if p := recover(); p != nil {
		logger.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Str("method", method).Msg("panic in a call")
		*err = status.Error(codes.Internal, "internal error")
	}
}
