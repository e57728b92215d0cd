// Package web is the HTTP port: the browsers' ways into a battle (websocket, and grpc-web over fetch), whether the server is alive and ready, its
// metrics, its songs, and the page to battle on, which is built into the binary. It knows no rooms: what it serves is handed to it.
package web

import (
	"errors"
	"io/fs"
	"log"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
)

// Config of the HTTP port.
type Config struct {
	// Ready says why the server isn't ready; nil: it is. The text of the error is shown to everybody. Required.
	Ready func() error
	// Notice is what /healthz says beside that the server lives. Default: nothing.
	Notice string
	// Songs serves everything below /songs/. Required.
	Songs http.Handler
	// Calls serves gRPC calls that come in as grpc-web over fetch, as gRPC over HTTP/2 would bring them. Required.
	Calls http.Handler
	// Sockets serves Join over websocket. Required.
	Sockets Sockets
	// Allowed says whether a browser's page may make calls, by the request's Origin. Required.
	Allowed func(*http.Request) bool
	// Registry is what /metrics shows, and what gets this package's own metrics. Required.
	Registry *prometheus.Registry
	// Page says what the page is told, anew for each answer: addresses come and go. Default: nothing.
	Page func(*http.Request) Page
	// Files are the page as it was built: index.html at the root, what it loads below assets/. Default: those built into the binary.
	Files fs.ReadDirFS
	// GRPCAddr is where battles are fought, for a page that wasn't built.
	GRPCAddr string
	// Version of the server, for the page.
	Version string
	// Logger gets what goes wrong with a request. The zero one logs nothing.
	Logger zerolog.Logger
}

// Sockets is a handler of websockets.
type Sockets interface {
	http.Handler
	// Handles says whether a request asks for one.
	Handles(*http.Request) bool
}

func (cfg Config) validate() error {
	switch {
	case cfg.Ready == nil:
		return errors.New("web: Config.Ready is missing")
	case cfg.Songs == nil:
		return errors.New("web: Config.Songs is missing")
	case cfg.Calls == nil:
		return errors.New("web: Config.Calls is missing")
	case cfg.Sockets == nil:
		return errors.New("web: Config.Sockets is missing")
	case cfg.Allowed == nil:
		return errors.New("web: Config.Allowed is missing")
	case cfg.Registry == nil:
		return errors.New("web: Config.Registry is missing")
	}
	return nil
}

// What a client may take of the port's time and memory.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	// writeTimeout is long: a browser that plays a long song reads its end late.
	writeTimeout   = 30 * time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
)

// NewServer makes the server of the port; the caller gives it a listener, and ends it.
func NewServer(cfg Config) (*http.Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	page, err := newPageServer(cfg)
	if err != nil {
		return nil, err
	}
	return &http.Server{
		Handler:           handler(cfg, page),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(cfg.Logger.With().Str("port", "http").Logger(), "", 0),
	}, nil
}

func handler(cfg Config, page *pageServer) http.Handler {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "singoff_web_requests_total",
		Help: "HTTP requests answered, by what was asked for and status code.",
	}, []string{"handler", "code"})
	cfg.Registry.MustRegister(requests)
	counted := func(name string, h http.Handler) http.Handler {
		return promhttp.InstrumentHandlerCounter(requests.MustCurryWith(prometheus.Labels{"handler": name}), h)
	}
	mux := http.NewServeMux()
	for pattern, route := range map[string]struct {
		name    string
		handler http.Handler
	}{
		"GET /healthz":      {"healthz", healthz(cfg.Notice)},
		"GET /readyz":       {"readyz", readyz(cfg.Ready)},
		"GET /metrics":      {"metrics", promhttp.HandlerFor(cfg.Registry, promhttp.HandlerOpts{ErrorLog: log.New(cfg.Logger, "", 0)})},
		"/songs/":           {"songs", cfg.Songs},
		"GET /{$}":          {"page", http.HandlerFunc(page.serveIndex)},
		"GET /room/{room}":  {"page", http.HandlerFunc(page.serveIndex)},
		"GET /stage/{room}": {"page", http.HandlerFunc(page.serveIndex)},
		// What is left of an address that lost its end, or got a slash too many.
		"GET /room":             {"page", leadTo("./")},
		"GET /room/{$}":         {"page", leadTo("../")},
		"GET /room/{room}/{$}":  {"page", leadTo("../{room}")},
		"GET /stage":            {"page", leadTo("./")},
		"GET /stage/{$}":        {"page", leadTo("../")},
		"GET /stage/{room}/{$}": {"page", leadTo("../{room}")},
		"GET /assets/":          {"page", http.HandlerFunc(page.serveAsset)},
		"GET /icon.svg":         {"page", http.HandlerFunc(page.serveFile)},
	} {
		mux.Handle(pattern, counted(route.name, route.handler))
	}
	fetch := newCalls(cfg.Calls, cfg.Allowed)
	countedFetch := counted("fetch", fetch)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case cfg.Sockets.Handles(r):
			cfg.Sockets.ServeHTTP(w, r)
		case fetch.handles(r):
			countedFetch.ServeHTTP(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// healthz answers as long as the process does.
func healthz(notice string) http.Handler {
	text := "ok"
	if notice != "" {
		text += "\n" + notice
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, text) })
}

// readyz says whether new clients should come here.
func readyz(ready func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			say(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
		say(w, http.StatusOK, "ready")
	})
}

func say(w http.ResponseWriter, code int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text + "\n")) // a client that is gone needs no answer
}
