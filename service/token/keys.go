package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms that are taken.
const (
	algHS256 = "HS256"
	algEdDSA = "EdDSA"
)

// secretBytes is the least of a secret: as much as the hash has.
const secretBytes = 32

// key checks signatures of one algorithm.
type key struct {
	id  string // empty: none
	alg string
	// value is a []byte for HS256, an ed25519.PublicKey for EdDSA.
	value any
}

// keys are those of one file.
type keys struct {
	all []key
	// named: tokens say by `kid` which of them they are signed with.
	named bool
}

// of finds the key of a token by its header. The algorithm is the key's, the token's must be the same.
func (k *keys) of(t *jwt.Token) (any, error) {
	header, _, _ := strings.Cut(t.Raw, ".")
	data, err := base64.RawURLEncoding.Strict().DecodeString(header)
	if err != nil {
		return nil, refuse("", "has a header that isn't base64url")
	}
	o, err := parseObject(data)
	if err != nil {
		return nil, refuse("", "has a header that isn't one JSON object in UTF-8 with each name once")
	}
	if _, there := o["crit"]; there {
		return nil, refuse("crit", "asks for what this server doesn't know")
	}
	id, there, err := o.text("kid")
	if err != nil {
		return nil, refuse("kid", "%v", err)
	}
	fits := k.fitting(t.Method.Alg(), id, there && k.named)
	switch {
	case len(fits) == 1:
		return fits[0].value, nil
	case len(fits) > 1:
		return nil, refuse("kid", "is missing, and this server has several keys")
	case there && k.named:
		return nil, refuse("kid", "and alg name no key of this server")
	}
	return nil, refuse("alg", "isn't that of this server's key: %s", k.algs())
}

func (k *keys) fitting(alg, id string, byID bool) (fits []key) {
	for _, candidate := range k.all {
		if candidate.alg == alg && (!byID || candidate.id == id) {
			fits = append(fits, candidate)
		}
	}
	return fits
}

// algs names the algorithms there is a key for.
func (k *keys) algs() string {
	var names []string
	for _, alg := range []string{algHS256, algEdDSA} {
		if len(k.fitting(alg, "", false)) > 0 {
			names = append(names, alg)
		}
	}
	return strings.Join(names, ", ")
}

// parseKeys reads a key file's bytes. Errors never repeat them.
func parseKeys(data []byte) (*keys, error) {
	switch trimmed := bytes.TrimSpace(data); {
	case len(trimmed) == 0:
		return nil, errors.New("is empty")
	case trimmed[0] == '{':
		return parseJWKS(trimmed)
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN")):
		public, err := parsePEM(trimmed)
		if err != nil {
			return nil, err
		}
		return &keys{all: []key{{alg: algEdDSA, value: public}}}, nil
	}
	secret, err := parseSecret(data)
	if err != nil {
		return nil, err
	}
	return &keys{all: []key{{alg: algHS256, value: secret}}}, nil
}

func parsePEM(data []byte) (ed25519.PublicKey, error) {
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, errors.New("begins like PEM, and isn't")
	case strings.Contains(block.Type, "PRIVATE"):
		return nil, errors.New("is a private key; the server needs the public one alone: openssl pkey -in PRIVATE.pem -pubout")
	case block.Type != "PUBLIC KEY":
		return nil, errors.New("isn't a PUBLIC KEY in PEM")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("has more than one PEM block; several keys are given as a JWKS")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("isn't a public key that can be read")
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("is a key of another kind (%T); an Ed25519 one is needed", parsed)
	}
	return public, nil
}

const base64Prefix = "base64:"

func parseSecret(data []byte) ([]byte, error) {
	secret := bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if text, ok := strings.CutPrefix(string(secret), base64Prefix); ok {
		var err error
		if secret, err = decodeBase64(text); err != nil {
			return nil, fmt.Errorf("has after %q what isn't base64", base64Prefix)
		}
	}
	if len(secret) < secretBytes {
		return nil, fmt.Errorf("is a secret of %d bytes, at least %d are needed", len(secret), secretBytes)
	}
	return bytes.Clone(secret), nil
}

// decodeBase64 takes either alphabet, padded or not.
func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimSpace(text))
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}
