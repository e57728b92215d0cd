package catalog_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

// answer is what a request got.
type answer struct {
	StatusCode int
	Header     http.Header
	body       string
}

// serve answers one request.
func serve(h http.Handler, method, path string, header ...string) answer {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{StatusCode: w.Code, Header: w.Header(), body: w.Body.String()}
}

// served is a catalogue of one song of 41,700 bytes with all it can have, in a folder or embedded.
func served(t *testing.T) (h http.Handler, at, dir string) {
	t.Helper()
	dir = folder(t, files{"a.mp3": song, "a.png": png, "a.lrc": lrc})
	c := open(t, catalog.Config{URLs: []string{dir}, Public: true})
	return c.Handler(), "/songs/" + tracks(t, c, "")[0].ID, dir
}

func TestRanges(t *testing.T) {
	t.Parallel()
	h, at, _ := served(t)
	whole := string(song)
	etag := serve(h, "HEAD", at+"/audio").Header.Get("ETag")
	tests := map[string]struct {
		header []string
		status int
		ranged string
		body   string
	}{
		"whole":            {nil, 200, "", whole},
		"probe":            {[]string{"Range", "bytes=0-1"}, 206, "bytes 0-1/41700", whole[:2]},
		"middle":           {[]string{"Range", "bytes=500-999"}, 206, "bytes 500-999/41700", whole[500:1000]},
		"from":             {[]string{"Range", "bytes=500-"}, 206, "bytes 500-41699/41700", whole[500:]},
		"last":             {[]string{"Range", "bytes=-500"}, 206, "bytes 41200-41699/41700", whole[41200:]},
		"more than all":    {[]string{"Range", "bytes=-99999"}, 206, "bytes 0-41699/41700", whole},
		"beyond":           {[]string{"Range", "bytes=41700-"}, 416, "bytes */41700", ""},
		"backwards":        {[]string{"Range", "bytes=9-3"}, 416, "", ""},
		"no number":        {[]string{"Range", "bytes=a-b"}, 416, "", ""},
		"If-Range":         {[]string{"Range", "bytes=0-1", "If-Range", etag}, 206, "bytes 0-1/41700", whole[:2]},
		"If-Range, stale":  {[]string{"Range", "bytes=0-1", "If-Range", `"old"`}, 200, "", whole},
		"If-Range, weak":   {[]string{"Range", "bytes=0-1", "If-Range", "W/" + etag}, 200, "", whole},
		"known":            {[]string{"If-None-Match", etag}, 304, "", ""},
		"known and others": {[]string{"If-None-Match", `"x", ` + etag}, 304, "", ""},
		"precondition":     {[]string{"If-Match", `"old"`}, 412, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{"GET", "HEAD"} {
				resp := serve(h, method, at+"/audio", tt.header...)
				got, ranged := resp.body, resp.Header.Get("Content-Range")
				if resp.StatusCode != tt.status || tt.ranged != "" && ranged != tt.ranged {
					t.Errorf("%s: got %d %q, want %d %q", method, resp.StatusCode, ranged, tt.status, tt.ranged)
				}
				switch {
				case method == "HEAD" && tt.status < 300 && got != "":
					t.Errorf("got %d bytes for HEAD, want none", len(got))
				case method == "GET" && tt.body != "" && got != tt.body:
					t.Errorf("got %d other bytes than the %d wanted", len(got), len(tt.body))
				}
				if tt.status < 300 && resp.Header.Get("Accept-Ranges") != "bytes" {
					t.Errorf("%s: got Accept-Ranges %q, want bytes", method, resp.Header.Get("Accept-Ranges"))
				}
			}
		})
	}
}

func TestTwoRanges(t *testing.T) {
	t.Parallel()
	h, at, _ := served(t)
	resp := serve(h, "GET", at+"/audio", "Range", "bytes=0-9,41000-41009")
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != 206 || kind != "multipart/byteranges" {
		t.Fatalf("got %d of %s, %v", resp.StatusCode, kind, err)
	}
	r := multipart.NewReader(strings.NewReader(resp.body), params["boundary"])
	for _, want := range [][]byte{song[:10], song[41000:41010]} {
		part, err := r.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(part); err != nil || !bytes.Equal(got, want) || part.Header.Get("Content-Type") != "audio/mpeg" {
			t.Errorf("got %x of %s, %v, want %x of audio/mpeg", got, part.Header.Get("Content-Type"), err, want)
		}
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files files
		part  string
		want  string
	}{
		"mp3":         {files{"a.mp3": song}, "audio", "audio/mpeg"},
		"flac":        {files{"a.flac": audiotest.FLAC(44100, 4096, 4096)}, "audio", "audio/flac"},
		"vorbis":      {files{"a.ogg": audiotest.Vorbis(44100, 44100)}, "audio", "audio/ogg"},
		"opus":        {files{"a.opus": audiotest.Opus(312, 48000)}, "audio", "audio/ogg"},
		"m4a":         {files{"a.m4a": audiotest.MP4(1000, 1000, "soun")}, "audio", "audio/mp4"},
		"wav":         {files{"a.wav": audiotest.WAV(8000, 8000)}, "audio", "audio/wav"},
		"m4a as .mp3": {files{"a.mp3": audiotest.MP4(1000, 1000, "soun")}, "audio", "audio/mp4"},
		"jpeg":        {files{"a.mp3": song, "a.jpeg": jpeg}, "cover", "image/jpeg"},
		"png":         {files{"a.mp3": song, "a.png": png}, "stage-cover", "image/jpeg"},
		"lrc":         {files{"a.mp3": song, "a.lrc": lrc}, "lyrics", "text/plain; charset=utf-8"},
		"html as txt": {files{"a.mp3": song, "a.txt": []byte("<script>alert(1)</script>")}, "lyrics", "text/plain; charset=utf-8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openFiles(t, tt.files)
			resp := serve(c.Handler(), "GET", "/songs/"+tracks(t, c, "")[0].ID+"/"+tt.part)
			if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != tt.want {
				t.Errorf("got %d of %q, want 200 of %q", resp.StatusCode, got, tt.want)
			}
			if got := resp.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("got X-Content-Type-Options %q, want nosniff", got)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	h, at, _ := served(t)
	bare := openFiles(t, files{"a.mp3": song})
	bareAt := "/songs/" + tracks(t, bare, "")[0].ID
	tests := map[string]struct {
		h            http.Handler
		method, path string
		want         int
	}{
		"id":          {h, "GET", "/songs/nobody/audio", 404},
		"escape":      {h, "GET", "/songs/..%2F..%2Fetc%2Fpasswd/audio", 404},
		"part":        {h, "GET", at + "/score", 404},
		"no part":     {h, "GET", at, 404},
		"no cover":    {bare.Handler(), "GET", bareAt + "/cover", 404},
		"no lyrics":   {bare.Handler(), "GET", bareAt + "/lyrics", 404},
		"POST":        {h, "POST", at + "/audio", 405},
		"DELETE":      {h, "DELETE", at + "/audio", 405},
		"cover":       {h, "GET", at + "/cover", 200},
		"other pages": {h, "OPTIONS", at + "/audio", 204},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := serve(tt.h, tt.method, tt.path, "Origin", "https://elsewhere.example")
			if resp.StatusCode != tt.want || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("got %d, allowed to %q, want %d to all", resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin"), tt.want)
			}
		})
	}
	resp := serve(h, "OPTIONS", at+"/audio")
	if got := resp.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "Range") {
		t.Errorf("got allowed headers %q, want Range among them", got)
	}
}

// The demo songs have no dates, and one ETag in every process that serves them.
func TestDemoIsServedAlike(t *testing.T) {
	t.Parallel()
	var tags []string
	for range 2 {
		c := open(t, catalog.Config{Public: true})
		for _, part := range []string{"audio", "cover", "lyrics"} {
			resp := serve(c.Handler(), "GET", "/songs/"+tracks(t, c, "")[0].ID+"/"+part, "Range", "bytes=0-1")
			if resp.StatusCode != 206 || resp.Header.Get("Last-Modified") != "" {
				t.Errorf("%s: got %d, modified %q, want 206 and no date", part, resp.StatusCode, resp.Header.Get("Last-Modified"))
			}
			tags = append(tags, resp.Header.Get("ETag"))
		}
	}
	if tags[0] != tags[3] || tags[1] != tags[4] || tags[2] != tags[5] || tags[0] == tags[1] {
		t.Errorf("got %q, want three ETags twice", tags)
	}
}

func TestReplacedFile(t *testing.T) {
	t.Parallel()
	h, at, dir := served(t)
	path := filepath.Join(dir, "a.mp3")
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	first := serve(h, "HEAD", at+"/audio")
	if got, want := first.Header.Get("Last-Modified"), old.UTC().Format(http.TimeFormat); got != want {
		t.Errorf("got Last-Modified %q, want %q", got, want)
	}
	if resp := serve(h, "GET", at+"/audio", "If-Modified-Since", first.Header.Get("Last-Modified")); resp.StatusCode != 304 {
		t.Errorf("got %d for a file of that date, want 304", resp.StatusCode)
	}
	if err := os.WriteFile(path, bytes.ToUpper(song), 0o644); err != nil {
		t.Fatal(err)
	}
	resp := serve(h, "GET", at+"/audio", "Range", "bytes=0-1", "If-Range", first.Header.Get("ETag"))
	if resp.StatusCode != 200 || resp.Header.Get("ETag") == first.Header.Get("ETag") {
		t.Errorf("got %d with ETag %s, want 200 and another than %s", resp.StatusCode, resp.Header.Get("ETag"), first.Header.Get("ETag"))
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if resp := serve(h, "GET", at+"/audio"); resp.StatusCode != 410 || strings.Contains(resp.body, dir) {
		t.Errorf("got %d, want 410 that doesn't tell the folder", resp.StatusCode)
	}
}

func TestServedAfterClose(t *testing.T) {
	t.Parallel()
	c := openFiles(t, files{"a.mp3": song})
	at := "/songs/" + tracks(t, c, "")[0].ID + "/audio"
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if resp := serve(c.Handler(), "GET", at); resp.StatusCode != 503 {
		t.Errorf("got %d, want 503", resp.StatusCode)
	}
}

// Over a real connection, and with more than is fetched at once: a player that seeks about gets the right bytes.
func TestSeeksOverHTTP(t *testing.T) {
	t.Parallel()
	large := append(audiotest.MP3(3), make([]byte, 3<<20)...)
	for i := 2000; i < len(large); i++ {
		large[i] = byte(i * 31 >> 8)
	}
	c := openFiles(t, files{"a.mp3": large})
	srv := httptest.NewServer(c.Handler())
	defer srv.Close()
	url := srv.URL + "/songs/" + tracks(t, c, "")[0].ID + "/audio"
	for _, from := range []string{"0-", "1048575-1048577", "2000000-3000000", "-5"} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", "bytes="+from)
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{"0-": large, "1048575-1048577": large[1048575:1048578], "2000000-3000000": large[2000000:3000001], "-5": large[len(large)-5:]}[from]
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %d other bytes than the %d wanted", from, len(got), len(want))
		}
	}
}

// Serving a long file takes no more memory than a short one. Memory is the process's, so this test runs alone.
func TestServingIsBounded(t *testing.T) {
	dir := folder(t, files{"a.mp3": song})
	if err := os.Truncate(filepath.Join(dir, "a.mp3"), 64<<20); err != nil {
		t.Fatal(err)
	}
	c := open(t, catalog.Config{URLs: []string{dir}, Public: true})
	h, at := c.Handler(), "/songs/"+tracks(t, c, "")[0].ID+"/audio"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := &discard{header: http.Header{}}
	h.ServeHTTP(w, httptest.NewRequest("GET", at, nil))
	runtime.ReadMemStats(&after)
	if w.n != 64<<20 {
		t.Errorf("got %d bytes, want all", w.n)
	}
	if grown := int64(after.Sys) - int64(before.Sys); grown > 16<<20 {
		t.Errorf("got %d MiB more memory, want at most 16", grown>>20)
	}
}

type discard struct {
	header http.Header
	n      int64
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(p []byte) (int, error) {
	d.n += int64(len(p))
	return len(p), nil
}
