package token_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/token"
)

var (
	secret  = []byte("correct horse battery staple, 40 bytes!!")
	private = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public  = private.Public().(ed25519.PublicKey)
)

// verifier has the keys of a file with this content.
func verifier(t testing.TB, content string) *token.Verifier {
	t.Helper()
	v, err := token.New(token.Config{KeyFile: keyFile(t, content)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func keyFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func publicPEM(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// good are the claims of an ordinary token, with changes; a nil takes a claim away.
func good(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "mina", "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims, header ...string) string {
	t.Helper()
	made := jwt.NewWithClaims(method, claims)
	for i := 0; i+1 < len(header); i += 2 {
		made.Header[header[i]] = header[i+1]
	}
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signRaw signs a header and claims as they are written.
func signRaw(t testing.TB, header, claims string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(header)) + "." + encode([]byte(claims))
	signature, err := jwt.SigningMethodHS256.Sign(text, secret)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(signature)
}

const hs256 = `{"alg":"HS256"}`

func TestGoodTokens(t *testing.T) {
	t.Parallel()
	exp := time.Now().Add(time.Hour).Truncate(time.Second)
	full := jwt.MapClaims{
		"sub": "user:민아/7", "name": "미나", "namespace": "club", "room": "friday", "role": "singer", "exp": exp.Unix(),
		"nbf": time.Now().Add(20 * time.Second).Unix(), "aud": []string{"other", "singoff"}, "iss": "me", "sid": map[string]int{"a": 1},
	}
	want := token.Claims{
		Subject: "user:민아/7", Name: "미나", Namespace: "club", Room: "friday", Role: singoffv1.Role_ROLE_SINGER, Expires: exp,
	}
	jwks := `{"keys":[{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"},{"kty":"OKP","crv":"Ed25519","kid":"e","x":"` + b64(public) + `","use":"sig"},` +
		`{"kty":"oct","kid":"s","k":"` + b64(secret) + `","alg":"HS256"}]}`
	for name, test := range map[string]struct{ key, token string }{
		"a raw secret":                {string(secret), sign(t, jwt.SigningMethodHS256, secret, full)},
		"a raw secret and a line end": {string(secret) + "\n", sign(t, jwt.SigningMethodHS256, secret, full)},
		"a secret's kid is nobody's":  {string(secret), sign(t, jwt.SigningMethodHS256, secret, full, "kid", "any")},
		"a secret in base64":          {"base64:" + base64.StdEncoding.EncodeToString(secret) + "\r\n", sign(t, jwt.SigningMethodHS256, secret, full)},
		"a secret in base64url":       {"base64:" + b64(secret), sign(t, jwt.SigningMethodHS256, secret, full)},
		"a public key":                {publicPEM(t, public), sign(t, jwt.SigningMethodEdDSA, private, full)},
		"a JWKS, EdDSA":               {jwks, sign(t, jwt.SigningMethodEdDSA, private, full, "kid", "e")},
		"a JWKS, HS256":               {jwks, sign(t, jwt.SigningMethodHS256, secret, full, "kid", "s")},
		"a JWKS, the only one of alg": {jwks, sign(t, jwt.SigningMethodHS256, secret, full)},
		"a JWKS of one without a kid": {`{"keys":[{"kty":"oct","k":"` + b64(secret) + `"}]}`, sign(t, jwt.SigningMethodHS256, secret, full, "kid", "x")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verifier(t, test.key).Verify(test.token)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Expires.Equal(want.Expires) {
				t.Errorf("got the end %v, want %v", got.Expires, want.Expires)
			}
			got.Expires = want.Expires
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func TestLittleIsRequired(t *testing.T) {
	t.Parallel()
	got, err := verifier(t, string(secret)).Verify(sign(t, jwt.SigningMethodHS256, secret, good(nil)))
	if err != nil || got.Subject != "mina" || got.Name+got.Room+got.Namespace != "" || got.Role != singoffv1.Role_ROLE_UNSPECIFIED {
		t.Errorf("got %+v, %v, want mina and nothing else", got, err)
	}
}

func TestClaimsThatAreRefused(t *testing.T) {
	t.Parallel()
	v := verifier(t, string(secret))
	for name, test := range map[string]struct {
		change jwt.MapClaims
		claim  string
		wrong  string
	}{
		"no sub":               {jwt.MapClaims{"sub": nil}, "sub", "is missing"},
		"an empty sub":         {jwt.MapClaims{"sub": ""}, "sub", "has 0 bytes"},
		"a long sub":           {jwt.MapClaims{"sub": strings.Repeat("a", 256)}, "sub", "has 256 bytes, 1 to 255"},
		"a number as sub":      {jwt.MapClaims{"sub": 7}, "sub", "isn't a string"},
		"a list as sub":        {jwt.MapClaims{"sub": []string{"mina"}}, "sub", "isn't a string"},
		"a number as name":     {jwt.MapClaims{"name": 7}, "name", "isn't a string"},
		"a long name":          {jwt.MapClaims{"name": strings.Repeat("a", 256)}, "name", "has 256 bytes"},
		"a room with a slash":  {jwt.MapClaims{"room": "a/b"}, "room", "isn't an id"},
		"an empty room":        {jwt.MapClaims{"room": ""}, "room", "isn't an id"},
		"a long room":          {jwt.MapClaims{"room": strings.Repeat("a", 65)}, "room", "isn't an id"},
		"rooms":                {jwt.MapClaims{"room": []string{"a"}}, "room", "isn't a string"},
		"an empty namespace":   {jwt.MapClaims{"namespace": ""}, "namespace", "isn't an id"},
		"another role":         {jwt.MapClaims{"role": "king"}, "role", "is none of singer"},
		"an empty role":        {jwt.MapClaims{"role": ""}, "role", "is none of singer"},
		"a number as role":     {jwt.MapClaims{"role": 1}, "role", "isn't a string"},
		"no exp":               {jwt.MapClaims{"exp": nil}, "exp", "is missing"},
		"a text as exp":        {jwt.MapClaims{"exp": "tomorrow"}, "exp", "isn't a number"},
		"a negative exp":       {jwt.MapClaims{"exp": -1}, "exp", "isn't a number"},
		"exp in milliseconds":  {jwt.MapClaims{"exp": time.Now().UnixMilli()}, "exp", "isn't a number of seconds"},
		"exp far ahead":        {jwt.MapClaims{"exp": time.Now().Add(token.Horizon + time.Minute).Unix()}, "exp", "more than 366 days ahead"},
		"nbf ahead":            {jwt.MapClaims{"nbf": time.Now().Add(40 * time.Second).Unix()}, "nbf", "isn't good yet"},
		"a text as nbf":        {jwt.MapClaims{"nbf": "0"}, "nbf", "isn't a number"},
		"for another service":  {jwt.MapClaims{"aud": "shop"}, "aud", `doesn't name "singoff"`},
		"for no service":       {jwt.MapClaims{"aud": []string{}}, "aud", `doesn't name "singoff"`},
		"a number as audience": {jwt.MapClaims{"aud": 7}, "aud", "isn't a string or a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, v, sign(t, jwt.SigningMethodHS256, secret, good(test.change)), test.claim, test.wrong)
		})
	}
}

// wantRefusal checks what is said of a token, and that nothing of the token is in it.
func wantRefusal(t *testing.T, v *token.Verifier, text, claim, wrong string) {
	t.Helper()
	claims, err := v.Verify(text)
	got, ok := errors.AsType[*token.Error](err)
	if !ok || !errors.Is(err, token.ErrRefused) || errors.Is(err, token.ErrExpired) {
		t.Fatalf("got %+v, %v, want it refused", claims, err)
	}
	if got.Claim != claim || !strings.Contains(got.Message(), wrong) {
		t.Errorf("got claim %q, %q, want %q, %q", got.Claim, got.Message(), claim, wrong)
	}
	for _, part := range strings.Split(text, ".") {
		if len(part) > 8 && strings.Contains(err.Error(), part) {
			t.Errorf("got %q, which repeats the token", err)
		}
	}
}

func TestTokensThatAreRefusedByTheirForm(t *testing.T) {
	t.Parallel()
	v := verifier(t, string(secret))
	end := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	claims := func(more string) string { return `{"exp":` + end + more + `}` }
	ordinary := sign(t, jwt.SigningMethodHS256, secret, good(nil))
	for name, test := range map[string]struct{ token, claim, wrong string }{
		"nothing":               {"", "", "isn't a JWT"},
		"a word":                {"secretword-secretword", "", "isn't a JWT"},
		"two parts":             {"e30.e30", "", "isn't a JWT"},
		"four parts":            {ordinary + ".e30", "", "isn't a JWT"},
		"padding":               {ordinary + "=", "", "isn't a JWT"},
		"huge":                  {strings.Repeat("a", token.MaxBytes+1), "", "has 8193 bytes, the limit is 8192"},
		"alg none":              {unsigned(`{"alg":"none"}`, claims(`,"sub":"mina"`)), "alg", "isn't that of this server's key: HS256"},
		"alg None":              {unsigned(`{"alg":"None"}`, claims(`,"sub":"mina"`)), "alg", "is missing, or not known"},
		"no alg":                {unsigned(`{}`, claims(`,"sub":"mina"`)), "alg", "is missing, or not known"},
		"alg twice":             {signRaw(t, `{"alg":"none","alg":"HS256"}`, claims(`,"sub":"mina"`)), "", "each name once"},
		"crit":                  {signRaw(t, `{"alg":"HS256","crit":["b64"],"b64":false}`, claims(`,"sub":"mina"`)), "crit", "doesn't know"},
		"a number as kid":       {signRaw(t, `{"alg":"HS256","kid":1}`, claims(`,"sub":"mina"`)), "kid", "isn't a string"},
		"another signature":     {ordinary[:len(ordinary)-6] + "AAAAAA", "", "a signature that isn't by a key"},
		"another secret":        {sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), good(nil)), "", "a signature that isn't by a key"},
		"HS512":                 {sign(t, jwt.SigningMethodHS512, secret, good(nil)), "alg", "isn't that of this server's key"},
		"sub twice":             {signRaw(t, hs256, claims(`,"sub":"mina","sub":"jun"`)), "sub", "is there twice"},
		"sub twice by escapes":  {signRaw(t, hs256, claims(`,"sub":"mina","\u0073ub":"jun"`)), "sub", "is there twice"},
		"another claim twice":   {signRaw(t, hs256, claims(`,"sub":"mina","x":1,"x":1`)), "a claim", "is there twice"},
		"SUB":                   {signRaw(t, hs256, claims(`,"SUB":"mina"`)), "sub", "is missing"},
		"a null sub":            {signRaw(t, hs256, claims(`,"sub":null`)), "sub", "isn't a string"},
		"a null room":           {signRaw(t, hs256, claims(`,"sub":"mina","room":null`)), "room", "isn't a string"},
		"half a character":      {signRaw(t, hs256, claims(`,"sub":"\ud800"`)), "sub", "isn't Unicode"},
		"claims not in UTF-8":   {signRaw(t, hs256, claims(",\"sub\":\"\xff\"")), "", "aren't one JSON object in UTF-8"},
		"null claims":           {signRaw(t, hs256, `null`), "", "aren't one JSON object"},
		"a list of claims":      {signRaw(t, hs256, `["sub"]`), "", "aren't one JSON object"},
		"claims and more":       {signRaw(t, hs256, claims(`,"sub":"mina"`)+`{}`), "", "isn't a JWT"},
		"claims that break off": {signRaw(t, hs256, `{"sub":`), "", "isn't a JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, v, test.token, test.claim, test.wrong)
		})
	}
}

// unsigned is what `alg: none` makes of it.
func unsigned(header, claims string) string {
	return b64([]byte(header)) + "." + b64([]byte(claims)) + "."
}

// TestAlgorithmIsTheKeys: a token signed by HMAC with the public key as its secret must not pass, which is what a server falls for that
// lets the token choose.
func TestAlgorithmIsTheKeys(t *testing.T) {
	t.Parallel()
	text := publicPEM(t, public)
	for name, forged := range map[string]string{
		"by the PEM's text":  sign(t, jwt.SigningMethodHS256, []byte(text), good(nil)),
		"by the key's bytes": sign(t, jwt.SigningMethodHS256, []byte(public), good(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, verifier(t, text), forged, "alg", "isn't that of this server's key: EdDSA")
			jwks := `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"e","x":"` + b64(public) + `"}]}`
			wantRefusal(t, verifier(t, jwks), forged, "alg", "isn't that of this server's key: EdDSA")
		})
	}
}

func TestKidChoosesTheKey(t *testing.T) {
	t.Parallel()
	other := []byte(strings.Repeat("o", 32))
	v := verifier(t, `{"keys":[{"kty":"oct","kid":"a","k":"`+b64(secret)+`"},{"kty":"oct","kid":"b","k":"`+b64(other)+`"}]}`)
	if _, err := v.Verify(sign(t, jwt.SigningMethodHS256, other, good(nil), "kid", "b")); err != nil {
		t.Errorf("got %v, want it taken", err)
	}
	wantRefusal(t, v, sign(t, jwt.SigningMethodHS256, other, good(nil), "kid", "a"), "", "a signature that isn't by a key")
	wantRefusal(t, v, sign(t, jwt.SigningMethodHS256, other, good(nil), "kid", "secret-kid"), "kid", "name no key of this server")
	wantRefusal(t, v, sign(t, jwt.SigningMethodHS256, other, good(nil)), "kid", "is missing, and this server has several keys")
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := verifier(t, string(secret))
		text := sign(t, jwt.SigningMethodHS256, secret, good(jwt.MapClaims{"exp": time.Now().Add(time.Minute).Unix()}))
		time.Sleep(time.Minute - time.Millisecond)
		if _, err := v.Verify(text); err != nil {
			t.Errorf("got %v a millisecond before its end, want it taken", err)
		}
		time.Sleep(time.Millisecond)
		_, err := v.Verify(text)
		if !errors.Is(err, token.ErrExpired) || errors.Is(err, token.ErrRefused) {
			t.Errorf("got %v at its end, want %v", err, token.ErrExpired)
		}
		time.Sleep(90 * time.Second)
		_, err = v.Verify(text)
		if got, want := err.Error(), "token: exp has passed, 1m30s ago"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
