// Package buckets_test proves the songs' catalogue on every kind of bucket: folders, a store of S3 (versitygw) and a fake of Google Cloud Storage
// (fake-gcs-server).
package buckets_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

var song = audiotest.MP3(100) // 41,700 bytes

// long is a name of 200 syllables, 600 bytes.
var long = strings.Repeat("밤", 200) + ".mp3"

// odd are names that one layer or another has been known to escape once too often or not at all.
var odd = []string{"AC#DC 100%?.mp3", "a+b &.mp3", "x__0x2f__y.mp3", "폴더/하위/곡.mp3", "trailing .mp3", "trailing /song.mp3", long}

// unheld are the names that a kind can't hold: those that its store refuses, and those that its driver can't read, which are reported.
var unheld = map[string]struct{ refused, reported []string }{
	"file": {refused: []string{long}}, // Linux: 255 bytes
	"s3":   {refused: []string{long}, reported: []string{"x__0x2f__y.mp3"}},
	"gs":   {reported: []string{"x__0x2f__y.mp3"}},
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
	return c
}

func openWhole(t *testing.T, cfg catalog.Config) *catalog.Catalog {
	t.Helper()
	c := open(t, cfg)
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// ids gives the tracks by their audio's key.
func ids(t *testing.T, c *catalog.Catalog) map[string]string {
	t.Helper()
	found, err := c.Find(catalog.Query{Size: 1000})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, track := range found.Tracks {
		out[track.File] = track.ID
	}
	return out
}

func put(t *testing.T, p place, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := p.put(key, "audio/mpeg", song); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
	}
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask asks over the network, and follows where it is sent.
func ask(t *testing.T, method, at string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

// client reaches the fake of Google's, which speaks no TLS, by the https:// that is signed for it.
var client = &http.Client{Transport: plainGS{&http.Transport{DisableKeepAlives: true, DisableCompression: true}}}

type plainGS struct{ http.RoundTripper }

func (p plainGS) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" && r.URL.Host == gsFront.host() {
		r = r.Clone(r.Context())
		r.URL.Scheme = "http"
	}
	return p.RoundTripper.RoundTrip(r)
}

// serve puts a catalogue's songs on a port, and gives their address.
func serve(t *testing.T, c *catalog.Catalog) func(id string) string {
	t.Helper()
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	return func(id string) string { return server.URL + "/songs/" + id + "/audio" }
}

// The ids of the same songs are the same in every kind of bucket, and each is listed, played and sought, or named with the reason.
func TestOddNames(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	all := map[string]map[string]string{}
	t.Run("kinds", func(t *testing.T) {
		for kind, make := range kinds {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				p := make(t)
				held := slices.Clone(odd)
				for _, key := range odd {
					err := p.put(key, "audio/mpeg", song)
					if refused := slices.Contains(unheld[kind].refused, key); (err != nil) != refused {
						t.Fatalf("%q: got %v, want it refused: %v", key, err, refused)
					}
					if err != nil || slices.Contains(unheld[kind].reported, key) {
						held = slices.DeleteFunc(held, func(k string) bool { return k == key })
					}
				}
				for _, redirect := range []bool{false, true} {
					c := openWhole(t, catalog.Config{URLs: []string{p.at("")}, Public: true, Redirect: redirect})
					found := ids(t, c)
					if len(found) != len(held) {
						t.Errorf("got %v, want %q", found, held)
					}
					var reported []string
					for _, problem := range c.Problems() {
						reported = append(reported, problem.File)
					}
					if !slices.Equal(reported, unheld[kind].reported) {
						t.Errorf("got %q reported, want %q", c.Problems(), unheld[kind].reported)
					}
					at := serve(t, c)
					for _, key := range held {
						if a := ask(t, "GET", at(found[key])); a.status != 200 || !bytes.Equal(a.body, song) {
							t.Errorf("%q, redirect %v: got %d and %d bytes, want the song", key, redirect, a.status, len(a.body))
						}
						if a := ask(t, "GET", at(found[key]), "Range", "bytes=500-"); a.status != 206 || !bytes.Equal(a.body, song[500:]) {
							t.Errorf("%q, redirect %v: got %d and %d bytes, want the song from 500", key, redirect, a.status, len(a.body))
						}
					}
					mu.Lock()
					all[kind] = found
					mu.Unlock()
				}
			})
		}
	})
	for kind, found := range all {
		for key, id := range found {
			if want := all["file"][key]; want != "" && id != want {
				t.Errorf("%s: %q has the id %s, want %s as in a folder", kind, key, id, want)
			}
		}
	}
}

// A folder that was copied from a Mac to a bucket has its names taken apart, and the same ids.
func TestUnicodeForms(t *testing.T) {
	t.Parallel()
	for kind, make := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			whole, apart := make(t), make(t)
			key := "폴더/하위/곡 é.mp3"
			put(t, whole, key)
			put(t, apart, norm.NFD.String(key))
			want, got := ids(t, openWhole(t, catalog.Config{URLs: []string{whole.at("")}})), ids(t, openWhole(t, catalog.Config{URLs: []string{apart.at("")}}))
			if want[key] == "" || got[norm.NFD.String(key)] != want[key] {
				t.Errorf("got %v and %v, want one id", want, got)
			}
		})
	}
}

// What players ask, through the service and of the store itself.
func TestRanges(t *testing.T) {
	t.Parallel()
	for kind, make := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := make(t)
			if err := p.put("a.mp3", "application/octet-stream", song); err != nil { // as many tools upload it
				t.Fatal(err)
			}
			for _, redirect := range []bool{false, true} {
				c := openWhole(t, catalog.Config{URLs: []string{p.at("")}, Public: true, Redirect: redirect})
				at := serve(t, c)(ids(t, c)["a.mp3"])
				sent := redirect && kind != "file" // to the store
				whole := ask(t, "GET", at)
				if got := whole.header.Get("Content-Type"); got != "audio/mpeg" && !(sent && kind == "gs") { // the fake answers as it was stored
					t.Errorf("redirect %v: got type %q, want audio/mpeg", redirect, got)
				}
				for _, tt := range []struct {
					ranges, ranged string
					body           []byte
				}{
					{"0-1", "bytes 0-1/41700", song[:2]},
					{"500-", "bytes 500-41699/41700", song[500:]},
					{"-500", "bytes 41200-41699/41700", song[41200:]},
				} {
					a := ask(t, "GET", at, "Range", "bytes="+tt.ranges)
					if a.status != 206 || a.header.Get("Content-Range") != tt.ranged || !bytes.Equal(a.body, tt.body) {
						t.Errorf("%s, redirect %v: got %d, %q, %d bytes, want 206, %q, %d", tt.ranges, redirect, a.status, a.header.Get("Content-Range"), len(a.body), tt.ranged, len(tt.body))
					}
				}
				if a := ask(t, "GET", at, "Range", "bytes=41700-"); a.status != 416 {
					t.Errorf("beyond the end, redirect %v: got %d, want 416", redirect, a.status)
				}
				// A redirect is for GET alone: what is signed is signed for it.
				if a := ask(t, "HEAD", at); a.status != 200 || len(a.body) != 0 || a.header.Get("Content-Length") != "41700" || a.header.Get("Accept-Ranges") != "bytes" {
					t.Errorf("HEAD: got %d, %v, want 200 with the length", a.status, a.header)
				}
				if sent {
					continue // what a store makes of these two is its own affair
				}
				if a := ask(t, "GET", at, "Range", "bytes=0-1", "If-Range", `"old"`); a.status != 200 || !bytes.Equal(a.body, song) {
					t.Errorf("stale If-Range: got %d and %d bytes, want the whole", a.status, len(a.body))
				}
				if a := ask(t, "GET", at, "Range", "bytes=0-1", "If-Range", whole.header.Get("ETag")); a.status != 206 {
					t.Errorf("If-Range: got %d, want 206", a.status)
				}
				twoRanges(t, ask(t, "GET", at, "Range", "bytes=0-9,41000-41009"))
			}
		})
	}
}

func twoRanges(t *testing.T, a answer) {
	t.Helper()
	_, params, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || a.status != 206 {
		t.Fatalf("two ranges: got %d, %v, want 206", a.status, err)
	}
	r := multipart.NewReader(bytes.NewReader(a.body), params["boundary"])
	for _, want := range [][]byte{song[:10], song[41000:41010]} {
		part, err := r.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(part); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %x, %v, want %x", got, err, want)
		}
	}
}

// Several at once, folders of one bucket among them: each is remembered for itself, and what is in two is taken from the first.
func TestSeveral(t *testing.T) {
	t.Parallel()
	for kind, make := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p, other := make(t), filePlace(t)
			put(t, p, "live/a.mp3", "live/cd 1/b.mp3", "live2/no.mp3", "studio/a.mp3", "studio/c.mp3")
			put(t, other, "a.mp3", "d.mp3")
			second := p.at("studio")
			if kind != "file" {
				second = p.at("") + "&prefix=studio/"
			}
			var log bytes.Buffer
			cfg := catalog.Config{URLs: []string{p.at("live"), second, other.at("")}, Store: filepath.Join(t.TempDir(), "songs.db"), Logger: zerolog.New(zerolog.SyncWriter(&log))}
			c := openWhole(t, cfg)
			found := ids(t, c)
			if len(found) != 4 || found["a.mp3"] == "" || found["cd 1/b.mp3"] == "" || found["c.mp3"] == "" || found["d.mp3"] == "" {
				t.Errorf("got %v, want the four of three folders", found)
			}
			if problems := c.Problems(); len(problems) != 2 || problems[0].File != "a.mp3" || problems[0].Bucket == problems[1].Bucket {
				t.Errorf("got %v, want the second and the third a.mp3 left out", problems)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			log.Reset()
			again := openWhole(t, cfg)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(log.String(), `"read":0,`); n != 3 {
				t.Errorf("got log %s, want three buckets of which nothing is read again", &log)
			}
		})
	}
}

// What hasn't changed isn't downloaded again, what was replaced is, and what was removed is gone.
func TestRescan(t *testing.T) {
	t.Parallel()
	for kind, make := range remote {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := make(t)
			put(t, p, "a.mp3", "b.mp3", "gone.mp3")
			cfg := catalog.Config{URLs: []string{p.at("")}, Store: filepath.Join(t.TempDir(), "songs.db"), Public: true}
			scan := func() *catalog.Catalog {
				c := openWhole(t, cfg)
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				return c
			}
			scan()
			if got := p.front.takeGot(p.name); len(got) == 0 {
				t.Fatal("got nothing downloaded the first time: the front doesn't see it")
			}
			scan()
			if got := p.front.takeGot(p.name); len(got) != 0 {
				t.Errorf("got %q downloaded, want nothing: nothing has changed", got)
			}
			other := slices.Clone(song)
			other[len(other)-1]++
			if err := p.put("b.mp3", "audio/mpeg", other); err != nil { // of the same size, maybe within the same second
				t.Fatal(err)
			}
			c := openWhole(t, cfg)
			if got := p.front.takeGot(p.name); len(got) == 0 || slices.ContainsFunc(got, func(key string) bool { return key != "b.mp3" }) {
				t.Errorf("got %q downloaded, want b.mp3 alone", got)
			}
			gone := ids(t, c)["gone.mp3"]
			if err := p.remove("gone.mp3"); err != nil {
				t.Fatal(err)
			}
			if a := ask(t, "GET", serve(t, c)(gone)); a.status != 410 {
				t.Errorf("got %d for a song that was just removed, want 410", a.status)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			cfg.Redirect = true
			c = openWhole(t, cfg)
			if _, err := c.Track(t.Context(), gone); !errors.Is(err, catalog.ErrGone) {
				t.Errorf("got %v, want %v", err, catalog.ErrGone)
			}
			b := ids(t, c)["b.mp3"]
			if err := p.remove("b.mp3"); err != nil {
				t.Fatal(err)
			}
			for id, what := range map[string]string{gone: "a song that was removed", b: "a song that was just removed"} {
				if a := ask(t, "GET", serve(t, c)(id)); a.status != 410 {
					t.Errorf("got %d for %s, want 410 instead of a redirect", a.status, what)
				}
			}
		})
	}
}

// A store goes away and comes back: the songs stay known, the operator is told, and players are told that it is for now.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	for kind, make := range remote {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := make(t)
			put(t, p, "a.mp3")
			var log bytes.Buffer
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(log.String())
				}
			})
			registry := prometheus.NewPedanticRegistry()
			cfg := catalog.Config{
				URLs: []string{p.at("")}, Store: filepath.Join(t.TempDir(), "songs.db"), Public: true, CacheMiB: 1,
				Registerer: registry, Logger: zerolog.New(zerolog.SyncWriter(&log)),
			}
			first := cfg
			first.Registerer, first.Logger = nil, zerolog.Nop()
			c := openWhole(t, first)
			id := ids(t, c)["a.mp3"]
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			p.front.setAway(p.name, true)
			c = open(t, cfg)
			at := serve(t, c)(id)
			if _, err := c.Track(t.Context(), id); err != nil {
				t.Errorf("got %v, want the song still known", err)
			}
			eventually(t, "the metric tells that it is away", func() bool { return unreadable(t, registry) == 1 })
			if a := ask(t, "GET", at); a.status != 502 {
				t.Errorf("got %d, want 502", a.status)
			}
			p.front.setAway(p.name, false)
			eventually(t, "the metric tells that it is back", func() bool { return unreadable(t, registry) == 0 && c.Progress().Complete })
			if a := ask(t, "GET", at); a.status != 200 || !bytes.Equal(a.body, song) {
				t.Errorf("got %d, want the song", a.status)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"songs can't be listed; those known stay", "songs can be listed again"} {
				if strings.Count(log.String(), want) != 1 {
					t.Errorf("got log %s, want %q once", &log, want)
				}
			}
		})
	}
}

func unreadable(t *testing.T, from prometheus.Gatherer) float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "singoff_catalog_unreadable_buckets" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("there is no such metric")
	return 0
}

// eventually asks until it is so, for at most a minute: a retry of a bucket is seconds away, and more on a busy machine.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	end := time.NewTimer(time.Minute)
	defer end.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-end.C:
			t.Fatalf("not within a minute: %s", what)
		case <-tick.C:
		}
	}
}
