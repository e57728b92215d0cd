package catalog

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"iter"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/singoff/singoff/service/catalog/audio/audiotest"
	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/store"
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

// slow is a bucket elsewhere, whose files are read for as long as whoever opened them wants it.
type slow struct {
	bucket.Bucket
	opened, reading, goOn chan struct{}
}

func (s *slow) Open(ctx context.Context, key string) (bucket.Reader, error) {
	file, err := s.Bucket.Open(ctx, key)
	s.opened <- struct{}{}
	return &slowFile{file, ctx, s}, err
}

type slowFile struct {
	bucket.Reader
	ctx context.Context
	of  *slow
}

func (f *slowFile) Read(p []byte) (int, error) {
	select {
	case f.of.reading <- struct{}{}:
	default:
	}
	<-f.of.goOn
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.Reader.Read(p)
}

// The first one who wants a cover goes away while it is scaled: those who wait for it get it.
func TestCoverWhoseFirstAskerGoesAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var picture bytes.Buffer
	err := errors.Join(jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8)), nil),
		os.WriteFile(filepath.Join(dir, "a.mp3"), audiotest.MP3(4), 0o644), os.WriteFile(filepath.Join(dir, "a.jpg"), picture.Bytes(), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), Config{URLs: []string{dir}, Public: true})
	if err == nil {
		err = c.Complete(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	e := *c.view.Load().entries[0]
	s := &slow{Bucket: e.bucket, opened: make(chan struct{}, 2), reading: make(chan struct{}, 1), goOn: make(chan struct{})}
	e.bucket = s
	ask := func(ctx context.Context) error {
		return c.serveCover(320)(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil), &e)
	}
	first, leave := context.WithCancel(t.Context())
	left, waited := make(chan error, 1), make(chan error, 1)
	go func() { left <- ask(first) }()
	<-s.opened
	<-s.reading
	go func() { waited <- ask(t.Context()) }()
	<-s.opened
	leave()
	close(s.goOn)
	<-left
	if err := <-waited; err != nil {
		t.Errorf("got %v, want the picture", err)
	}
}

// listing is a folder that notes what is listed of it.
type listing struct {
	bucket.Parts
	parts []string
}

func (l *listing) ListPart(ctx context.Context, key string) iter.Seq2[bucket.File, error] {
	l.parts = append(l.parts, key)
	return l.Parts.ListPart(ctx, key)
}

// With 50,000 songs a new one was found after many seconds on a busy machine: everything was listed, paired and sorted anew.
func TestOnlyWhatChangedIsLookedAt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(names ...string) {
		t.Helper()
		for _, name := range names {
			path := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, audiotest.MP3(4), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("a/1.mp3", "a/2.mp3", "ab/3.mp3", "c/d/4.mp3", "c/d/5.mp3", "6.mp3")
	opened, err := bucket.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := &listing{Parts: opened.(bucket.Parts)}
	s := newShelf(folder)
	c := &Catalog{cfg: Config{MaxTracks: 100, Workers: 1}, shelves: []*shelf{s}, warned: map[Problem]bool{}}
	c.view.Store(emptyView())
	c.seen.ids = map[string]bool{}
	if c.store, _, err = store.Open(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	defer c.store.Close()
	// scan gives the songs there are after a scan, and those whose entries it made.
	scan := func(parts ...string) (all, made []string) {
		t.Helper()
		before := c.view.Load().entries
		if err := c.scan(t.Context(), s, parts); err != nil {
			t.Fatal(err)
		}
		for _, e := range c.view.Load().entries {
			all = append(all, e.File)
			if !slices.Contains(before, e) {
				made = append(made, e.File)
			}
		}
		slices.Sort(all)
		slices.Sort(made)
		return all, made
	}
	scan("")
	put("a/0.mp3", "c/e/7.mp3")
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "c", "d")), os.Remove(filepath.Join(dir, "6.mp3")), os.Remove(filepath.Join(dir, "ab", "3.mp3"))); err != nil {
		t.Fatal(err)
	}
	all, made := scan("a/0.mp3", "c/d", "c/e", "c/e/7.mp3", "6.mp3") // nobody has told of ab
	if want := []string{"a/0.mp3", "a/1.mp3", "a/2.mp3", "ab/3.mp3", "c/e/7.mp3"}; !slices.Equal(all, want) {
		t.Errorf("got %v, want %v", all, want)
	}
	if want := []string{"a/0.mp3", "a/1.mp3", "a/2.mp3", "c/e/7.mp3"}; !slices.Equal(made, want) {
		t.Errorf("got new entries for %v, want them for %v", made, want)
	}
	if want := []string{"", "a/0.mp3", "c/d", "c/e", "c/e/7.mp3", "6.mp3"}; !slices.Equal(folder.parts, want) {
		t.Errorf("got %q listed, want %q", folder.parts, want)
	}
	if got, want := c.Progress(), (Progress{FoundFiles: 5, ReadFiles: 5, Complete: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if all, _ := scan(""); !slices.Equal(all, []string{"a/0.mp3", "a/1.mp3", "a/2.mp3", "c/e/7.mp3"}) {
		t.Errorf("got %v, want all found out in the end", all)
	}
}

// worker takes a while for each read: what is done with it.
type worker struct{ reads int }

func (w *worker) Read(b []byte) (int, error) {
	time.Sleep(time.Millisecond)
	w.reads++
	return len(b), nil
}

// Measuring a song takes a tenth of a core's time in every second, not one second in ten. A song that takes too long for that is measured at once.
func TestMeasuringIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w, began := new(worker), time.Now()
		p := &paced{ctx: ctx, in: w, began: began, since: began}
		for before, second := 0, 1; second <= 3; second++ {
			for time.Since(began) < time.Duration(second)*time.Second {
				if _, err := p.Read(make([]byte, 8)); err != nil {
					t.Fatal(err)
				}
			}
			if ms := w.reads - before; ms < 90 || ms > 110 {
				t.Errorf("second %d: got %d ms of work, want about 100", second, ms)
			}
			before = w.reads
		}
		if all := time.Since(began); p.rested < 8*all/10 || p.rested > 9*all/10+measureWork {
			t.Errorf("got %v of %v rested, want nine tenths", p.rested, all)
		}
		time.Sleep(measureHurry)
		for last := time.Now(); time.Since(last) < time.Second; {
			rested := p.rested
			if _, err := p.Read(make([]byte, 8)); err != nil || p.rested != rested {
				t.Fatalf("got a rest of %v, %v, after %v", p.rested-rested, err, time.Since(began))
			}
		}
		p.began, p.since = time.Now(), time.Now().Add(-time.Second)
		cancel()
		if _, err := p.Read(make([]byte, 8)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want a rest that ends with the catalogue", err)
		}
	})
}
