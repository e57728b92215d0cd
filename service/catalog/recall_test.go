package catalog_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/index"
	"github.com/singoff/singoff/service/catalog/store/storetest"
)

// Recalling 50,000 songs took seconds before anybody could join. Who asks for a song meanwhile waits, and isn't told that there is none.
func TestRecallHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	dir, store := folder(t, files{"a.mp3": song, "a.lrc": lrc, "b.mp3": song}), filepath.Join(t.TempDir(), "songs.db")
	cfg := catalog.Config{URLs: []string{dir}, Store: store}
	before := open(t, cfg)
	a, b := byFile(t, before)["a.mp3"], byFile(t, before)["b.mp3"]
	link := before.Links(a, "default").Audio
	before.Played("default", b.ID)
	if err := errors.Join(before.Close(), os.Remove(filepath.Join(dir, "b.mp3"))); err != nil {
		t.Fatal(err)
	}

	letGo := storetest.Hold(t, store)
	c, err := catalog.Open(t.Context(), cfg)
	if err != nil {
		letGo()
		t.Fatal(err)
	}
	defer c.Close()
	if found, err := c.Find(catalog.Query{}); err != nil || found.Total != 0 || c.Progress().Complete {
		t.Errorf("got %+v, %v, %+v, want no songs and not all that there are", found, err, c.Progress())
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for _, id := range []string{a.ID, b.ID, "never was"} {
		if _, err := c.Track(short, id); !errors.Is(err, catalog.ErrLoading) {
			t.Errorf("got %v, want %v", err, catalog.ErrLoading)
		}
		if c.Gone(id) {
			t.Errorf("got %s gone, want it not known yet", id)
		}
	}
	c.Played("default", a.ID) // a room goes on with the song it had

	status, lines := make(chan int, 1), make(chan error, 1)
	go func() { status <- serve(c.Handler(), "GET", link).StatusCode }()
	go func() { _, err := c.Lyrics(t.Context(), a.ID); lines <- err }()
	letGo()
	if got := <-status; got != 200 {
		t.Errorf("got %d for a song asked for meanwhile, want 200", got)
	}
	if err := <-lines; err != nil {
		t.Errorf("got %v for its lyrics, want them", err)
	}
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !c.Gone(b.ID) || c.Gone(a.ID) || c.Gone("never was") {
		t.Error("want the song gone that was removed, and no other")
	}
	if recent, err := c.Find(catalog.Query{Order: index.ByRecency, Namespace: "default"}); err != nil || recent.Total != 1 || recent.Tracks[0].ID != a.ID {
		t.Errorf("got %+v, %v, want what began meanwhile", recent, err)
	}
}

// What can't be used costs a scan, not the server.
func TestStoreThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "songs.db")
	if err := os.WriteFile(store, make([]byte, 9000), 0o600); err != nil {
		t.Fatal(err)
	}
	c := open(t, catalog.Config{URLs: []string{folder(t, files{"a.mp3": song})}, Store: store})
	if len(tracks(t, c, "")) != 1 {
		t.Error("want the song, read anew")
	}
	if _, err := catalog.Open(t.Context(), catalog.Config{Store: filepath.Join(store, "songs.db")}); err == nil {
		t.Error("want a store refused whose folder can't be")
	}
}
