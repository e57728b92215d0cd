package lrclib_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/catalog/lrclib"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers in the process itself, so that time can be the test's.
type server struct {
	get, search http.HandlerFunc
	asked       atomic.Int32
}

// RoundTrip is the client's way to it.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	h := s.get
	if strings.HasSuffix(r.URL.Path, "/api/search") {
		h = s.search
	}
	if h == nil {
		h = http.NotFound
	}
	w := httptest.NewRecorder()
	h(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func says(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
}

func client(t *testing.T, s *server, cfg lrclib.Config) *lrclib.Client {
	t.Helper()
	cfg.URL, cfg.Client = "http://lyrics.example/base", &http.Client{Transport: s}
	c, err := lrclib.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var meteor = lrclib.Song{Title: "메테오", Artist: "창모", Album: "Boyhood", Duration: 187*time.Second + 400*time.Millisecond}

const timed = `{"trackName":"메테오","artistName":"창모","duration":187,"plainLyrics":"첫 줄","syncedLyrics":"\ufeff[00:01.00] 첫 줄\n"}`

func TestLookup(t *testing.T) {
	t.Parallel()
	plain := `{"trackName":"메테오","artistName":"CHANGMO (창모)","duration":188,"plainLyrics":"첫 줄","syncedLyrics":null}`
	tests := map[string]struct {
		server *server
		kind   lyrics.Kind
	}{
		"timed":                {&server{get: says(timed)}, lyrics.Lines},
		"plain":                {&server{get: says(plain)}, lyrics.Plain},
		"by searching":         {&server{search: says("[" + plain + "," + timed + "]")}, lyrics.Lines},
		"not known":            {&server{}, lyrics.None},
		"an instrumental":      {&server{get: says(`{"trackName":"메테오","artistName":"창모","duration":187,"instrumental":true}`)}, lyrics.None},
		"of another length":    {&server{search: says(strings.ReplaceAll("["+timed+"]", "187", "200"))}, lyrics.None},
		"of another artist":    {&server{search: says(strings.ReplaceAll("["+timed+"]", "창모", "다른"))}, lyrics.None},
		"another song":         {&server{get: says(strings.ReplaceAll(timed, "메테오", "마에스트로"))}, lyrics.None},
		"an endless answer":    {&server{get: says(strings.Repeat(" ", 5<<20))}, lyrics.None},
		"a request it refuses": {&server{search: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }}, lyrics.None},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, tt.server, lrclib.Config{})
			l, err := c.Lookup(t.Context(), meteor)
			if l.Kind != tt.kind || (tt.kind == lyrics.None) != errors.Is(err, lrclib.ErrNotFound) {
				t.Errorf("got %+v, %v, want kind %v", l, err, tt.kind)
			}
			if tt.kind != lyrics.None && l.Lines[0].Text != "첫 줄" {
				t.Errorf("got %q, want the line alone", l.Lines[0].Text)
			}
			asked := tt.server.asked.Load()
			if again, err2 := c.Lookup(t.Context(), meteor); again.Kind != l.Kind || (err2 == nil) != (err == nil) || tt.server.asked.Load() != asked {
				t.Errorf("got %+v, %v by %d more requests, want the same from memory", again, err2, tt.server.asked.Load()-asked)
			}
		})
	}
}

func TestWhatIsAsked(t *testing.T) {
	t.Parallel()
	s := &server{get: func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/base/api/get" || q.Get("track_name") != "메테오" || q.Get("artist_name") != "창모" || q.Get("album_name") != "Boyhood" ||
			q.Get("duration") != "187" || r.UserAgent() != "singoff" {
			t.Errorf("got %v of %q", r.URL, r.UserAgent())
		}
		fmt.Fprint(w, timed)
	}}
	if _, err := client(t, s, lrclib.Config{}).Lookup(t.Context(), meteor); err != nil {
		t.Error(err)
	}
	for name, song := range map[string]lrclib.Song{"no artist": {Title: "메테오"}, "no title": {Artist: "창모", Title: " "}} {
		if _, err := client(t, s, lrclib.Config{}).Lookup(t.Context(), song); !errors.Is(err, lrclib.ErrNotFound) {
			t.Errorf("got %v for %s, want %v", err, name, lrclib.ErrNotFound)
		}
	}
	if got := s.asked.Load(); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

// Off unless configured: nobody learns what is sung.
func TestOff(t *testing.T) {
	t.Parallel()
	s := &server{get: says(timed)}
	c, err := lrclib.New(lrclib.Config{Client: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lookup(t.Context(), meteor); !errors.Is(err, lrclib.ErrNotFound) || c.Enabled() || s.asked.Load() != 0 {
		t.Errorf("got %v after %d requests, want %v after none", err, s.asked.Load(), lrclib.ErrNotFound)
	}
}

func TestPeace(t *testing.T) {
	t.Parallel()
	fails := func(status int, retry string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", retry)
			w.WriteHeader(status)
		}
	}
	tests := map[string]struct {
		get   http.HandlerFunc
		peace time.Duration
	}{
		"it fails":               {fails(http.StatusInternalServerError, ""), time.Minute},
		"it talks nonsense":      {says("<html>"), time.Minute},
		"too many":               {fails(http.StatusTooManyRequests, "300"), 5 * time.Minute},
		"too many, for a moment": {fails(http.StatusTooManyRequests, "1"), time.Minute},
		"too many, for ever":     {fails(http.StatusServiceUnavailable, "99999999"), time.Hour},
		"too many, by the clock": {fails(http.StatusTooManyRequests, "Sat, 01 Jan 2000 00:10:00 GMT"), 10 * time.Minute},
		"too many, no word when": {fails(http.StatusTooManyRequests, "soon"), time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{get: tt.get}
				c := client(t, s, lrclib.Config{})
				if _, err := c.Lookup(t.Context(), meteor); !errors.Is(err, lrclib.ErrUnavailable) {
					t.Errorf("got %v, want %v", err, lrclib.ErrUnavailable)
				}
				s.get = says(timed)
				time.Sleep(tt.peace - time.Second)
				if _, err := c.Lookup(t.Context(), meteor); !errors.Is(err, lrclib.ErrUnavailable) || s.asked.Load() != 1 {
					t.Errorf("got %v after %d requests, want it left in peace", err, s.asked.Load())
				}
				time.Sleep(2 * time.Second)
				if _, err := c.Lookup(t.Context(), meteor); err != nil {
					t.Errorf("got %v, want an answer after %v", err, tt.peace)
				}
			})
		})
	}
}

// An asker whose own time is short says nothing of the server: others go on asking it. One that takes all the time there is for a lookup is left in peace.
func TestImpatientAsker(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		patience time.Duration
		asked    int32
	}{{time.Second, 2}, {time.Hour, 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{get: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
			c := client(t, s, lrclib.Config{})
			ctx, cancel := context.WithTimeout(t.Context(), test.patience)
			defer cancel()
			_, _ = c.Lookup(ctx, meteor)
			s.get = says(timed)
			if _, err := c.Lookup(t.Context(), meteor); s.asked.Load() != test.asked {
				t.Errorf("patience of %v: got %d requests and %v, want %d", test.patience, s.asked.Load(), err, test.asked)
			}
		})
	}
}

func TestForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c := client(t, s, lrclib.Config{KeepMissing: time.Hour, KeepFound: 2 * time.Hour, MaxCached: 2})
		for _, step := range []struct {
			wait  time.Duration
			asked int32
		}{{0, 2}, {59 * time.Minute, 2}, {2 * time.Minute, 4}} {
			time.Sleep(step.wait)
			_, _ = c.Lookup(t.Context(), meteor)
			if got := s.asked.Load(); got != step.asked {
				t.Errorf("got %d requests after %v more, want %d", got, step.wait, step.asked)
			}
		}
		for i := range 3 { // more than it remembers
			_, _ = c.Lookup(t.Context(), lrclib.Song{Title: fmt.Sprint(i), Artist: "a"})
		}
		if _, _ = c.Lookup(t.Context(), meteor); s.asked.Load() != 4+3*2+2 {
			t.Errorf("got %d requests, want what was forgotten asked again", s.asked.Load())
		}
	})
}

// A picker that shows eight people the same song must not ask eight times; one that has gone must not take the server's word from others.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{get: func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			fmt.Fprint(w, timed)
		}}
		c := client(t, s, lrclib.Config{})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Lookup(gone, meteor); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the end of ctx", err)
		}
		before := s.asked.Load()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := c.Lookup(t.Context(), meteor); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := s.asked.Load() - before; got > 2 {
			t.Errorf("got %d requests, want at most 2", got)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for says, cfg := range map[string]lrclib.Config{
		"URL":       {URL: "lyrics.example"},
		"URL is":    {URL: "ftp://lyrics.example"},
		"must be":   {URL: "https://lyrics.example?key=1"},
		"Timeout":   {Timeout: -1},
		"MaxCached": {MaxCached: -1},
		"Pause":     {Pause: -time.Second},
	} {
		if _, err := lrclib.New(cfg); !errors.Is(err, lrclib.ErrConfig) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %v with %q", err, lrclib.ErrConfig, says)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(timed)
	f.Add("[" + timed + "]")
	f.Fuzz(func(t *testing.T, body string) {
		c := client(t, &server{get: says(body), search: says(body)}, lrclib.Config{})
		l, err := c.Lookup(t.Context(), meteor)
		if err == nil && len(l.Lines) == 0 || err != nil && !errors.Is(err, lrclib.ErrNotFound) && !errors.Is(err, lrclib.ErrUnavailable) {
			t.Errorf("got %+v, %v", l, err)
		}
	})
}
