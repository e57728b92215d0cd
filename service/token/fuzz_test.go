package token_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/singoff/singoff/service/token"
)

// FuzzVerify: whatever is handed in, nothing panics; what is taken was signed with the server's secret and keeps the bounds; what is refused says
// why. Each input is tried as it is, and once more with its first two parts signed well, so that the claims are reached.
func FuzzVerify(f *testing.F) {
	v := verifier(f, string(secret))
	f.Add(sign(f, jwt.SigningMethodHS256, secret, good(jwt.MapClaims{"name": "미나", "room": "friday", "role": "singer", "aud": "singoff"})))
	f.Add(sign(f, jwt.SigningMethodHS256, secret, good(nil), "kid", "a"))
	f.Add(sign(f, jwt.SigningMethodEdDSA, private, good(nil)))
	f.Add(signRaw(f, hs256, `{"exp":1e9,"sub":"\ud800","sub":[]}`))
	f.Add(unsigned(`{"alg":"none"}`, `{}`))
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := v.Verify(text)
		checkVerdict(t, text, claims, err)
		if err == nil && !signed(text) {
			t.Fatalf("%q was taken without the secret", text)
		}
		parts := strings.SplitN(text, ".", 3)
		if len(parts) < 2 {
			return
		}
		body := parts[0] + "." + parts[1]
		again := body + "." + base64.RawURLEncoding.EncodeToString(mac(body))
		claims, err = v.Verify(again)
		checkVerdict(t, again, claims, err)
	})
}

func mac(body string) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(body))
	return m.Sum(nil)
}

func signed(text string) bool {
	i := strings.LastIndex(text, ".")
	signature, err := base64.RawURLEncoding.DecodeString(text[i+1:])
	return err == nil && hmac.Equal(signature, mac(text[:i]))
}

func checkVerdict(t *testing.T, text string, c token.Claims, err error) {
	t.Helper()
	if err != nil {
		e, ok := errors.AsType[*token.Error](err)
		if !ok || e.Wrong == "" || errors.Is(err, token.ErrExpired) == errors.Is(err, token.ErrRefused) || c != (token.Claims{}) {
			t.Fatalf("%q: got %+v, %v, want one reason and no claims", text, c, err)
		}
		return
	}
	if c.Subject == "" || len(c.Subject) > token.MaxSubjectBytes || !utf8.ValidString(c.Subject) || len(c.Name) > token.MaxNameBytes ||
		time.Until(c.Expires) > token.Horizon || len(c.Room) > 64 || len(text) > token.MaxBytes {
		t.Fatalf("%q: got %+v, beyond the bounds", text, c)
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, test := range map[string]struct{ key, token string }{
		"HS256": {string(secret), sign(b, jwt.SigningMethodHS256, secret, good(jwt.MapClaims{"name": "미나", "room": "friday"}))},
		"EdDSA": {publicPEM(b, public), sign(b, jwt.SigningMethodEdDSA, private, good(jwt.MapClaims{"name": "미나", "room": "friday"}))},
	} {
		b.Run(name, func(b *testing.B) {
			v := verifier(b, test.key)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(test.token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
