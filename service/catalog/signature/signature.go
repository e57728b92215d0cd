// Package signature makes addresses of songs that work for a while, and for one namespace alone. What is signed is a path and the namespace;
// the signature and the time of its end are parameters of the address, so nothing about it needs to be remembered. Ends are rounded up to
// the next quarter of an hour: within one, the same song has the same address, and a browser what it has already fetched.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

var (
	// ErrMissing is returned for an address without a signature.
	ErrMissing = errors.New("the address isn't signed")
	// ErrWrong is returned for a signature of another path, namespace or key.
	ErrWrong = errors.New("the address's signature is wrong")
	// ErrExpired is returned for a signature whose time is over.
	ErrExpired = errors.New("the address has expired")
)

// SecretBytes is how long a secret is at least.
const SecretBytes = 32

const (
	// lifetime of a signature, at least.
	lifetime = 12 * time.Hour
	rounding = 15 * time.Minute
)

// Signer signs and checks with one secret. Its methods may be called concurrently.
type Signer struct{ secret []byte }

// NewSigner takes a secret of at least SecretBytes.
func NewSigner(secret []byte) (*Signer, error) {
	if len(secret) < SecretBytes {
		return nil, fmt.Errorf("signing secret: has %d bytes, must have at least %d", len(secret), SecretBytes)
	}
	return &Signer{secret: secret}, nil
}

// Sign gives the path with its signature, for use in a namespace for the next 12 hours.
func (s *Signer) Sign(path, namespace string, now time.Time) string {
	until := now.Add(lifetime + rounding - 1).Truncate(rounding).Unix()
	values := url.Values{"ns": {namespace}, "until": {strconv.FormatInt(until, 10)}, "sig": {s.mac(path, namespace, until)}}
	return path + "?" + values.Encode()
}

// Check says whether the parameters are a signature of the path, and for which namespace. Errors are ErrMissing, ErrWrong and ErrExpired.
func (s *Signer) Check(path string, query url.Values, now time.Time) (namespace string, err error) {
	if !query.Has("sig") {
		return "", ErrMissing
	}
	namespace = query.Get("ns")
	until, err := strconv.ParseInt(query.Get("until"), 10, 64)
	if err != nil || !hmac.Equal([]byte(query.Get("sig")), []byte(s.mac(path, namespace, until))) {
		return "", ErrWrong
	}
	if now.Unix() >= until {
		return "", ErrExpired
	}
	return namespace, nil
}

// mac is over texts whose lengths are part of it, so that none can be moved from one into the other.
func (s *Signer) mac(path, namespace string, until int64) string {
	h := hmac.New(sha256.New, s.secret)
	b := binary.BigEndian.AppendUint32([]byte("singoff song"), uint32(len(path)))
	b = append(b, path...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(namespace)))
	b = append(b, namespace...)
	h.Write(binary.BigEndian.AppendUint64(b, uint64(until)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}
