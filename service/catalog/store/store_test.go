package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, aside, err := store.Open(t.Context(), path)
	if err != nil || aside != "" {
		t.Fatalf("got %q set aside, %v", aside, err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func remembered(key string, size int64) store.Remembered {
	return store.Remembered{
		File:  bucket.File{Key: key, Size: size, Modified: time.Unix(1_700_000_000, 5), Version: "v"},
		Facts: &facts.Facts{Audio: &facts.Audio{Title: "제목", Duration: time.Minute, Format: "MP3"}},
	}
}

func TestFilesAreRememberedAcrossOpenings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "folder #1", "songs.db")
	s := open(t, path)
	a, b := remembered("a.mp3", 1), remembered("b.mp3", 2)
	if err := s.Save(t.Context(), "here", []store.Remembered{a, b}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveLoudness(t.Context(), "here", a.File, -7.5); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveLoudness(t.Context(), "here", remembered("b.mp3", 3).File, -9); err != nil { // of a file that was replaced meanwhile
		t.Fatal(err)
	}
	if err := s.Moved(t.Context(), "here", []string{"b.mp3"}, nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	secret, err := s.Secret(t.Context())
	if err != nil || len(secret) != 32 {
		t.Fatalf("got a secret of %d bytes, %v, want 32", len(secret), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	got, err := s.Files(t.Context(), "here")
	if err != nil {
		t.Fatal(err)
	}
	loud := -7.5
	a.Loudness, b.Gone = &loud, true
	for i := range got {
		got[i].Modified = got[i].Modified.UTC()
	}
	a.Modified, b.Modified = a.Modified.UTC(), b.Modified.UTC()
	if want := []store.Remembered{a, b}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if elsewhere, err := s.Files(t.Context(), "elsewhere"); err != nil || len(elsewhere) != 0 {
		t.Errorf("got %d files of another bucket, %v, want none", len(elsewhere), err)
	}
	if again, err := s.Secret(t.Context()); err != nil || !slices.Equal(again, secret) {
		t.Errorf("got another secret, %v, want the one of before: addresses outlive a restart", err)
	}
	if err := s.Moved(t.Context(), "here", nil, []string{"b.mp3"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Files(t.Context(), "here"); err != nil || got[1].Gone {
		t.Errorf("got %+v, %v, want it back", got, err)
	}
}

func TestWhatIsLongGoneIsForgotten(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	if err := s.Save(t.Context(), "here", []store.Remembered{remembered("a.mp3", 1), remembered("a.jpg", 1)}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, tt := range []struct {
		at   time.Time
		want int
	}{{now, 1}, {now.Add(89 * 24 * time.Hour), 1}, {now.Add(91 * 24 * time.Hour), 0}} {
		if err := s.Moved(t.Context(), "here", []string{"a.mp3"}, nil, tt.at); err != nil {
			t.Fatal(err)
		}
		if keys, err := s.AudioKeys(t.Context()); err != nil || len(keys) != tt.want {
			t.Errorf("got %v, %v, want %d keys", keys, err, tt.want)
		}
	}
}

func TestLoudnessThatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	a := remembered("a.mp3", 1)
	unmeasurable := math.Inf(-1)
	a.Loudness = &unmeasurable
	if err := s.Save(t.Context(), "here", []store.Remembered{a}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Files(t.Context(), "here")
	if err != nil || len(got) != 1 || got[0].Loudness == nil || !math.IsInf(*got[0].Loudness, -1) {
		t.Errorf("got %+v, %v, want the mark of what can't be measured", got, err)
	}
}

// The secret that addresses are signed with is for the server's user alone, also in a folder that others can read.
func TestFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "songs.db"))
	if _, err := s.Secret(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v, want the store", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want it for its owner alone", f.Name(), info.Mode(), err)
		}
	}
}

func TestPlayedIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	var played []store.Played
	for i := range 1100 {
		played = append(played, store.Played{Namespace: "a", Track: fmt.Sprint(i), At: time.Unix(int64(i+1), 0)})
	}
	played = append(played, store.Played{Namespace: "b", Track: "0", At: time.Unix(1, 0)}, store.Played{Namespace: "a", Track: "200", At: time.Unix(9999, 0)})
	if err := s.SavePlayed(t.Context(), played); err != nil {
		t.Fatal(err)
	}
	got, err := s.Played(t.Context())
	if err != nil || len(got) != 1001 || got[0].Track != "200" || got[1000].Namespace != "b" {
		t.Errorf("got %d, %v, want 1000 of one namespace, the one played again first, and 1 of the other", len(got), err)
	}
}

// Anybody can play in a namespace of their own: the file forgets those in which nothing was for longest.
func TestPlayedIsBoundedInNamespaces(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	var played []store.Played
	for i := range 1003 {
		played = append(played, store.Played{Namespace: fmt.Sprint(i), Track: "a", At: time.Unix(int64(i+1), 0)})
	}
	played = append(played, store.Played{Namespace: "0", Track: "b", At: time.Unix(9999, 0)})
	if err := s.SavePlayed(t.Context(), played); err != nil {
		t.Fatal(err)
	}
	got, err := s.Played(t.Context())
	if err != nil || len(got) != 1001 || got[0].Track != "b" || got[1].Namespace != "1002" || got[1000].Namespace != "0" || got[999].Namespace != "4" {
		t.Errorf("got %d, %v, want those of the 1000 namespaces played in lately, both of one", len(got), err)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	if jpeg, err := s.Cover(t.Context(), "x"); err != nil || jpeg != nil {
		t.Errorf("got %d bytes, %v, want none", len(jpeg), err)
	}
	if err := s.SaveCover(t.Context(), "x", []byte("picture")); err != nil {
		t.Fatal(err)
	}
	if jpeg, err := s.Cover(t.Context(), "x"); err != nil || string(jpeg) != "picture" {
		t.Errorf("got %q, %v", jpeg, err)
	}
}

// A file that another version wrote, or that broke, costs a scan and no start.
func TestUnusableFilesAreSetAside(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"text": "no database, and longer than the head of one would be: " + string(make([]byte, 4096)), "folder": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "songs.db")
			if name == "folder" {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			s, aside, err := store.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := os.Stat(aside); err != nil || aside == "" {
				t.Errorf("got %q, %v, want the file kept beside", aside, err)
			}
			if _, err := s.Secret(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Scaled covers are most of the file: one that broke is scaled anew, and what is read at a start is looked through without them.
func TestOnlyWhatAStartReadsMustBeWhole(t *testing.T) {
	t.Parallel()
	for table, kept := range map[string]bool{"covers": true, "files": false} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "songs.db")
			s := open(t, path)
			if err := errors.Join(s.Save(t.Context(), "here", []store.Remembered{remembered("a.mp3", 1)}), s.SaveCover(t.Context(), "x", []byte("picture")), s.Close()); err != nil {
				t.Fatal(err)
			}
			breakTable(t, path, table)
			s, aside, err := store.Open(t.Context(), path)
			if err != nil || (aside == "") != kept {
				t.Fatalf("got %q set aside, %v, want it kept: %t", aside, err, kept)
			}
			defer s.Close()
			if files, err := s.Files(t.Context(), "here"); err != nil || (len(files) == 1) != kept {
				t.Errorf("got %d files, %v, want them kept: %t", len(files), err, kept)
			}
			if jpeg, err := s.Cover(t.Context(), "x"); len(jpeg) != 0 || (err != nil) != kept {
				t.Errorf("got a cover of %d bytes, %v", len(jpeg), err)
			}
		})
	}
}

// breakTable overwrites the page that a table begins with.
func breakTable(t *testing.T, path, table string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var page, size int64
	err = errors.Join(db.QueryRowContext(t.Context(), "SELECT rootpage FROM sqlite_schema WHERE name = ?", table).Scan(&page),
		db.QueryRowContext(t.Context(), "PRAGMA page_size").Scan(&size), db.Close())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(bytes.Repeat([]byte{0xFF}, int(size)), (page-1)*size)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// Another program's file isn't broken.
func TestBusyIsNotBroken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "songs.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=exclusive&_pragma=locking_mode(EXCLUSIVE)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	s, aside, err := store.Open(t.Context(), path)
	if !errors.Is(err, store.ErrBusy) || aside != "" {
		t.Errorf("got %v, %q set aside, %v, want %v", s, aside, err, store.ErrBusy)
	}
}
