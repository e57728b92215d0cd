//go:build unix

package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/singoff/singoff/service/catalog"
)

// A pipe named like a song made a server wait for ever for somebody to write to it.
func TestPipesAndLinks(t *testing.T) {
	t.Parallel()
	dir := folder(t, files{"good.mp3": song, "elsewhere/a.mp3": song})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.mp3"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"link.mp3": "good.mp3", "nowhere.mp3": "no", "loop.mp3": "loop.mp3", "folder.mp3": "elsewhere"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	c := open(t, catalog.Config{URLs: []string{dir}})
	var listed, reported []string
	for _, tr := range tracks(t, c, "") {
		listed = append(listed, tr.File)
	}
	for _, p := range c.Problems() {
		reported = append(reported, p.File)
		if want := "a link to what isn't a plain file isn't followed"; p.File == "folder.mp3" && p.Reason != want {
			t.Errorf("got %q for a link to a folder, want %q", p.Reason, want)
		}
	}
	if got, want := strings.Join(sorted(listed), " "), "elsewhere/a.mp3 good.mp3 link.mp3"; got != want {
		t.Errorf("got %s listed, want %s", got, want)
	}
	if got, want := strings.Join(sorted(reported), " "), "folder.mp3 loop.mp3 nowhere.mp3 pipe.mp3"; got != want {
		t.Errorf("got problems with %s, want %s", got, want)
	}
}
