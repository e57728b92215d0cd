package rpc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/limit"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/token"
)

// Door is who may come in: by what they show, and how often. The zero Door lets every guest in, nobody with a token, and has no limits.
type Door struct {
	// Verify checks a token; its errors are *token.Error. nil: there is no key, and tokens are refused rather than ignored.
	Verify func(token string) (token.Claims, error)
	// SignedInOnly keeps guests out.
	SignedInOnly bool
	// Limits of an address; nil: none.
	Limits *limit.Limiter
}

// identity is who makes a stream or call.
type identity struct {
	user rules.User
	// known: they said who they are.
	known bool
	// claims of a signed-in user; nil: a guest.
	claims *token.Claims
}

// expires is when they are to show a fresh token; the zero time: never.
func (i identity) expires() time.Time {
	if i.claims == nil {
		return time.Time{}
	}
	return i.claims.Expires
}

// errNoKey is what becomes of a token where none can be checked.
var errNoKey = errors.New("this server has no key to check tokens with")

// guestsOut is told to who shows no token where one is needed.
const guestsOut = "is missing: this server lets in signed-in users only"

// signIn checks a token.
func (d Door) signIn(text string) (identity, error) {
	if d.Verify == nil {
		return identity{}, errNoKey
	}
	claims, err := d.Verify(text)
	if err != nil {
		return identity{}, err
	}
	return identity{user: rules.SignedIn(claims.Subject), known: true, claims: &claims}, nil
}

// wrongToken says why a token isn't accepted, without a subject: that is the field's name.
func wrongToken(err error) string {
	if e, ok := errors.AsType[*token.Error](err); ok {
		return "isn't accepted: " + e.Message()
	}
	return "isn't accepted: " + err.Error()
}

// badToken is the goodbye to who shows a token that isn't accepted. One that was good and has expired isn't final: who has a fresh one may come.
func badToken(err error) *singoffv1.Goaway {
	g := unauthenticated("hello.token", wrongToken(err))
	if errors.Is(err, token.ErrExpired) {
		g.Reason, g.Final = singoffv1.Goaway_REASON_TOKEN_EXPIRED, false
	}
	return g
}

func unauthenticated(field, wrong string) *singoffv1.Goaway {
	return &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_UNAUTHENTICATED, Final: true, Field: field, Message: wrong}
}

// tooMany is nil for nil.
func tooMany(refused *limit.Refusal) *singoffv1.Goaway {
	if refused == nil {
		return nil
	}
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_TOO_MANY, Message: refused.Message, RetryAfter: durationpb.New(refused.RetryAfter),
	}
}

// The metadata by which a call says who asks: a token, or a guest's key in base64 of either alphabet.
const (
	tokenHeader    = "authorization"
	guestKeyHeader = "singoff-guest-key"
)

// enter lets a call in, by the same rules as a Hello. The error is a gRPC status.
func (d Door) enter(ctx context.Context) (identity, error) {
	if err := d.mayCall(ctx); err != nil {
		return identity{}, err
	}
	who, err := d.shown(ctx)
	if err == nil && d.SignedInOnly && who.claims == nil {
		err = status.Errorf(codes.Unauthenticated, "%s: %s", tokenHeader, guestsOut)
	}
	return who, err
}

// mayCall counts a call of an address. The error is a gRPC status.
func (d Door) mayCall(ctx context.Context) error {
	if refused := d.Limits.Call(PeerOf(ctx).Addr); refused != nil {
		return status.Errorf(codes.ResourceExhausted, "%s; come back in %v", refused.Message, refused.RetryAfter)
	}
	return nil
}

// shown is who a call's metadata says that it is by. The error is a gRPC status.
func (d Door) shown(ctx context.Context) (identity, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	tokens, keys := bearers(md.Get(tokenHeader)), md.Get(guestKeyHeader)
	switch {
	case len(tokens)+len(keys) > 1:
		return identity{}, status.Errorf(codes.InvalidArgument, "%s, %s: send one of them, once", tokenHeader, guestKeyHeader)
	case len(tokens) == 1:
		who, err := d.signIn(tokens[0])
		if err != nil {
			return identity{}, status.Errorf(codes.Unauthenticated, "%s: %s", tokenHeader, wrongToken(err))
		}
		return who, nil
	case len(keys) == 0:
		return identity{}, nil
	}
	key, err := decodeGuestKey(keys[0])
	if err != nil {
		return identity{}, status.Errorf(codes.InvalidArgument, "%s: %v", guestKeyHeader, err)
	}
	return identity{user: rules.Guest(key), known: true}, nil
}

// bearers are the tokens of authorization headers. A password for a proxy on the way (Basic) isn't meant for this server.
func bearers(headers []string) (tokens []string) {
	for _, header := range headers {
		scheme, text, _ := strings.Cut(header, " ")
		switch strings.ToLower(scheme) {
		case "basic":
		case "bearer":
			tokens = append(tokens, strings.TrimSpace(text))
		default:
			tokens = append(tokens, header)
		}
	}
	return tokens
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
