package catalog_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	picture := audiotest.ID3Frame("APIC", append([]byte("\x00image/png\x00\x03\x00"), make([]byte, 9<<20)...))
	tests := map[string]struct {
		files   files
		file    string
		says    string
		leftOut bool
		listed  int
	}{
		"empty":            {files{"a.mp3": {}}, "a.mp3", "empty", true, 0},
		"cut to 200":       {files{"a.mp3": song[:200]}, "a.mp3", "not an MP3", true, 0},
		"rubbish":          {files{"a.mp3": []byte("<html>404</html>")}, "a.mp3", "not an MP3", true, 0},
		"cut":              {files{"a.flac": audiotest.FLAC(44100, 441000, 41000)}, "a.flac", "cut short", true, 0},
		"other name":       {files{"a.mp3": audiotest.MP4(1000, 2000, "soun")}, "a.mp3", "MP4 file under the wrong name", false, 1},
		"no length":        {files{"a.flac": audiotest.FLAC(44100, 0, 41000)}, "a.flac", "length is unknown", false, 1},
		"odd tag":          {files{"a.mp3": append(audiotest.ID3(audiotest.ID3Frame("TIT2", []byte("\x01\xFF\xFEa"))), song...)}, "", "", false, 1},
		"large picture":    {files{"a.mp3": append(audiotest.ID3(picture, audiotest.Text("TIT2", "x")), song...)}, "", "", false, 1},
		"empty cover":      {files{"a.mp3": song, "a.jpg": {}}, "a.jpg", "empty", true, 1},
		"cover of text":    {files{"a.mp3": song, "a.jpg": []byte("text of more than 12 bytes")}, "a.jpg", "neither JPEG nor PNG nor WebP", true, 1},
		"cover of an SVG":  {files{"a.mp3": song, "a.png": []byte("<svg><script/></svg>")}, "a.png", "neither JPEG", true, 1},
		"cover too large":  {files{"a.mp3": song, "a.jpg": append(bytes.Clone(jpeg), make([]byte, 16<<20)...)}, "a.jpg", "more than 16777216", true, 1},
		"lyrics in CP949":  {files{"a.mp3": song, "a.lrc": []byte("[00:01.00]\xB0\xA1\xB3\xAA")}, "", "", false, 1},
		"lyrics in UTF-16": {files{"a.mp3": song, "a.lrc": []byte("\xFF\xFE가\x00")}, "", "", false, 1},
		"lyrics too large": {files{"a.mp3": song, "a.txt": make([]byte, 1<<20+1)}, "a.txt", "more than 1048576", true, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.files["good.mp3"] = song
			c := openFiles(t, tt.files)
			p := c.Problems()
			if tt.file == "" {
				if len(p) != 0 || len(tracks(t, c, "")) != tt.listed+1 {
					t.Errorf("got %v, want no problems", p)
				}
				return
			}
			if len(p) != 1 || p[0].File != tt.file || p[0].LeftOut != tt.leftOut || !strings.Contains(p[0].Reason, tt.says) {
				t.Errorf("got %+v, want one about %q that says %q, left out %t", p, tt.file, tt.says, tt.leftOut)
			}
			if got := len(tracks(t, c, "")); got != tt.listed+1 {
				t.Errorf("got %d tracks, want %d", got, tt.listed+1)
			}
			if len(p) == 1 && !strings.Contains(p[0].String(), tt.file) {
				t.Errorf("got %q, want the file's name in it", p[0])
			}
		})
	}
}

// Tags that claim more than there is, or nest without end, cost neither memory nor the stack. Memory is the process's, so this
// test runs alone.
func TestHostileTagsAreBounded(t *testing.T) {
	mp4 := audiotest.MP4(1000, 2000, "soun")
	nested := append(bytes.Clone(mp4), bytes.Repeat([]byte("\x00\x00\x00\x08moov"), 100_000)...)
	huge := binary.BigEndian.AppendUint32([]byte("APIC"), 0x7FFFFFFF)
	f := files{"nested.m4a": nested, "many.m4a": append(mp4, bytes.Repeat(audiotest.Box("udta"), 9000)...)}
	const tag = 12 << 20
	dir := folder(t, f)
	for _, name := range []string{"a.mp3", "b.mp3", "c.mp3"} {
		sparse(t, filepath.Join(dir, name), append([]byte{'I', 'D', '3', 3, 0, 0, tag >> 21, 0, 0, 0}, huge...), tag+10, song)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := open(t, catalog.Config{URLs: []string{dir}, Workers: 1})
	runtime.ReadMemStats(&after)
	if grown := int64(after.Sys) - int64(before.Sys); grown > 100<<20 {
		t.Errorf("got %d MiB more memory, want at most 100", grown>>20)
	}
	if got := len(tracks(t, c, "")); got < 3 {
		t.Errorf("got %d tracks, want the three MP3s at least; problems: %v", got, c.Problems())
	}
}

// sparse writes a file with a beginning and an end, zeros between.
func sparse(t *testing.T, path string, begin []byte, at int64, end []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(begin); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(end, at); err != nil {
		t.Fatal(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(append(audiotest.ID3(audiotest.Text("TIT2", "x"), audiotest.Text("TPE1", "y")), audiotest.MP3(4)...))
	f.Add(audiotest.FLAC(44100, 4096, 4096))
	f.Add(audiotest.Vorbis(44100, 1000))
	f.Add(audiotest.MP4(1000, 1000, "soun"))
	f.Add(audiotest.WAV(8000, 10))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		for _, name := range []string{"a.mp3", "a.lrc", "a.jpg"} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c := open(t, catalog.Config{URLs: []string{dir}})
		if got := len(tracks(t, c, "")); got == 0 && len(c.Problems()) == 0 {
			t.Error("got neither a track nor a problem")
		}
	})
}
