package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/cover"
)

// The parts of a track that are served.
const (
	partAudio  = "audio"
	partCover  = "cover"
	partStage  = "stage-cover"
	partLyrics = "lyrics"
)

// Handler serves `/songs/{id}/` with `audio`, `cover`, `stage-cover` and `lyrics`: GET and HEAD with ranges, strong ETags and the dates of
// files that have one, to pages of any origin that have the address. Whether bytes are still those of the ETag is looked up with each
// request, so a file that is replaced is served as it is now. 403: the address isn't signed, or no longer. 410: the track was removed.
func (c *Catalog) Handler() http.Handler {
	mux := http.NewServeMux()
	for part, serve := range map[string]func(http.ResponseWriter, *http.Request, *entry) error{
		partAudio: c.serveAudio, partCover: c.serveCover(cover.Picker), partStage: c.serveCover(cover.Stage), partLyrics: c.serveLyrics,
	} {
		mux.HandleFunc("GET /songs/{id}/"+part, func(w http.ResponseWriter, r *http.Request) {
			e, err := c.admitted(r, part)
			if err == nil {
				err = serve(w, r, e)
			}
			if err != nil {
				c.refuse(w, r, err)
			}
		})
		mux.HandleFunc("OPTIONS /songs/{id}/"+part, preflight)
	}
	return openToAll(mux)
}

// admitted gives the track of an address that is good.
func (c *Catalog) admitted(r *http.Request, part string) (*entry, error) {
	id := r.PathValue("id")
	if err := c.awaitRecall(r.Context()); err != nil {
		return nil, err
	}
	if !c.cfg.Public {
		if _, err := c.signer.Check("/songs/"+id+"/"+part, r.URL.Query(), time.Now()); err != nil {
			return nil, &refusal{code: http.StatusForbidden, text: err.Error() + "; ListTracks and GetTracks give fresh ones"}
		}
	}
	return c.entry(r.Context(), id)
}

// openToAll lets pages of other origins read the answers and their headers: it is the address that is secret, no cookie is.
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

// redirectFor is how long the URL of a redirect is good: longer than a song, so that a player may seek in it.
const redirectFor = 2 * time.Hour

// Origins are the other hosts that clients are sent to for songs, `https://HOST`: none unless Config.Redirect. A page's policy must let them in.
// An error is that of a bucket that can't say; the others are there.
func (c *Catalog) Origins(ctx context.Context) (origins []string, err error) {
	if !c.cfg.Redirect {
		return nil, nil
	}
	var errs []error
	for _, s := range c.shelves {
		at, err := s.bucket.Sign(ctx, "song", "", redirectFor)
		if errors.Is(err, bucket.ErrCantSign) {
			continue
		}
		u, parseErr := url.Parse(at)
		if err := errors.Join(err, parseErr); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.bucket.Name(), err))
			continue
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins, errors.Join(errs...)
}

func (c *Catalog) serveAudio(w http.ResponseWriter, r *http.Request, e *entry) error {
	file, err := e.bucket.Open(r.Context(), e.File)
	if err != nil {
		return fmt.Errorf("%q in %s: %w", e.File, e.bucket.Name(), err)
	}
	defer func() { _ = file.Close() }() // only read
	if c.cfg.Redirect && r.Method == http.MethodGet {
		at, err := e.bucket.Sign(r.Context(), e.File, e.AudioType, redirectFor)
		if err == nil {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, at, http.StatusTemporaryRedirect)
			return nil
		}
		if !errors.Is(err, bucket.ErrCantSign) {
			return fmt.Errorf("%q in %s: %w", e.File, e.bucket.Name(), err)
		}
	}
	h := w.Header()
	h.Set("Content-Type", e.AudioType)
	h.Set("ETag", etag(file.File(), partAudio))
	h.Set("Cache-Control", c.cacheControl(5*time.Minute))
	http.ServeContent(w, r, "", file.File().Modified, file)
	return nil
}

// cacheControl lets shared caches keep what everybody may have.
func (c *Catalog) cacheControl(maxAge time.Duration) string {
	who := "private"
	if c.cfg.Public {
		who = "public"
	}
	return fmt.Sprintf("%s, max-age=%d", who, int(maxAge.Seconds()))
}

// etag is strong: it changes with the bytes, and is the same for a bucket's file in whatever process serves it.
func etag(f bucket.File, part string) string { return `"` + contentID(f, part) + `"` }

func contentID(f bucket.File, part string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %s", f.Version, f.Size, f.Modified.UnixNano(), part))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// refusal is an error that clients are told as it is.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return r.text }

// refuse tells the client what it may know and the operator the rest.
func (c *Catalog) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if told, ok := errors.AsType[*refusal](err); ok {
		http.Error(w, told.text, told.code)
		return
	}
	switch {
	case r.Context().Err() != nil: // nobody is listening any more
	case errors.Is(err, ErrNoSuchTrack):
		http.Error(w, "no such track", http.StatusNotFound)
	case errors.Is(err, ErrNoLyrics):
		http.Error(w, "this track has no lyrics", http.StatusNotFound)
	case errors.Is(err, ErrLoading):
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the songs are still being recalled", http.StatusServiceUnavailable)
	case errors.Is(err, ErrClosed):
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
	case errors.Is(err, ErrGone), errors.Is(err, bucket.ErrNotFound):
		c.log.Debug().Err(err).Msg("a song that was removed is asked for")
		http.Error(w, "the track was removed", http.StatusGone)
	default:
		c.log.Error().Err(err).Msg("a song can't be read")
		http.Error(w, "the song can't be read now", http.StatusBadGateway)
	}
}
