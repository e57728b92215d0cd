package web_test

import (
	"html"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/singoff/singoff/service/web"
)

// built is a page as Vite builds one.
func built() fs.ReadDirFS {
	return fstest.MapFS{
		"index.html": {Data: []byte(`<base href="{{.Base}}"><meta property="csp-nonce" nonce="{{.Nonce}}">` +
			`<meta name="singoff" content="{{.Config}}"><a href="{{.Here}}">again</a><script type="module" nonce="{{.Nonce}}" src="./assets/index-abc.js"></script>`)},
		"icon.svg":               {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		"assets/index-abc.js":    {Data: []byte("as it was written")},
		"assets/index-abc.js.br": {Data: []byte("in brotli")},
		"assets/index-abc.js.gz": {Data: []byte("in gzip, longer")},
		"assets/small-def.css":   {Data: []byte("a{}")},
	}
}

func builtHandler(t *testing.T, page web.Page) http.Handler {
	t.Helper()
	cfg := config()
	cfg.Files = built()
	cfg.Page = func(*http.Request) web.Page { return page }
	return newHandler(t, cfg)
}

func TestPageIsFilled(t *testing.T) {
	t.Parallel()
	h := builtHandler(t, web.Page{ShareURL: `http://192.168.0.5:8080/"><b>`})
	for path, base := range map[string]string{"/": "./", "/room/friday": "./../", "/stage/friday": "./../"} {
		w := ask(h, "GET", path)
		body := html.UnescapeString(w.Body.String())
		for _, want := range []string{
			`<base href="` + base + `">`,
			`"share":"http://192.168.0.5:8080/\"\u003e\u003cb\u003e"`, `"version":"v1\u003c2\u003e"`,
		} {
			if w.Code != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: got %d %s, want %s in it", path, w.Code, body, want)
			}
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: got Cache-Control %q, want no-store: a nonce is for one answer", path, got)
		}
	}
	for _, path := range []string{"/room/a/b", "/rooms", "/index.html"} {
		if got := ask(h, "GET", path).Code; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got)
		}
	}
}

// Where the page's script doesn't come, a link loads the page again: base leads home, so the link must lead back.
func TestPageLeadsBack(t *testing.T) {
	t.Parallel()
	h := builtHandler(t, web.Page{})
	link := regexp.MustCompile(`<base href="([^"]*)">.*<a href="([^"]*)">`)
	for at, want := range map[string]string{
		"/":                                 "./",
		"/?namespace=club":                  "./?namespace=club",
		"/room/friday?namespace=club&x=%26": "./room/friday?namespace=club&x=%26",
		"/stage/javascript:alert(1)":        "./stage/javascript:alert(1)",
		"/room/%22%3E%3Cb%3E?%22%3E%3Cb%3E": "./room/%22%3E%3Cb%3E?%22%3E%3Cb%3E",
		"/room/AC%2FDC":                     "./room/AC%2FDC",
	} {
		found := link.FindStringSubmatch(ask(h, "GET", at).Body.String())
		if found == nil {
			t.Errorf("%s: got no link", at)
			continue
		}
		opened, _ := url.Parse("http://192.168.0.5:8080/house" + at) // behind a proxy that puts a path before it
		base, err := opened.Parse(html.UnescapeString(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		back, err := base.Parse(html.UnescapeString(found[2]))
		if err != nil || back.Path != opened.Path || strings.Count(back.EscapedPath(), "/") != strings.Count(opened.EscapedPath(), "/") || back.RawQuery != opened.RawQuery {
			t.Errorf("%s: got %s, want %s, %s by it", at, back, opened, want)
		}
	}
}

// A room's address whose end was lost, or to which a slash was added on its way, answered with a bare 404.
func TestAddressesThatAreAlmostRight(t *testing.T) {
	t.Parallel()
	h := builtHandler(t, web.Page{})
	for at, want := range map[string]string{
		"/room":                              "/house/",
		"/room/?namespace=club":              "/house/?namespace=club",
		"/stage":                             "/house/",
		"/stage/":                            "/house/",
		"/room/friday/?namespace=club":       "/house/room/friday?namespace=club",
		"/stage/friday/":                     "/house/stage/friday",
		"/room/%EA%B8%88%EC%9A%94%EC%9D%BC/": "/house/room/%EA%B8%88%EC%9A%94%EC%9D%BC",
	} {
		w := ask(h, "GET", at)
		opened, _ := url.Parse("http://192.168.0.5:8080/house" + at) // behind a proxy that puts a path before it
		led, err := opened.Parse(w.Header().Get("Location"))
		if err != nil || w.Code != http.StatusTemporaryRedirect || led.RequestURI() != want || led.Host != opened.Host {
			t.Errorf("%s: got %d to %v, want %s", at, w.Code, led, want)
		}
	}
	for _, room := range []string{"//evil.example", "javascript:alert(1)", "..", "%2F%2Fevil.example", "x%0D%0ASet-Cookie:a"} {
		w := ask(h, "GET", "/room/"+room+"/")
		opened, _ := url.Parse("http://192.168.0.5:8080/room/" + room + "/")
		led, err := opened.Parse(w.Header().Get("Location"))
		if err != nil || led.Host != opened.Host || led.Scheme != "http" || len(w.Header()["Set-Cookie"]) > 0 {
			t.Errorf("%s: got %v, %v, want an address of this server", room, led, err)
		}
	}
}

var nonceForm = regexp.MustCompile(`<script type="module" nonce="([A-Z2-7]{26})"`)

func TestNonceIsFresh(t *testing.T) {
	t.Parallel()
	h := builtHandler(t, web.Page{MediaOrigins: []string{"https://songs.example"}})
	seen := map[string]bool{}
	for range 3 {
		w := ask(h, "GET", "/")
		found := nonceForm.FindStringSubmatch(w.Body.String())
		if found == nil {
			t.Fatalf("got %s, want a nonce of 26 characters", w.Body)
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'nonce-" + found[1] + "'", "style-src 'self' 'nonce-" + found[1] + "'",
			"media-src 'self' blob: https://songs.example;", "connect-src 'self' ws://example.com wss://example.com;",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("got %s, want %s in it", policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("got %s, want nothing unsafe", policy)
		}
		if seen[found[1]] {
			t.Errorf("got the nonce %s twice", found[1])
		}
		seen[found[1]] = true
	}
}

// A Host header is the client's word: it must not add to the policy.
func TestPolicyIsNotTheClients(t *testing.T) {
	t.Parallel()
	h := builtHandler(t, web.Page{})
	for host, want := range map[string]string{
		"[::1]:8080":            "connect-src 'self' ws://[::1]:8080 wss://[::1]:8080;",
		"a; script-src *":       "connect-src 'self';",
		"evil.example/ https:*": "connect-src 'self';",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) {
			t.Errorf("%s: got %s, want %s", host, policy, want)
		}
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	h := builtHandler(t, web.Page{})
	for name, test := range map[string]struct {
		path, accept         string
		code                 int
		encoding, body, kind string
	}{
		"brotli":    {"/assets/index-abc.js", "gzip, deflate, br, zstd", 200, "br", "in brotli", "javascript"},
		"gzip":      {"/assets/index-abc.js", "gzip", 200, "gzip", "in gzip, longer", "javascript"},
		"neither":   {"/assets/index-abc.js", "", 200, "", "as it was written", "javascript"},
		"small":     {"/assets/small-def.css", "br", 200, "", "a{}", "text/css"},
		"icon":      {"/icon.svg", "br", 200, "", `<svg xmlns="http://www.w3.org/2000/svg"/>`, "image/svg"},
		"not there": {"/assets/gone.js", "br", 404, "", "404 page not found\n", "text/plain"},
		"the index": {"/assets/../index.html", "", 307, "", "<a href=\"/index.html\">Temporary Redirect</a>.\n\n", "text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", test.path, nil)
			r.Header.Set("Accept-Encoding", test.accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := w.Header()
			if w.Code != test.code || got.Get("Content-Encoding") != test.encoding || w.Body.String() != test.body ||
				!strings.Contains(got.Get("Content-Type"), test.kind) {
				t.Errorf("got %d %q %q %q, want %+v", w.Code, got.Get("Content-Encoding"), w.Body, got.Get("Content-Type"), test)
			}
			forever := strings.Contains(got.Get("Cache-Control"), "immutable")
			if want := test.code == 200 && strings.HasPrefix(test.path, "/assets/"); forever != want {
				t.Errorf("got Cache-Control %q, want immutable %v", got.Get("Cache-Control"), want)
			}
		})
	}
}

// The page may load 300 KB before anything is seen; what a person asks for later isn't counted.
func TestFirstLoad(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Files = nil // those in the binary
	h := newHandler(t, cfg)
	index := ask(h, "GET", "/")
	paths := regexp.MustCompile(`(?:src|href)="\./(assets/[^"]+)"`).FindAllStringSubmatch(index.Body.String(), -1)
	if len(paths) == 0 {
		if !strings.Contains(index.Body.String(), "make build") {
			t.Fatalf("got %s, want the page, or what to do about its absence", index.Body)
		}
		return
	}
	total := index.Body.Len()
	for _, path := range paths {
		r := httptest.NewRequest("GET", "/"+path[1], nil)
		r.Header.Set("Accept-Encoding", "br")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		total += w.Body.Len()
	}
	if limit := 300_000; total > limit {
		t.Errorf("got %d bytes for the first load, want at most %d", total, limit)
	}
}
