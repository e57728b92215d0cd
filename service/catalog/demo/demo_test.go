package demo_test

import (
	"bytes"
	"image/jpeg"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/catalog/demo"
)

var stamped = regexp.MustCompile(`^\[00:([0-5]\d)\.\d\d\].+$`)

func TestSongs(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	err := fs.WalkDir(demo.Songs, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(demo.Songs, name)
		if err != nil {
			return err
		}
		kinds[path.Ext(name)]++
		switch path.Ext(name) {
		case ".mp3":
			if len(content) > 512<<10 {
				t.Errorf("%s: got %d bytes, want at most half a MiB", name, len(content))
			}
		case ".jpg":
			checkCover(t, name, content)
		case ".lrc":
			checkLyrics(t, name, string(content))
		default:
			t.Errorf("%s: got a file that is no part of a song", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, ext := range []string{".mp3", ".jpg", ".lrc"} {
		if kinds[ext] != 4 {
			t.Errorf("got %d files %s, want 4", kinds[ext], ext)
		}
	}
}

func checkCover(t *testing.T, name string, content []byte) {
	t.Helper()
	c, err := jpeg.DecodeConfig(bytes.NewReader(content))
	if err != nil || c.Width != 512 || c.Height != 512 || len(content) > 100<<10 {
		t.Errorf("%s: got %d×%d in %d bytes, %v, want 512×512 in at most 100 KiB", name, c.Width, c.Height, len(content), err)
	}
}

func checkLyrics(t *testing.T, name, content string) {
	t.Helper()
	before, lines := "", 0
	for line := range strings.SplitSeq(strings.TrimSpace(content), "\n") {
		if strings.HasPrefix(line, "[ti:") || strings.HasPrefix(line, "[ar:") || strings.HasPrefix(line, "[al:") || strings.HasPrefix(line, "[length:") {
			continue
		}
		lines++
		if !stamped.MatchString(line) || line[:10] <= before {
			t.Errorf("%s: got %q, want a stamp within the minute, later than %q", name, line, before)
		}
		before = line[:min(10, len(line))]
	}
	if lines < 5 {
		t.Errorf("%s: got %d lines, want a song", name, lines)
	}
}
