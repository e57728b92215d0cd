package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	imagejpeg "image/jpeg"
	imagepng "image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	jpeg = encoded(func(w io.Writer, m image.Image) error { return imagejpeg.Encode(w, m, nil) })
	png  = encoded(imagepng.Encode)
	webp = []byte("RIFF\x10\x00\x00\x00WEBPVP8 ") // the head of one
	lrc  = []byte("\xEF\xBB\xBF[00:01.00]첫 줄\r\n")
	song = audiotest.MP3(100)
)

// encoded is a picture of 400 by 300.
func encoded(by func(io.Writer, image.Image) error) []byte {
	m := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	var b bytes.Buffer
	if err := by(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// files is a folder of songs: contents by name.
type files map[string][]byte

// folder writes the files and gives the folder.
func folder(t *testing.T, f files) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, cfg catalog.Config) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func openFiles(t *testing.T, f files) *catalog.Catalog {
	t.Helper()
	return open(t, catalog.Config{URLs: []string{folder(t, f)}, Public: true})
}

func tracks(t *testing.T, c *catalog.Catalog, query string) []catalog.Track {
	t.Helper()
	found, err := c.Find(catalog.Query{Text: query, Size: 10_000})
	if err != nil || found.Next != "" || found.Total != len(found.Tracks) {
		t.Fatalf("got %d of %d tracks, token %q, %v", len(found.Tracks), found.Total, found.Next, err)
	}
	return found.Tracks
}

// byFile gives the tracks by their audio's key.
func byFile(t *testing.T, c *catalog.Catalog) map[string]catalog.Track {
	t.Helper()
	out := map[string]catalog.Track{}
	for _, tr := range tracks(t, c, "") {
		out[tr.File] = tr
	}
	return out
}

func TestDemoSongs(t *testing.T) {
	t.Parallel()
	c := open(t, catalog.Config{URLs: []string{""}})
	found := tracks(t, c, "")
	if len(found) != 4 {
		t.Fatalf("got %d tracks, want 4", len(found))
	}
	for _, tr := range found {
		if d := tr.Duration; d < 59*time.Second || d > 62*time.Second {
			t.Errorf("%s: got %v, want about a minute", tr.Title, d)
		}
		if !tr.HasCover || tr.Lyrics == 0 || tr.AudioType != "audio/mpeg" || tr.Album != "First Stage" {
			t.Errorf("got %+v, want an MP3 with cover, lyrics and album", tr)
		}
		if want := tr.Artist + " - " + tr.Title + ".mp3"; tr.File != want {
			t.Errorf("got file %q, want that of its tags: %q", tr.File, want)
		}
	}
	if p := c.Problems(); len(p) != 0 {
		t.Errorf("got %v, want no problems", p)
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	nfc, nfd := norm.NFC.String("심장 위로"), norm.NFD.String("심장 위로")
	tests := map[string]struct {
		files         files
		audio         string
		cover, lyrics bool
	}{
		"same name":              {files{"a.mp3": song, "a.jpg": jpeg, "a.lrc": lrc}, "a.mp3", true, true},
		"other case":             {files{"Song.MP3": song, "SONG.Png": png, "song.TXT": lrc}, "Song.MP3", true, true},
		"other Unicode form":     {files{nfc + ".mp3": song, nfd + ".webp": webp, nfd + ".lrc": lrc}, nfc + ".mp3", true, true},
		"folder of another form": {files{nfd + "/a.mp3": song, nfc + "/a.jpeg": jpeg, nfc + "/a.lrc": lrc}, nfd + "/a.mp3", true, true},
		"other folder":           {files{"x/a.mp3": song, "y/a.jpg": jpeg, "a.lrc": lrc}, "x/a.mp3", false, false},
		"other name":             {files{"a.mp3": song, "a2.jpg": jpeg, "a.b.lrc": lrc}, "a.mp3", false, false},
		"dots within":            {files{"feat. b.mp3": song, "feat. b.jpg": jpeg, "feat.lrc": lrc}, "feat. b.mp3", true, false},
		"cover by content":       {files{"a.mp3": song, "a.jpg": png}, "a.mp3", true, false},
		"second choice":          {files{"a.mp3": song, "a.jpg": []byte("text"), "a.png": png, "a.lrc": {}, "a.txt": lrc}, "a.mp3", true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := byFile(t, openFiles(t, tt.files))
			got, ok := found[tt.audio]
			if !ok || len(found) != 1 || got.HasCover != tt.cover || (got.Lyrics != 0) != tt.lyrics {
				t.Errorf("got %+v, want %q with cover %t, lyrics %t", found, tt.audio, tt.cover, tt.lyrics)
			}
		})
	}
}

func TestTitles(t *testing.T) {
	t.Parallel()
	tagged := func(frames ...[]byte) []byte { return append(audiotest.ID3(frames...), song...) }
	both := tagged(audiotest.Text("TIT2", "제목"), audiotest.Text("TPE1", "가수"), audiotest.Text("TALB", "앨범"))
	tests := map[string]struct {
		file                 string
		content              []byte
		artist, title, album string
	}{
		"tags":             {"a.mp3", both, "가수", "제목", "앨범"},
		"NFD tag":          {"a.mp3", tagged(audiotest.Text("TIT2", norm.NFD.String("제목"))), "", "제목", ""},
		"title alone":      {"x - y.mp3", tagged(audiotest.Text("TIT2", "제목")), "", "제목", ""},
		"artist alone":     {"x - y.mp3", tagged(audiotest.Text("TPE1", "가수")), "가수", "y", ""},
		"lines and bidi":   {"a.mp3", tagged(audiotest.Text("TIT2", " a\r\nb\u202E\x07c ")), "", "a bc", ""},
		"CP949 in a tag":   {"a.mp3", tagged(audiotest.Text("TIT2", "\xB0\xA1\xB3\xAA")), "", "가나", ""},
		"endless":          {"a.mp3", tagged(audiotest.Text("TIT2", strings.Repeat("가", 5000))), "", strings.Repeat("가", 200), ""},
		"name":             {"가수 - 제목.mp3", song, "가수", "제목", ""},
		"name, NFD":        {norm.NFD.String("가수 - 제목") + ".mp3", song, "가수", "제목", ""},
		"name, dash":       {"가수 – 제목 - 부제.mp3", song, "가수", "제목 - 부제", ""},
		"name, number":     {"03 - 제목.mp3", song, "", "제목", ""},
		"name, no artist":  {"제목-부제.mp3", song, "", "제목-부제", ""},
		"name, no title":   {"가수 - .mp3", song, "", "가수 -", ""},
		"name in folders":  {"폴더/하위/가수 - 곡.mp3", song, "가수", "곡", ""},
		"odd UTF-16 frame": {"x - y.mp3", tagged(audiotest.ID3Frame("TIT2", []byte("\x01\xFF\xFEa"))), "x", "y", ""},
		"frame beyond tag": {"x - y.mp3", tagged(append([]byte("TIT2\x00\x0F\xFF\xFF\x00\x00"), "\x03abc"...)), "", "abc", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := tracks(t, openFiles(t, files{tt.file: tt.content}), "")
			if len(found) != 1 {
				t.Fatalf("got %d tracks, want 1", len(found))
			}
			if got := found[0]; got.Artist != tt.artist || got.Title != tt.title || got.Album != tt.album {
				t.Errorf("got %q, %q, %q, want %q, %q, %q", got.Artist, got.Title, got.Album, tt.artist, tt.title, tt.album)
			}
		})
	}
}

// A link to a song must go on working when its file is copied to another system, which may write the name in another form.
func TestIDs(t *testing.T) {
	t.Parallel()
	id := func(name string) string {
		found := tracks(t, openFiles(t, files{name: song}), "")
		if len(found) != 1 {
			t.Fatalf("got %d tracks of %q, want 1", len(found), name)
		}
		return found[0].ID
	}
	a := id("폴더/심장 위로.mp3")
	if b := id(norm.NFD.String("폴더/심장 위로.mp3")); a != b {
		t.Errorf("got %s and %s for two forms of a name, want one id", a, b)
	}
	if b := id("심장 위로.mp3"); a == b {
		t.Errorf("got %s in two folders, want two ids", a)
	}
	const want = "lrtdvvcwg6kwnvy4" // what is written in links already
	if a != want {
		t.Errorf("got %s, want %s", a, want)
	}
}

// Names that a driver took for escapes of other names weren't found.
func TestOddNames(t *testing.T) {
	t.Parallel()
	names := []string{
		"AC#DC 100%?.mp3", "a+b &.mp3", "x__0x2f__y.mp3", "폴더/하위/곡.mp3", "trailing .mp3", " leading.mp3", "%2F.mp3", "a..b/c.mp3", "a../c.mp3",
		strings.Repeat("밤", 80) + ".mp3",
	}
	f := files{}
	for _, n := range names {
		f[n] = song
	}
	c := open(t, catalog.Config{URLs: []string{folder(t, f)}})
	found := byFile(t, c)
	for _, n := range names {
		tr, ok := found[n]
		if !ok {
			t.Errorf("%q isn't listed", n)
			continue
		}
		if got := serve(c.Handler(), "GET", c.Links(tr, "default").Audio, "Range", "bytes=500-999"); got.StatusCode != 206 || got.body != string(song[500:1000]) {
			t.Errorf("%q: got %d, want its bytes", n, got.StatusCode)
		}
	}
	if p := c.Problems(); len(p) != 0 {
		t.Errorf("got %v, want no problems", p)
	}
}

func TestSeveralBuckets(t *testing.T) {
	t.Parallel()
	one := folder(t, files{"a.mp3": song, "both.mp3": song})
	two := folder(t, files{"both.mp3": audiotest.MP3(999), "sub/b.mp3": song})
	c := open(t, catalog.Config{URLs: []string{one, "", "file://" + filepath.ToSlash(two)}})
	found := byFile(t, c)
	if len(found) != 3 || found["both.mp3"].Duration > 5*time.Second {
		t.Errorf("got %+v, want a, b and the first both", found)
	}
	if p := c.Problems(); len(p) != 1 || p[0].File != "both.mp3" || p[0].Bucket != two || !strings.Contains(p[0].Reason, "same name") {
		t.Errorf("got %v, want one about the second both", p)
	}
}

// The folder driver walks no further than a symbolic link: a server given one as its folder would have no songs.
func TestFolderBehindALink(t *testing.T) {
	t.Parallel()
	dir := folder(t, files{"a.mp3": song})
	link := filepath.Join(t.TempDir(), "songs")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{link, "file://" + filepath.ToSlash(link)} {
		if found := tracks(t, open(t, catalog.Config{URLs: []string{where}}), ""); len(found) != 1 {
			t.Errorf("got %d tracks in %s, want 1", len(found), where)
		}
	}
}

// The folder driver gives a thousand files a page, and from page to page loses those whose names sort between a folder and
// what is in it, here `d-….mp3` before `d/….mp3`.
func TestMoreThanAPageOfFiles(t *testing.T) {
	t.Parallel()
	f := files{}
	for i := range 520 {
		f[fmt.Sprintf("d/%03d.mp3", i)] = song[:3*417]
		f[fmt.Sprintf("d-%03d.mp3", i)] = song[:3*417]
	}
	c := openFiles(t, f)
	if got := len(tracks(t, c, "")); got != len(f) || len(c.Problems()) != 0 {
		t.Errorf("got %d tracks and %d problems, want %d and none", got, len(c.Problems()), len(f))
	}
}

func TestMaxTracks(t *testing.T) {
	t.Parallel()
	dir := folder(t, files{"a.mp3": song, "b.mp3": song, "c.mp3": song, "d.mp3": song, "e.jpg": jpeg})
	c := open(t, catalog.Config{URLs: []string{dir, dir}, MaxTracks: 3})
	if got := len(tracks(t, c, "")); got != 3 {
		t.Errorf("got %d tracks, want 3", got)
	}
	var got []string
	for _, p := range c.Problems() {
		got = append(got, p.File+" "+p.Reason)
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "d.mp3 more than MaxTracks (3)") || !strings.Contains(got[1], "the 3 behind it") {
		t.Errorf("got %q, want the first file beyond in each bucket", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := folder(t, files{"a.mp3": song})
	tests := map[string]struct {
		cfg  catalog.Config
		says string
	}{
		"no folder":       {catalog.Config{URLs: []string{filepath.Join(dir, "no")}}, "no such file"},
		"a file":          {catalog.Config{URLs: []string{filepath.Join(dir, "a.mp3")}}, "is not a folder"},
		"another driver":  {catalog.Config{URLs: []string{"azblob://songs?secret=x"}}, "azblob://songs: this program has no driver for azblob://, only for "},
		"a parameter":     {catalog.Config{URLs: []string{"s3://songs?region=x&secret=x"}}, `open bucket s3://songs: unknown query parameter "secret"`},
		"a host":          {catalog.Config{URLs: []string{"file://srv/songs"}}, "file:///srv/songs"},
		"no URL":          {catalog.Config{URLs: []string{"s3://a b"}}, "invalid character"},
		"workers":         {catalog.Config{Workers: 65}, "Workers is 65, must be 1 to 64"},
		"negative":        {catalog.Config{Workers: -1}, "Workers is -1"},
		"negative tracks": {catalog.Config{MaxTracks: -1}, "MaxTracks is -1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := catalog.Open(t.Context(), tt.cfg)
			if err == nil {
				_ = c.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret=") {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := catalog.Open(ctx, catalog.Config{URLs: []string{dir}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestTrackAndClose(t *testing.T) {
	t.Parallel()
	c := openFiles(t, files{"a.mp3": song})
	want := tracks(t, c, "")[0]
	if got, err := c.Track(t.Context(), want.ID); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, id := range []string{"", "no", strings.ToUpper(want.ID), strings.Repeat("x", 1<<20)} {
		if _, err := c.Track(t.Context(), id); !errors.Is(err, catalog.ErrNoSuchTrack) || len(err.Error()) > 200 {
			t.Errorf("got %v, want %v in a short message", err, catalog.ErrNoSuchTrack)
		}
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if _, err := c.Track(t.Context(), want.ID); !errors.Is(err, catalog.ErrClosed) {
		t.Errorf("got %v, want %v", err, catalog.ErrClosed)
	}
	if _, err := c.Find(catalog.Query{}); !errors.Is(err, catalog.ErrClosed) {
		t.Errorf("got %v, want %v", err, catalog.ErrClosed)
	}
}

func TestEmptyFolder(t *testing.T) {
	t.Parallel()
	c := openFiles(t, files{".hidden/a.mp3": song, "._a.mp3": song, "readme.txt": lrc, "cover.jpg": jpeg, "a.mp3.attrs": lrc})
	if found := tracks(t, c, ""); len(found) != 0 || len(c.Problems()) != 0 {
		t.Errorf("got %v and %v, want neither tracks nor problems", found, c.Problems())
	}
}

func sorted(s []string) []string { slices.Sort(s); return s }
