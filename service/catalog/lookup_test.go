package catalog_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

// What a song has itself is never looked up; what the lyrics server doesn't know, or while it fails, is no lyrics and no failure.
func TestLyricsAreLookedUp(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Query().Get("track_name") != "known" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `{"trackName":"known","artistName":"Mina","syncedLyrics":"[00:01.00]la la"}`)
	}))
	defer server.Close()
	c := open(t, catalog.Config{
		URLs:      []string{folder(t, files{"Mina - own.mp3": song, "Mina - own.lrc": lrc, "Mina - known.mp3": song, "Mina - unknown.mp3": song})},
		LyricsURL: server.URL,
	})
	found := byFile(t, c)
	if got, err := c.Lyrics(t.Context(), found["Mina - own.mp3"].ID); err != nil || got.Kind == lyrics.None || asked.Load() != 0 {
		t.Errorf("got %+v, %v after %d requests, want its own without any", got, err, asked.Load())
	}
	got, err := c.Lyrics(t.Context(), found["Mina - known.mp3"].ID)
	if err != nil || got.Kind != lyrics.Lines || got.Lines[0].Text != "la la" {
		t.Errorf("got %+v, %v, want what the server knows", got, err)
	}
	if _, err := c.Lyrics(t.Context(), found["Mina - unknown.mp3"].ID); !errors.Is(err, catalog.ErrNoLyrics) {
		t.Errorf("got %v, want %v", err, catalog.ErrNoLyrics)
	}
	if _, err := c.Lyrics(t.Context(), "nosuchtrack"); errors.Is(err, catalog.ErrNoLyrics) || err == nil {
		t.Errorf("got %v, want no such track", err)
	}
	if _, err := catalog.Open(t.Context(), catalog.Config{LyricsURL: "lyrics.example"}); !errors.Is(err, catalog.ErrConfig) || !strings.Contains(err.Error(), "lyrics URL") {
		t.Errorf("got %v, want %v that names the lyrics URL", err, catalog.ErrConfig)
	}
}
