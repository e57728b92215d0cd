package rpc

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/service/room/rules"
)

// The metadata by which a unary call says who asks: a token, or a guest's key in base64 of either alphabet.
const (
	tokenHeader    = "authorization"
	guestKeyHeader = "singoff-guest-key"
)

// identity is who makes a unary call.
type identity struct {
	user rules.User
	// known: the call said who it is.
	known bool
}

// identityOf reads a call's metadata by the same rules as a Hello's. The error is a gRPC status.
func identityOf(ctx context.Context) (identity, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	token, keys := md.Get(tokenHeader), md.Get(guestKeyHeader)
	switch {
	case len(token)+len(keys) > 1:
		return identity{}, status.Errorf(codes.InvalidArgument, "%s, %s: send one of them, once", tokenHeader, guestKeyHeader)
	case len(token) == 1:
		return identity{}, status.Errorf(codes.Unauthenticated, "%s: isn't accepted: this server has no key to check tokens with", tokenHeader)
	case len(keys) == 0:
		return identity{}, nil
	}
	key, err := decodeGuestKey(keys[0])
	if err != nil {
		return identity{}, status.Errorf(codes.InvalidArgument, "%s: %v", guestKeyHeader, err)
	}
	return identity{user: rules.Guest(key), known: true}, nil
}

// decodeGuestKey never repeats the key in its error: it is secret.
func decodeGuestKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
	key, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("isn't base64 of %d bytes", guestKeyBytes)
	}
	if len(key) != guestKeyBytes {
		return nil, fmt.Errorf("has %d bytes, must have %d", len(key), guestKeyBytes)
	}
	return key, nil
}
