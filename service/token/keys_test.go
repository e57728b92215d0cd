package token_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/token"
)

func TestKeyFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	privatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	okp := `{"kty":"OKP","crv":"Ed25519","x":"` + b64(public) + `"`
	for name, test := range map[string]struct{ content, wrong string }{
		"empty":                   {"", "is empty"},
		"a line end":              {"\n", "is empty"},
		"a short secret":          {"0123456789abcdef0123456789abcde\n", "is a secret of 31 bytes, at least 32 are needed"},
		"a short one in base64":   {"base64:AAAA", "is a secret of 3 bytes"},
		"no base64":               {"base64:" + strings.Repeat("!", 64), "isn't base64"},
		"a private key":           {privatePEM, "openssl pkey"},
		"a key of another kind":   {publicPEM(t, &ec.PublicKey), "ecdsa"},
		"a certificate":           {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "isn't a PUBLIC KEY"},
		"a broken PEM":            {"-----BEGIN PUBLIC KEY-----\nAA", "begins like PEM"},
		"two keys in PEM":         {publicPEM(t, public) + publicPEM(t, public), "more than one"},
		"broken JSON":             {`{"keys":`, "begins like a JWKS"},
		"no keys":                 {`{"keys":[]}`, "no key that can be used, of 0"},
		"keys of other kinds":     {`{"keys":[{"kty":"RSA"},{"kty":"OKP","crv":"X25519"},` + okp + `,"use":"enc"}]}`, "no key that can be used, of 3"},
		"a private JWK":           {`{"keys":[` + okp + `,"d":"AA"}]}`, "keys[0]: holds the private part"},
		"a short x":               {`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`, "keys[0]: x isn't base64url of 32 bytes"},
		"a short k":               {`{"keys":[{"kty":"oct","k":"AA"}]}`, "keys[0]: k isn't base64url of at least 32 bytes"},
		"several without a kid":   {`{"keys":[` + okp + `},` + okp + `,"kid":"a"}]}`, "one of them has no kid"},
		"several of the same kid": {`{"keys":[` + okp + `,"kid":"a"},` + okp + `,"kid":"a"}]}`, "two keys with the same kid"},
		"a huge file":             {strings.Repeat("a", 256<<10+1), "is larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := token.New(token.Config{KeyFile: keyFile(t, test.content)})
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Fatalf("got %v, want it refused: %q", err, test.wrong)
			}
			if len(test.content) > 8 && strings.Contains(err.Error(), strings.TrimSpace(test.content)) {
				t.Errorf("got %q, which repeats the key", err)
			}
		})
	}
	if _, err := token.New(token.Config{KeyFile: "/nowhere/key"}); err == nil {
		t.Error("got no error for a file that isn't there")
	}
	if _, err := token.New(token.Config{}); err == nil {
		t.Error("got no error without a file")
	}
}

// TestKeysAreReadAgain: a new key counts a second later, a broken file and a missing one leave the keys as they are and are told once.
func TestKeysAreReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := keyFile(t, string(secret))
		var log bytes.Buffer
		v, err := token.New(token.Config{KeyFile: path, Logger: zerolog.New(&log)})
		if err != nil {
			t.Fatal(err)
		}
		fresh := []byte(strings.Repeat("n", 32))
		old, renewed := sign(t, jwt.SigningMethodHS256, secret, good(nil)), sign(t, jwt.SigningMethodHS256, fresh, good(nil))
		check := func(when string, taken, refused string) {
			t.Helper()
			if _, err := v.Verify(taken); err != nil {
				t.Errorf("%s: got %v, want it taken", when, err)
			}
			if _, err := v.Verify(refused); err == nil {
				t.Errorf("%s: got it taken, want it refused", when)
			}
		}
		steps := []struct {
			when    string
			content []byte // nil: the file is gone
			fresh   bool
			lines   int // of the log
		}{
			{"as it was", secret, false, 0},
			{"broken", []byte("short"), false, 1},
			{"still broken", []byte("short"), false, 1},
			{"gone", nil, false, 2},
			{"still gone", nil, false, 2},
			{"changed", fresh, true, 3},
			{"unchanged", fresh, true, 3},
		}
		for _, step := range steps {
			if step.content == nil {
				_ = os.Remove(path)
			} else if err := os.WriteFile(path, step.content, 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			taken, refused := old, renewed
			if step.fresh {
				taken, refused = renewed, old
			}
			check(step.when, taken, refused)
			if got := bytes.Count(log.Bytes(), []byte("\n")); got != step.lines {
				t.Errorf("%s: got %d lines of log, want %d:\n%s", step.when, got, step.lines, log.Bytes())
			}
		}
		if bytes.Contains(log.Bytes(), fresh) {
			t.Errorf("got a log that holds a key:\n%s", log.Bytes())
		}
	})
}
