package buckets_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/test/stage"
)

// The store itself refuses what isn't signed, or no longer. (The fake of Google's looks at no signature.)
func TestSignedURLs(t *testing.T) {
	t.Parallel()
	p := s3Place(t)
	put(t, p, "a.mp3")
	b, err := bucket.Open(t.Context(), p.at(""), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	sign := func(ttl time.Duration) string {
		at, err := b.Sign(t.Context(), "a.mp3", "audio/mpeg", ttl)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	good, short := sign(time.Hour), sign(time.Second)
	if a := ask(t, "GET", good); a.status != 200 || a.header.Get("Content-Type") != "audio/mpeg" {
		t.Errorf("got %d of %q, want the song", a.status, a.header.Get("Content-Type"))
	}
	bare, _, _ := strings.Cut(good, "?")
	for what, at := range map[string]string{
		"nothing signed": bare, "another file": strings.Replace(good, "a.mp3", "b.mp3", 1), "a longer time": strings.Replace(good, "Expires=3600", "Expires=7200", 1),
	} {
		if a := ask(t, "GET", at); a.status != 403 {
			t.Errorf("%s: got %d, want 403", what, a.status)
		}
	}
	eventually(t, "the short one is over", func() bool { return ask(t, "GET", short).status == 403 })
}

// What stands in a URL to open a bucket, and no more, is told to nobody.
func TestSecrets(t *testing.T) {
	t.Parallel()
	away := "http://127.0.0.1:1"
	for name, at := range map[string]string{
		"an unknown parameter":      "s3://songs-x?region=us-east-1&secret_access_key=hunter2",
		"another one, of Google's":  "gs://songs-x?anonymous=true&api_key=hunter2",
		"a password":                "s3://user:hunter2@songs-x?region=us-east-1&endpoint=" + away,
		"an endpoint's password":    "s3://songs-x?region=us-east-1&use_path_style=true&endpoint=http://user:hunter2@127.0.0.1:1",
		"an endpoint's parameter":   "s3://songs-x?region=us-east-1&use_path_style=true&endpoint=http://127.0.0.1:1/%3Ftoken=hunter2",
		"no URL":                    "s3://user:hunter2@song s-x",
		"parameters without a form": "s3://songs-x?secret=hunter2;%zz",
		"a key that isn't there":    "gs://songs-x?anonymous=true&access_id=a@b&private_key_path=/nowhere/hunter2.pem",
		"an unknown scheme":         "s4://user:hunter2@songs-x?key2=hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			said := ""
			c, err := catalog.Open(t.Context(), catalog.Config{URLs: []string{at}, Logger: zerolog.New(zerolog.SyncWriter(&log))})
			if err == nil {
				if _, err = c.Check(t.Context()); err == nil {
					t.Error("got a bucket where none is")
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			said = err.Error() + log.String()
			if strings.Contains(said, "hunter2") {
				t.Errorf("got %s, want nothing secret", said)
			}
			if !strings.Contains(said, "song") && name != "no URL" {
				t.Errorf("got %s, want the bucket named", said)
			}
		})
	}
}

// A store that can't be reached doesn't keep a server from starting, and no page of it tells more than that.
func TestServerWithoutItsStore(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	addrs := stage.Serve(t, func(cfg *service.Config) {
		cfg.Songs = []string{"s3://songs-x?region=us-east-1&use_path_style=true&endpoint=http://user:hunter2@127.0.0.1:1"}
		cfg.Logger = zerolog.New(zerolog.SyncWriter(&log))
	})
	page := func(path string) (string, int) {
		resp, err := http.Get("http://" + addrs.HTTP + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body), resp.StatusCode
	}
	eventually(t, "the metrics tell", func() bool {
		metrics, _ := page("/metrics")
		return strings.Contains(metrics, "singoff_catalog_unreadable_buckets 1")
	})
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if body, status := page(path); status != 200 || strings.Contains(body, "hunter2") {
			t.Errorf("%s: got %d and %.200s, want 200: rooms work without their songs", path, status, body)
		}
	}
}
