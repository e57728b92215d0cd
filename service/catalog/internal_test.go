package catalog

import (
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// Who asks while songs are recalled waits for a while and no longer.
func TestPatienceWithTheRecall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &Catalog{recalled: make(chan struct{}), closing: make(chan struct{})}
		c.view.Store(emptyView())
		began := time.Now()
		if _, err := c.Track(t.Context(), "aaaaaaaaaaaaaaaa"); !errors.Is(err, ErrLoading) || time.Since(began) != recallPatience {
			t.Errorf("got %v after %v, want %v after %v", err, time.Since(began), ErrLoading, recallPatience)
		}
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/songs/aaaaaaaaaaaaaaaa/audio", nil))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("got %d, %v, want 503 with a time to come back", w.Code, w.Header())
		}
		closing := make(chan struct{})
		close(closing)
		c.closing = closing
		if _, err := c.Track(t.Context(), "aaaaaaaaaaaaaaaa"); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want %v", err, ErrClosed)
		}
	})
}
