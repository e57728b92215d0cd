package catalog

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Handler serves `/songs/{id}/audio`, `/songs/{id}/cover` and `/songs/{id}/lyrics`: GET and HEAD with ranges, strong ETags and
// the dates of files that have one, to pages of any origin. Whether bytes are still those of the ETag is looked up with each
// request, so a file that is replaced is served as it is now.
func (c *Catalog) Handler() http.Handler {
	mux := http.NewServeMux()
	for part, of := range map[string]func(*entry) object{
		"audio":  func(e *entry) object { return e.audio },
		"cover":  func(e *entry) object { return e.cover },
		"lyrics": func(e *entry) object { return e.lyricsFile },
	} {
		mux.HandleFunc("GET /songs/{id}/"+part, func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, of) })
		mux.HandleFunc("OPTIONS /songs/{id}/"+part, preflight)
	}
	return openToAll(mux)
}

// openToAll lets pages of other origins read the answers and their headers. Songs are public: no cookie, no secret.
func openToAll(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD")
	h.Set("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match, If-Modified-Since")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

func (c *Catalog) serve(w http.ResponseWriter, r *http.Request, of func(*entry) object) {
	e, err := c.entry(r.PathValue("id"))
	if err != nil {
		c.refuse(w, err)
		return
	}
	o := of(e)
	if o.key == "" {
		http.Error(w, "this track has none", http.StatusNotFound)
		return
	}
	a, err := e.bucket.stat(r.Context(), o.key)
	if err != nil {
		c.refuse(w, fmt.Errorf("%q in %s: %w", o.key, e.bucket.name, err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", o.mediaType)
	h.Set("ETag", etag(e.bucket, a))
	h.Set("Cache-Control", "public, max-age=300")
	body := &stream{ctx: r.Context(), b: e.bucket, key: o.key, size: a.Size, modTime: a.ModTime}
	defer body.Close()
	modTime := a.ModTime
	if e.bucket.embedded {
		modTime = time.Time{}
	}
	http.ServeContent(w, r, "", modTime, body)
}

// refuse tells the client what it may know and the operator the rest.
func (c *Catalog) refuse(w http.ResponseWriter, err error) {
	switch {
	case gcerrors.Code(err) == gcerrors.Canceled: // nobody is listening any more
	case errors.Is(err, ErrNoSuchTrack):
		http.Error(w, "no such track", http.StatusNotFound)
	case errors.Is(err, ErrClosed):
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
	case gcerrors.Code(err) == gcerrors.NotFound:
		c.log.Warn().Err(err).Msg("a song's file went away")
		http.Error(w, "the file went away", http.StatusNotFound)
	default:
		c.log.Error().Err(err).Msg("a song can't be read")
		http.Error(w, "the song can't be read now", http.StatusBadGateway)
	}
}

// etag is strong: it changes with the bytes, and is the same for a bucket's file in whatever process serves it.
func etag(b *bucket, a *blob.Attributes) string {
	seed := fmt.Sprintf("%s %d %d", a.ETag, a.Size, a.ModTime.UnixNano())
	if b.embedded {
		seed = string(a.MD5)
	}
	sum := sha256.Sum256([]byte(seed))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}
