package catalog_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
	"github.com/singoff/singoff/service/catalog/index"
)

// eventually asks until it is so, for at most 30 s: what waits for the file system can't be told by a signal.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	end := time.NewTimer(30 * time.Second)
	defer end.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-end.C:
			t.Fatalf("not within 30 s: %s", what)
		case <-tick.C:
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func has(c *catalog.Catalog, title string) bool {
	found, err := c.Find(catalog.Query{Text: title})
	return err == nil && found.Total > 0
}

func TestSongsComeAndGo(t *testing.T) {
	t.Parallel()
	dir := folder(t, files{"first.mp3": song})
	c := open(t, catalog.Config{URLs: []string{dir}, Public: true})
	first := tracks(t, c, "")[0]
	write(t, filepath.Join(dir, "new album", "disc 1", "second.mp3"), song)
	eventually(t, "a song in new folders is found", func() bool { return has(c, "second") })
	write(t, filepath.Join(dir, "new album", "disc 1", "third.mp3"), song)
	eventually(t, "another one in the new folder", func() bool { return has(c, "third") })
	write(t, filepath.Join(dir, "first.lrc"), lrc)
	eventually(t, "lyrics that came later", func() bool { tr, err := c.Track(t.Context(), first.ID); return err == nil && tr.Lyrics != 0 })
	if err := os.Remove(filepath.Join(dir, "first.mp3")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a removed song is gone", func() bool { _, err := c.Track(t.Context(), first.ID); return errors.Is(err, catalog.ErrGone) })
	if resp := serve(c.Handler(), "GET", "/songs/"+first.ID+"/audio"); resp.StatusCode != 410 {
		t.Errorf("got %d for a removed song, want 410", resp.StatusCode)
	}
	write(t, filepath.Join(dir, "first.mp3"), song)
	eventually(t, "it is back", func() bool { _, err := c.Track(t.Context(), first.ID); return err == nil })
}

// Whoever asked between the reading of the last file and its being found was told that all songs are known, and didn't ask again: a list showed half of a
// large library for good.
func TestCompleteIsFound(t *testing.T) {
	t.Parallel()
	const songs = 400
	f := files{}
	for i := range songs {
		f[fmt.Sprintf("%03d/song.mp3", i)] = song
	}
	c, err := catalog.Open(t.Context(), catalog.Config{URLs: []string{folder(t, f)}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Without a pause: what this is about lasts for milliseconds.
	for end := time.Now().Add(30 * time.Second); !c.Progress().Complete; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("not within 30 s: everything was read")
		}
	}
	if found, err := c.Find(catalog.Query{}); err != nil || found.Total != songs {
		t.Errorf("got %d of %d songs, %v, when all were said to be known", found.Total, songs, err)
	}
}

// The watch of a folder is lost when it is renamed, and its songs were known by their old names until everything was listed again.
func TestRenamedFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t, files{"old/disc/first.mp3": song})
	c := open(t, catalog.Config{URLs: []string{dir}})
	if err := os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the song is where it is now", func() bool { return byFile(t, c)["new/disc/first.mp3"].ID != "" && len(byFile(t, c)) == 1 })
	write(t, filepath.Join(dir, "new", "disc", "second.mp3"), song)
	eventually(t, "another one in the renamed folder", func() bool { return has(c, "second") })
}

// A folder that is moved away and back lost its watch: from then on a new song took a minute to be seen.
func TestFolderThatWasAway(t *testing.T) {
	t.Parallel()
	dir := folder(t, files{"first.mp3": song})
	registry := prometheus.NewPedanticRegistry()
	c := open(t, catalog.Config{URLs: []string{dir}, Registerer: registry})
	if err := os.Rename(dir, dir+" away"); err != nil {
		t.Fatal(err)
	}
	const away = "# HELP singoff_catalog_unreadable_buckets Buckets that can't be listed at the moment.\n" +
		"# TYPE singoff_catalog_unreadable_buckets gauge\nsingoff_catalog_unreadable_buckets 1\n"
	eventually(t, "the folder can't be listed", func() bool {
		return testutil.GatherAndCompare(registry, strings.NewReader(away), "singoff_catalog_unreadable_buckets") == nil
	})
	// Its songs stay, so they weren't removed: players may try again.
	link := c.Links(byFile(t, c)["first.mp3"], "default").Audio
	if resp := serve(c.Handler(), "GET", link); resp.StatusCode != 502 {
		t.Errorf("got %d for a song of a folder that is away, want 502", resp.StatusCode)
	}
	write(t, filepath.Join(dir+" away", "second.mp3"), song)
	if err := os.Rename(dir+" away", dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was put there meanwhile", func() bool { return has(c, "second") })
	write(t, filepath.Join(dir, "third.mp3"), song)
	eventually(t, "a song put there since", func() bool { return has(c, "third") })
	if resp := serve(c.Handler(), "GET", link); resp.StatusCode != 200 {
		t.Errorf("got %d for a song of the folder that is back, want 200", resp.StatusCode)
	}
}

// A file that is being copied is half there for a while.
func TestSongThatGrows(t *testing.T) {
	t.Parallel()
	whole := audiotest.FLAC(44100, 441000, 441000)
	dir := folder(t, files{"a.flac": whole[:len(whole)/2]})
	c := open(t, catalog.Config{URLs: []string{dir}})
	if len(tracks(t, c, "")) != 0 || len(c.Problems()) != 1 {
		t.Fatalf("got %v, want the half file reported", c.Problems())
	}
	write(t, filepath.Join(dir, "a.flac"), whole)
	eventually(t, "the whole song", func() bool { return has(c, "a") && len(c.Problems()) == 0 })
}

// After a restart songs are there before any file was read again, and those that went away meanwhile are gone, not unknown.
func TestRestart(t *testing.T) {
	t.Parallel()
	dir, store := folder(t, files{"a.mp3": song, "b.mp3": song, "a.lrc": lrc}), filepath.Join(t.TempDir(), "songs.db")
	cfg := catalog.Config{URLs: []string{dir}, Store: store}
	c, err := catalog.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, b := byFile(t, c)["a.mp3"], byFile(t, c)["b.mp3"]
	link := c.Links(a, "default").Audio
	c.Played("default", b.ID)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "b.mp3")); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cfg.Logger = zerolog.New(&log)
	c, err = catalog.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := c.Track(t.Context(), a.ID); err != nil || got != a {
		t.Errorf("got %+v, %v right after the start, want %+v", got, err, a)
	}
	if resp := serve(c.Handler(), "GET", link); resp.StatusCode != 200 {
		t.Errorf("got %d for an address given before the restart, want 200", resp.StatusCode)
	}
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Track(t.Context(), b.ID); !errors.Is(err, catalog.ErrGone) {
		t.Errorf("got %v for a song removed meanwhile, want %v", err, catalog.ErrGone)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), `"files":2,"read":0,"tracks":1`) {
		t.Errorf("got log %s, want two files found and none read again", log.String())
	}
}

func TestRecentlyPlayed(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "songs.db")
	cfg := catalog.Config{URLs: []string{folder(t, files{"a.mp3": song, "b.mp3": song, "c.mp3": song})}, Store: store}
	c := open(t, cfg)
	ids := byFile(t, c)
	for _, file := range []string{"a.mp3", "c.mp3", "a.mp3", "b.mp3", "c.mp3"} {
		c.Played("party", ids[file].ID)
	}
	c.Played("other", ids["a.mp3"].ID)
	check := func(c *catalog.Catalog) {
		t.Helper()
		for namespace, want := range map[string]string{"party": "c b a", "other": "a", "none": ""} {
			found, err := c.Find(catalog.Query{Order: index.ByRecency, Namespace: namespace})
			var got []string
			for _, tr := range found.Tracks {
				got = append(got, tr.Title)
			}
			if err != nil || strings.Join(got, " ") != want || found.Total != len(got) {
				t.Errorf("%s: got %v of %d, %v, want %s", namespace, got, found.Total, err, want)
			}
		}
	}
	check(c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	check(open(t, cfg))
}

// A disk that was pulled must not make all songs gone.
func TestUnreadableFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t, files{"songs/a.mp3": song}), "songs")
	c := open(t, catalog.Config{URLs: []string{dir}, Public: true})
	id := tracks(t, c, "")[0].ID
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its bytes can't be had", func() bool {
		return serve(c.Handler(), "GET", "/songs/"+id+"/audio").StatusCode == 502
	})
	if _, err := c.Track(t.Context(), id); err != nil {
		t.Errorf("got %v, want the song still known", err)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	if resp := serve(c.Handler(), "GET", "/songs/"+id+"/audio"); resp.StatusCode != 200 {
		t.Errorf("got %d when it is back, want 200", resp.StatusCode)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	c := openFiles(t, files{"a.mp3": song, "a.lrc": lrc, "b.mp3": []byte("text"), "notes.pdf": lrc})
	if got, want := c.Progress(), (catalog.Progress{FoundFiles: 3, ReadFiles: 3, Complete: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
