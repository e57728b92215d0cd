package token

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// jwk is one key of a JWKS, as far as it matters here.
type jwk struct {
	Kty    string   `json:"kty"`
	Crv    string   `json:"crv"`
	Kid    string   `json:"kid"`
	Alg    string   `json:"alg"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
	X      string   `json:"x"`
	K      string   `json:"k"`
	D      string   `json:"d"`
}

// parseJWKS takes the keys it can use and leaves the others out, as issuers have keys of many kinds in one set.
func parseJWKS(data []byte) (*keys, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, errors.New("begins like a JWKS, and isn't one: JSON with a list `keys`")
	}
	found := &keys{named: true}
	for i, k := range set.Keys {
		one, usable, err := k.key()
		if err != nil {
			return nil, fmt.Errorf("keys[%d]: %w", i, err)
		}
		if usable {
			found.all = append(found.all, one)
		}
	}
	if err := found.checkNames(len(set.Keys)); err != nil {
		return nil, err
	}
	return found, nil
}

func (k *keys) checkNames(listed int) error {
	switch {
	case len(k.all) == 0:
		return fmt.Errorf("has no key that can be used, of %d: kty OKP with crv Ed25519, or oct, for signatures", listed)
	case len(k.all) == 1:
		k.named = k.all[0].id != ""
		return nil
	}
	seen := map[string]bool{}
	for _, one := range k.all {
		switch {
		case one.id == "":
			return errors.New("has several keys, and one of them has no kid")
		case seen[one.id]:
			return errors.New("has two keys with the same kid")
		}
		seen[one.id] = true
	}
	return nil
}

// key makes one that can be used; false: it is for something else, or of another kind.
func (k jwk) key() (one key, usable bool, err error) {
	switch {
	case k.Use != "" && k.Use != "sig" || !checks(k.KeyOps):
		return key{}, false, nil
	case k.Kty == "OKP" && k.Crv == "Ed25519" && (k.Alg == "" || k.Alg == algEdDSA || k.Alg == "Ed25519"):
		if k.D != "" {
			return key{}, false, errors.New("holds the private part (d); the server needs the public one alone")
		}
		public, err := decodeBase64(k.X)
		if err != nil || len(public) != ed25519.PublicKeySize {
			return key{}, false, fmt.Errorf("x isn't base64url of %d bytes", ed25519.PublicKeySize)
		}
		return key{id: k.Kid, alg: algEdDSA, value: ed25519.PublicKey(public)}, true, nil
	case k.Kty == "oct" && (k.Alg == "" || k.Alg == algHS256):
		secret, err := decodeBase64(k.K)
		if err != nil || len(secret) < secretBytes {
			return key{}, false, fmt.Errorf("k isn't base64url of at least %d bytes", secretBytes)
		}
		return key{id: k.Kid, alg: algHS256, value: secret}, true, nil
	}
	return key{}, false, nil
}

// checks tells whether a key may be used to check signatures. Who can sign with a secret can check with it.
func checks(ops []string) bool {
	return ops == nil || slices.Contains(ops, "verify") || slices.Contains(ops, "sign")
}
