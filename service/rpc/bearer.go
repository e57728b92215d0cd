package rpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Bearer lets calls in that carry one secret token, `authorization: Bearer TOKEN`.
type Bearer struct {
	sum    [sha256.Size]byte
	logger zerolog.Logger
}

// NewBearer takes the token, and a logger for those who have another one or none.
func NewBearer(token string, logger zerolog.Logger) *Bearer {
	return &Bearer{sum: sha256.Sum256([]byte(token)), logger: logger}
}

// Unary is an interceptor: a call without the token ends with UNAUTHENTICATED.
func (b *Bearer) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if err := b.check(ctx, info.FullMethod); err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}

// Stream is an interceptor: a stream without the token ends with UNAUTHENTICATED.
func (b *Bearer) Stream() grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if err := b.check(stream.Context(), info.FullMethod); err != nil {
			return err
		}
		return handler(srv, stream)
	}
}

func (b *Bearer) check(ctx context.Context, method string) error {
	md, _ := metadata.FromIncomingContext(ctx)
	given := md.Get(tokenHeader)
	if len(given) == 1 {
		scheme, token, _ := strings.Cut(given[0], " ")
		sum := sha256.Sum256([]byte(token))
		if strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(sum[:], b.sum[:]) == 1 {
			return nil
		}
	}
	b.logger.Warn().Str("who", PeerOf(ctx).Addr).Str("method", method).Bool("token_given", len(given) > 0).Msg("operator: not let in")
	return status.Errorf(codes.Unauthenticated, "%s: must be `Bearer` and the operator's token", tokenHeader)
}
