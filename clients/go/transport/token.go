package transport

import (
	"context"

	"google.golang.org/grpc/metadata"
)

// tokenHeader says who makes a unary call.
const tokenHeader = "authorization"

type tokenKey struct{}

// WithToken has unary calls show a token of a signed-in user. A Join shows it in its Hello.
func WithToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, tokenKey{}, token)
}

// bearerOf is the header's value; empty: there is none.
func bearerOf(ctx context.Context) string {
	if token, ok := ctx.Value(tokenKey{}).(string); ok && token != "" {
		return "Bearer " + token
	}
	return ""
}

// outgoing puts the token where native gRPC looks for it.
func outgoing(ctx context.Context) context.Context {
	if bearer := bearerOf(ctx); bearer != "" {
		return metadata.AppendToOutgoingContext(ctx, tokenHeader, bearer)
	}
	return ctx
}
