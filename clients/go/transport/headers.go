package transport

import (
	"context"
	"encoding/base64"

	"google.golang.org/grpc/metadata"
)

// Headers that say who makes a unary call, and for which namespace.
const (
	tokenHeader     = "authorization"
	guestKeyHeader  = "singoff-guest-key"
	namespaceHeader = "singoff-namespace"
)

type identityKey struct{}

type namespaceKey struct{}

// header is one of a call's.
type header struct{ name, value string }

// WithToken has unary calls show a token of a signed-in user; empty: nothing. A Join shows it in its Hello.
func WithToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return context.WithValue(ctx, identityKey{}, header{})
	}
	return context.WithValue(ctx, identityKey{}, header{tokenHeader, "Bearer " + token})
}

// WithGuestKey has unary calls show a guest's secret key, in place of a token; empty: nothing. A Join shows it in its Hello.
func WithGuestKey(ctx context.Context, key []byte) context.Context {
	if len(key) == 0 {
		return context.WithValue(ctx, identityKey{}, header{})
	}
	return context.WithValue(ctx, identityKey{}, header{guestKeyHeader, base64.RawURLEncoding.EncodeToString(key)})
}

// WithNamespace has unary calls of MusicService ask for a namespace's songs; empty: the token's, else the server's default. Other requests name theirs.
func WithNamespace(ctx context.Context, namespace string) context.Context {
	if namespace == "" {
		return context.WithValue(ctx, namespaceKey{}, header{})
	}
	return context.WithValue(ctx, namespaceKey{}, header{namespaceHeader, namespace})
}

// headersOf are what a call shows.
func headersOf(ctx context.Context) (shown []header) {
	for _, key := range []any{identityKey{}, namespaceKey{}} {
		if h, _ := ctx.Value(key).(header); h.name != "" {
			shown = append(shown, h)
		}
	}
	return shown
}

// outgoing puts the headers where native gRPC looks for them.
func outgoing(ctx context.Context) context.Context {
	var pairs []string
	for _, h := range headersOf(ctx) {
		pairs = append(pairs, h.name, h.value)
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}
