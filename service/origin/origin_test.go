package origin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/clientaddr"
	"github.com/singoff/singoff/service/origin"
)

// ask asks as a browser would: for the host, from a page of the origins, perhaps through a proxy.
func ask(t *testing.T, g *origin.Guard, host string, headers map[string]string, origins ...string) (allowed bool) {
	t.Helper()
	trusted, err := clientaddr.ParseTrusted(clientaddr.DefaultTrusted)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://"+host+"/", nil)
	r.RemoteAddr = "127.0.0.1:4711"
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	for _, o := range origins {
		r.Header.Add("Origin", o)
	}
	seen := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { allowed = g.Allowed(r) })
	clientaddr.New(clientaddr.Config{Trusted: trusted}).Middleware(seen).ServeHTTP(httptest.NewRecorder(), r)
	return allowed
}

func guard(t *testing.T, origins ...string) *origin.Guard {
	t.Helper()
	g, err := origin.New(origins...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	named := []string{"https://friends.example", "http://192.168.0.5:8080/", "", "https://Sing.Example:443"}
	for name, test := range map[string]struct {
		allowed []string
		host    string
		proxy   map[string]string
		origins []string
		want    bool
	}{
		"no browser":                 {nil, "127.0.0.1:8080", nil, nil, true},
		"own page":                   {nil, "127.0.0.1:8080", nil, []string{"http://127.0.0.1:8080"}, true},
		"own page, IPv6":             {nil, "[2001:db8::1]:8080", nil, []string{"http://[2001:db8::1]:8080"}, true},
		"own page, own port of TLS":  {nil, "sing.example:443", nil, []string{"https://sing.example"}, true},
		"own page, TLS ends before":  {nil, "sing.example", nil, []string{"https://sing.example"}, true},
		"own page in capitals":       {nil, "Sing.Example", nil, []string{"https://sing.example"}, true},
		"own page by a proxy's host": {nil, "127.0.0.1:8080", map[string]string{"X-Forwarded-Host": "sing.example"}, []string{"https://sing.example"}, true},
		"own page, also with names":  {named, "127.0.0.1:8080", nil, []string{"http://127.0.0.1:8080"}, true},
		"other port":                 {nil, "127.0.0.1:8080", nil, []string{"http://127.0.0.1:8081"}, false},
		"port left out":              {nil, "sing.example:8080", nil, []string{"https://sing.example"}, false},
		"another site":               {nil, "127.0.0.1:8080", nil, []string{"https://evil.example"}, false},
		"site that ends alike":       {nil, "sing.example", nil, []string{"https://evilsing.example"}, false},
		"site that begins alike":     {nil, "sing.example", nil, []string{"https://sing.example.evil.example"}, false},
		"own host as a user":         {nil, "sing.example", nil, []string{"https://sing.example@evil.example"}, false},
		"null":                       {nil, "127.0.0.1:8080", nil, []string{"null"}, false},
		"empty":                      {nil, "127.0.0.1:8080", nil, []string{""}, false},
		"rubbish":                    {nil, "127.0.0.1:8080", nil, []string{"http://%zz"}, false},
		"an extension":               {nil, "127.0.0.1:8080", nil, []string{"chrome-extension://127.0.0.1:8080"}, false},
		"two, one of them good":      {nil, "127.0.0.1:8080", nil, []string{"http://127.0.0.1:8080", "https://evil.example"}, false},
		"named":                      {named, "127.0.0.1:8080", nil, []string{"https://friends.example"}, true},
		"named with a slash":         {named, "127.0.0.1:8080", nil, []string{"http://192.168.0.5:8080"}, true},
		"named with its port":        {named, "127.0.0.1:8080", nil, []string{"https://sing.example"}, true},
		"named, other scheme":        {named, "127.0.0.1:8080", nil, []string{"http://friends.example"}, false},
		"not named":                  {named, "127.0.0.1:8080", nil, []string{"https://evil.example"}, false},
		"any":                        {[]string{"*"}, "127.0.0.1:8080", nil, []string{"https://evil.example"}, true},
		"any, null":                  {[]string{"*"}, "127.0.0.1:8080", nil, []string{"null"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := ask(t, guard(t, test.allowed...), test.host, test.proxy, test.origins...); got != test.want {
				t.Errorf("got %v for %q asking %s, want %v", got, test.origins, test.host, test.want)
			}
		})
	}
}

func TestAny(t *testing.T) {
	t.Parallel()
	if !guard(t, "*").AllowsAny() || guard(t, "https://sing.example").AllowsAny() {
		t.Error("want * alone to allow any")
	}
}

func TestOriginsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"sing.example", "https://", "ftp://sing.example", "https://sing.example/battle", "https://sing.example?x", "https://me@sing.example", "https://sing.example#x", "null", ":"} {
		_, err := origin.New("https://good.example", text)
		if !errors.Is(err, origin.ErrOrigins) || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("got %v, want ErrOrigins naming %q", err, text)
		}
	}
}
