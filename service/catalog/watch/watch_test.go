package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string) *Watcher {
	t.Helper()
	w, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func TestTake(t *testing.T) {
	t.Parallel()
	w := open(t, t.TempDir())
	at := func(i int) string { return filepath.Join(w.dir, "a", fmt.Sprint(i)) }
	for range 2 {
		w.note(at(1))
		w.note(at(2))
	}
	got, all := w.Take()
	slices.Sort(got)
	if want := []string{"a/1", "a/2"}; all || !slices.Equal(got, want) {
		t.Errorf("got %v, all %t, want %v", got, all, want)
	}
	if got, all := w.Take(); all || len(got) != 0 {
		t.Errorf("got %v, all %t, want nothing twice", got, all)
	}
	for i := range MaxPaths + 1 {
		w.note(at(i))
	}
	if got, all := w.Take(); !all || len(got) != 0 {
		t.Errorf("got %d paths, all %t, want all after %d changes", len(got), all, MaxPaths+1)
	}
	w.note(at(1))
	w.note(w.dir)
	w.note(at(2))
	if got, all := w.Take(); !all || len(got) != 0 {
		t.Errorf("got %v, all %t, want all when the folder itself changed", got, all)
	}
}

// What happens in a folder that was renamed, or lies in one, has its new name.
func TestRename(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "old", "disc"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := open(t, dir)
	if err := os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	await(t, w, "new")
	if err := os.WriteFile(filepath.Join(dir, "new", "disc", "song"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	await(t, w, "new/disc/song")
}

// A folder that was moved away and back, like one whose file system was unmounted and mounted again, isn't watched any more.
func TestRenew(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "songs")
	if err := os.MkdirAll(filepath.Join(dir, "disc"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := open(t, dir)
	if err := os.Rename(dir, dir+" away"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.Changed():
	case <-time.After(30 * time.Second):
		t.Fatal("its going wasn't told of")
	}
	if _, all := w.Take(); !all {
		t.Error("its going isn't told as a change of all")
	}
	if err := os.Rename(dir+" away", dir); err != nil {
		t.Fatal(err)
	}
	w.Renew()
	if got, all := w.Take(); all || len(got) != 0 {
		t.Errorf("got %v, all %t, want nothing: who renews looks at everything then", got, all)
	}
	if err := os.WriteFile(filepath.Join(dir, "disc", "song"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	await(t, w, "disc/song")
}

// await waits until a path is told of, for at most 30 s.
func await(t *testing.T, w *Watcher, path string) {
	t.Helper()
	end := time.After(30 * time.Second)
	for {
		select {
		case <-w.Changed():
		case <-end:
			t.Fatalf("%s wasn't told of", path)
		}
		if paths, _ := w.Take(); slices.Contains(paths, path) {
			return
		}
	}
}
