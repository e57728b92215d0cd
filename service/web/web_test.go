package web_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/origin"
	"github.com/singoff/singoff/service/web"
)

// net/http keeps a connection it has refused for half a second, so that its answer arrives; nothing of ours can end that. grpc-web's
// wrapper starts a timer for ever when it is loaded: hence IgnoreCurrent.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

func config() web.Config {
	return web.Config{
		Ready: func() error { return nil },
		Songs: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.Method+" "+r.URL.Path)
		}),
		Calls:    http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		Sockets:  noSockets{},
		Allowed:  new(origin.Guard).Allowed,
		Registry: prometheus.NewPedanticRegistry(),
		Files:    fstest.MapFS{},
		GRPCAddr: "127.0.0.1:7070",
		Version:  "v1<2>",
	}
}

// noSockets takes requests by the method SOCKET.
type noSockets struct{}

func (noSockets) Handles(r *http.Request) bool { return r.Method == "SOCKET" }

func (noSockets) ServeHTTP(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }

func newHandler(t *testing.T, cfg web.Config) http.Handler {
	t.Helper()
	srv, err := web.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return srv.Handler
}

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	cfg := config()
	notReady := config()
	notReady.Ready = func() error { return errors.New("draining") }
	for name, test := range map[string]struct {
		cfg          web.Config
		method, path string
		code         int
		kind, body   string
	}{
		"alive":          {cfg, "GET", "/healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		"alive, HEAD":    {cfg, "HEAD", "/healthz", 200, "text/plain; charset=utf-8", ""},
		"ready":          {cfg, "GET", "/readyz", 200, "text/plain; charset=utf-8", "ready\n"},
		"not ready":      {notReady, "GET", "/readyz", 503, "text/plain; charset=utf-8", "not ready: draining\n"},
		"still alive":    {notReady, "GET", "/healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		"songs":          {cfg, "GET", "/songs/abc/audio", 200, "", "GET /songs/abc/audio"},
		"songs, method":  {cfg, "OPTIONS", "/songs/abc/audio", 200, "", "OPTIONS /songs/abc/audio"},
		"page":           {cfg, "GET", "/", 200, "text/html; charset=utf-8", "v1&lt;2&gt;"},
		"metrics":        {cfg, "GET", "/metrics", 200, "text/plain", "singoff_web_requests_total"},
		"nothing there":  {cfg, "GET", "/nothing", 404, "", ""},
		"no such method": {cfg, "POST", "/readyz", 405, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := test.cfg
			cfg.Registry = prometheus.NewPedanticRegistry()
			h := newHandler(t, cfg)
			ask(h, "GET", "/healthz")
			w := ask(h, test.method, test.path)
			if w.Code != test.code || !strings.HasPrefix(w.Header().Get("Content-Type"), test.kind) || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("got %d %q %q, want %d %q and %q in it", w.Code, w.Header().Get("Content-Type"), w.Body, test.code, test.kind, test.body)
			}
		})
	}
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	cfg := config()
	ready := errors.New("log refuses")
	cfg.Ready = func() error { return ready }
	h := newHandler(t, cfg)
	ask(h, "GET", "/readyz")
	ready = nil
	ask(h, "GET", "/readyz")
	ask(h, "GET", "/readyz")
	body := ask(h, "GET", "/metrics").Body.String()
	for _, want := range []string{
		`singoff_web_requests_total{code="200",handler="readyz"} 2`,
		`singoff_web_requests_total{code="503",handler="readyz"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("got %s, want %q in it", body, want)
		}
	}
}

func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	srv, err := web.NewServer(config())
	if err != nil {
		t.Fatal(err)
	}
	if srv.ReadHeaderTimeout <= 0 || srv.ReadTimeout <= 0 || srv.WriteTimeout <= 0 || srv.IdleTimeout <= 0 {
		t.Errorf("got %v, %v, %v, %v, want every time-out set", srv.ReadHeaderTimeout, srv.ReadTimeout, srv.WriteTimeout, srv.IdleTimeout)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+lis.Addr().String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("a", 64<<10))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %v, want 431 for a header of 64 KiB", resp.Status)
		}
	}
	srv.Close()
	<-served
}

func TestConfigThatIsRefused(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*web.Config){
		"Ready":    func(c *web.Config) { c.Ready = nil },
		"Songs":    func(c *web.Config) { c.Songs = nil },
		"Calls":    func(c *web.Config) { c.Calls = nil },
		"Sockets":  func(c *web.Config) { c.Sockets = nil },
		"Allowed":  func(c *web.Config) { c.Allowed = nil },
		"Registry": func(c *web.Config) { c.Registry = nil },
	} {
		cfg := config()
		change(&cfg)
		if _, err := web.NewServer(cfg); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want an error that names %s", err, field)
		}
	}
}
