package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/rs/zerolog"
	"github.com/vearutop/statigz"
)

// Page is what the server tells its page.
type Page struct {
	// ShareURL is by which people elsewhere find the page; it ends in a slash. Empty: the page shares the address it was opened at.
	ShareURL string
	// MediaOrigins are the other hosts that songs and covers come from: https://songs.s3.example. Default none.
	MediaOrigins []string
}

// dist holds the page below page/, if it was built.
//
//go:embed all:dist
var dist embed.FS

//go:embed unbuilt.html
var unbuiltSource string

var unbuilt = template.Must(template.New("unbuilt.html").Parse(unbuiltSource))

// pageServer answers with the page out of its built files.
type pageServer struct {
	index   *template.Template // nil: it wasn't built
	files   http.Handler
	page    func(*http.Request) Page
	version string
	addr    string
	logger  zerolog.Logger
}

func newPageServer(cfg Config) (*pageServer, error) {
	p := &pageServer{files: http.NotFoundHandler(), page: cfg.Page, version: cfg.Version, addr: cfg.GRPCAddr, logger: cfg.Logger}
	if p.page == nil {
		p.page = func(*http.Request) Page { return Page{} }
	}
	root := cfg.Files
	if root == nil {
		root = builtPage()
	}
	source, err := fs.ReadFile(root, "index.html")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return nil, fmt.Errorf("web: the page: %w", err)
	}
	if p.index, err = template.New("index.html").Parse(string(source)); err != nil {
		return nil, fmt.Errorf("web: the page: %w", err)
	}
	p.files = statigz.FileServer(root, func(s *statigz.Server) {
		s.Encodings = []statigz.Encoding{{FileExt: ".br", ContentEncoding: "br"}, statigz.GzipEncoding()}
	})
	return p, nil
}

// builtPage is the page that was built into the binary.
func builtPage() fs.ReadDirFS {
	root, err := fs.Sub(dist, "dist/page")
	if err != nil {
		panic(err) // the path is a constant
	}
	return root.(fs.ReadDirFS)
}

// serveIndex answers with index.html, or says that it isn't there.
func (p *pageServer) serveIndex(w http.ResponseWriter, r *http.Request) {
	page, nonce := p.page(r), rand.Text()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store") // a nonce is for one answer
	h.Set("Content-Security-Policy", policy(nonce, r.Host, page.MediaOrigins))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	body, err := p.fill(r.URL, nonce, page)
	if err != nil {
		p.logger.Error().Err(err).Msg("the page can't be filled")
		say(w, http.StatusInternalServerError, "the page can't be made")
		return
	}
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// fill makes the page for one answer.
func (p *pageServer) fill(at *url.URL, nonce string, page Page) ([]byte, error) {
	var body bytes.Buffer
	if p.index == nil {
		err := unbuilt.Execute(&body, struct{ Nonce, Version, GRPCAddr string }{nonce, p.version, p.addr})
		return body.Bytes(), err
	}
	config, err := json.Marshal(struct {
		Share   string `json:"share"`
		Version string `json:"version"`
	}{page.ShareURL, p.version})
	if err != nil {
		return nil, err
	}
	// The way from the address that was opened to the page's home, whatever path a proxy puts before both.
	base := "./" + strings.Repeat("../", strings.Count(at.EscapedPath(), "/")-1)
	// The way back, by which the page is loaded again.
	here := url.URL{Path: "./" + strings.TrimPrefix(at.Path, "/"), RawPath: "./" + strings.TrimPrefix(at.EscapedPath(), "/"), RawQuery: at.RawQuery}
	err = p.index.Execute(&body, struct{ Base, Here, Nonce, Config string }{base, here.String(), nonce, string(config)})
	return body.Bytes(), err
}

// leadTo sends a browser to an address relative to the one that was asked for, whatever path a proxy puts before both.
func leadTo(where string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := url.URL{Path: strings.ReplaceAll(where, "{room}", r.PathValue("room")), RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", to.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
}

// serveAsset answers with a file whose name holds its contents' hash.
func (p *pageServer) serveAsset(w http.ResponseWriter, r *http.Request) {
	p.serveFile(&lasting{w}, r)
}

// lasting lets what was found be kept for ever.
type lasting struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *lasting) WriteHeader(code int) {
	if code == http.StatusOK || code == http.StatusPartialContent || code == http.StatusNotModified {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.ResponseWriter.WriteHeader(code)
}

// serveFile answers with a file that may change with the next build.
func (p *pageServer) serveFile(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	p.files.ServeHTTP(w, r)
}
