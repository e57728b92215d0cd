package transport

import (
	"context"
	"encoding/base64"

	"google.golang.org/grpc/metadata"
)

// Headers that say who makes a unary call.
const (
	tokenHeader    = "authorization"
	guestKeyHeader = "singoff-guest-key"
)

type identityKey struct{}

// identity is a header, and its value.
type identity struct{ header, value string }

// WithToken has unary calls show a token of a signed-in user; empty: nothing. A Join shows it in its Hello.
func WithToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return context.WithValue(ctx, identityKey{}, identity{})
	}
	return context.WithValue(ctx, identityKey{}, identity{tokenHeader, "Bearer " + token})
}

// WithGuestKey has unary calls show a guest's secret key, in place of a token; empty: nothing. A Join shows it in its Hello.
func WithGuestKey(ctx context.Context, key []byte) context.Context {
	if len(key) == 0 {
		return context.WithValue(ctx, identityKey{}, identity{})
	}
	return context.WithValue(ctx, identityKey{}, identity{guestKeyHeader, base64.RawURLEncoding.EncodeToString(key)})
}

// identityOf is what a call shows; false: nothing.
func identityOf(ctx context.Context) (identity, bool) {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id, id.header != ""
}

// outgoing puts the identity where native gRPC looks for it.
func outgoing(ctx context.Context) context.Context {
	if id, ok := identityOf(ctx); ok {
		return metadata.AppendToOutgoingContext(ctx, id.header, id.value)
	}
	return ctx
}
