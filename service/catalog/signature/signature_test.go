package signature_test

import (
	"bytes"
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/service/catalog/signature"
)

var now = time.Date(2026, 11, 25, 20, 3, 0, 0, time.UTC)

func signer(t *testing.T, secret byte) *signature.Signer {
	t.Helper()
	s, err := signature.NewSigner(bytes.Repeat([]byte{secret}, signature.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parts(t *testing.T, address string) (string, url.Values) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path, u.Query()
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	s := signer(t, 1)
	address := s.Sign("/songs/a/audio", "default", now)
	path, query := parts(t, address)
	for after, want := range map[time.Duration]error{0: nil, 12 * time.Hour: nil, 12*time.Hour + 15*time.Minute: signature.ErrExpired, -time.Hour: nil} {
		namespace, err := s.Check(path, query, now.Add(after))
		if !errors.Is(err, want) || err == nil && namespace != "default" {
			t.Errorf("after %v: got %q, %v, want %v", after, namespace, err, want)
		}
	}
	if again := s.Sign("/songs/a/audio", "default", now.Add(5*time.Minute)); again != address {
		t.Errorf("got %s five minutes later, want the same address: %s", again, address)
	}
}

func TestForgeries(t *testing.T) {
	t.Parallel()
	s := signer(t, 1)
	path, good := parts(t, s.Sign("/songs/a/audio", "default", now))
	with := func(name, value string) url.Values {
		q := maps.Clone(good)
		q.Set(name, value)
		return q
	}
	_, moved := parts(t, s.Sign("/songs/a/audi", "odefault", now))
	tests := map[string]struct {
		s     *signature.Signer
		path  string
		query url.Values
		want  error
	}{
		"none":              {s, path, url.Values{}, signature.ErrMissing},
		"another path":      {s, "/songs/b/audio", good, signature.ErrWrong},
		"another namespace": {s, path, with("ns", "other"), signature.ErrWrong},
		"moved border":      {s, path, moved, signature.ErrWrong},
		"later":             {s, path, with("until", "99999999999"), signature.ErrWrong},
		"no number":         {s, path, with("until", "x"), signature.ErrWrong},
		"cut":               {s, path, with("sig", good.Get("sig")[:10]), signature.ErrWrong},
		"empty":             {s, path, with("sig", ""), signature.ErrWrong},
		"another secret":    {signer(t, 2), path, good, signature.ErrWrong},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := tt.s.Check(tt.path, tt.query, now); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestShortSecret(t *testing.T) {
	t.Parallel()
	if _, err := signature.NewSigner([]byte("short")); err == nil || !strings.Contains(err.Error(), "has 5 bytes, must have at least 32") {
		t.Errorf("got %v, want a refusal with both lengths", err)
	}
}
