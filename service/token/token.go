// Package token checks the signed tokens (JWT) by which an operator's own users sign in.
// A Verifier has the keys of one file, and reads it again when it changes; it takes HS256 and EdDSA alone, whatever a token says of itself. What
// a token must hold is in Claims; a refusal says which claim is wrong, and never repeats the token.
package token

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/reload"
)

// Bounds of a token.
const (
	// MaxBytes of a token.
	MaxBytes = 8 << 10
	// MaxSubjectBytes of `sub`, and MaxNameBytes of `name`.
	MaxSubjectBytes = 255
	MaxNameBytes    = 255
	// Horizon is how far ahead `exp` may be: longer, and a stolen token is good for ever.
	Horizon = 366 * 24 * time.Hour
	// Leeway is by how much the issuer's clock may be ahead of the server's (`nbf`). `exp` has none: it ends streams to the second.
	Leeway = 30 * time.Second
)

// DefaultAudience is Config.Audience if it is empty.
const DefaultAudience = "singoff"

// What Verify's errors are, to be told apart with errors.Is.
var (
	// ErrExpired: the token was good, and its `exp` has passed.
	ErrExpired = errors.New("token: expired")
	// ErrRefused: the token isn't good, or not yet.
	ErrRefused = errors.New("token: refused")
)

// Claims are what a good token says.
type Claims struct {
	// Subject is who it is (`sub`): 1 to MaxSubjectBytes, compared byte by byte.
	Subject string
	// Name is how they are shown if their Hello doesn't say (`name`); empty: not said.
	Name string
	// Namespace and Room are all that it lets into (`namespace`, `room`): ids; empty: any.
	Namespace, Room string
	// Role is the only one it lets in as (`role`: singer, watcher, observer); unspecified: any.
	Role singoffv1.Role
	// Expires is when it ends (`exp`), without a monotonic reading: compare it with the wall clock.
	Expires time.Time
}

// Config of a Verifier.
type Config struct {
	// KeyFile has the key or keys, at most 256 KiB; see Verifier. Required.
	KeyFile string
	// Audience that a token must name if it names any (`aud`). Default DefaultAudience.
	Audience string
	// Logger gets a line when new keys are in use, and when they can't be read. The zero one logs nothing.
	Logger zerolog.Logger
}

// Verifier checks tokens. Its methods may be called concurrently.
//
// Its file holds one of:
//   - a JWKS, if it begins with `{`: keys of kty OKP with crv Ed25519, or oct. Several need a `kid` each. Keys of other kinds are left out;
//   - a PEM block, if it begins with `-----BEGIN`: an Ed25519 public key (PUBLIC KEY);
//   - else a secret for HS256: the bytes of the file without one line end at its end; or, if it begins with `base64:`, what follows, decoded
//     (either alphabet, padded or not). At least 32 bytes, here as in a JWKS.
//
// The file is looked at again when a token is checked, at most once a second. While it can't be read, or makes no sense, the keys before
// stay in use.
type Verifier struct {
	cfg    Config
	parser *jwt.Parser
	keys   *reload.Files[*keys]
}

// maxKeyFile is the largest file of keys.
const maxKeyFile = 256 << 10

// New reads the keys. Errors name the file and what is wrong with it, never the key.
func New(cfg Config) (*Verifier, error) {
	if cfg.KeyFile == "" {
		return nil, errors.New("token: Config.KeyFile is missing")
	}
	if cfg.Audience == "" {
		cfg.Audience = DefaultAudience
	}
	v := &Verifier{cfg: cfg, parser: jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())}
	var err error
	v.keys, err = reload.Open(reload.Config[*keys]{Paths: []string{cfg.KeyFile}, MaxBytes: maxKeyFile, Make: v.parse, Changed: v.changed})
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return v, nil
}

func (v *Verifier) parse(contents [][]byte) (*keys, error) {
	found, err := parseKeys(contents[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.cfg.KeyFile, err)
	}
	return found, nil
}

func (v *Verifier) changed(now *keys, err error) {
	if err != nil {
		v.cfg.Logger.Error().Err(err).Msg("the key file has changed and is of no use; the keys before stay in use")
		return
	}
	v.cfg.Logger.Info().Str("file", v.cfg.KeyFile).Int("keys", len(now.all)).Msg("new keys for tokens")
}

// Verify checks a token. The error is an *Error.
func (v *Verifier) Verify(token string) (Claims, error) {
	if len(token) > MaxBytes {
		return Claims{}, refuse("", "has %d bytes, the limit is %d", len(token), MaxBytes)
	}
	var payload rawClaims
	if _, err := v.parser.ParseWithClaims(token, &payload, v.keys.Current().of); err != nil {
		return Claims{}, explain(err)
	}
	return v.read(payload, time.Now())
}

// explain makes an *Error of what the library says of a token whose signature wasn't found good. Its own words may repeat the token.
func explain(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return refuse("", "isn't a JWT: three parts of base64url, a header and claims in JSON, and a signature")
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return refuse("alg", "is missing, or not known")
	}
	return refuse("", "has a signature that isn't by a key of this server")
}

// Error is why a token isn't accepted. It never repeats the token.
type Error struct {
	// Claim at fault: `exp`, or `alg` and `kid` of the header; empty: the token as a whole.
	Claim string
	// Wrong is a sentence without its subject: `has passed`.
	Wrong string

	expired bool
}

// Error names the claim.
func (e *Error) Error() string { return "token: " + e.Message() }

// Message is for the client: the claim and what is wrong with it.
func (e *Error) Message() string {
	if e.Claim == "" {
		return e.Wrong
	}
	return e.Claim + " " + e.Wrong
}

// Is tells ErrExpired from ErrRefused.
func (e *Error) Is(target error) bool {
	if e.expired {
		return target == ErrExpired
	}
	return target == ErrRefused
}

func refuse(claim, format string, args ...any) *Error {
	return &Error{Claim: claim, Wrong: fmt.Sprintf(format, args...)}
}
