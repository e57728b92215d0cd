// Package lrclib looks lyrics up at a server that speaks LRCLIB's protocol, by title, artist and length. It is off unless an address is
// configured: songs' titles are nobody else's business otherwise. Answers are remembered, refusals too; a server that fails or asks for
// peace is left in peace for a while; what it sends is bounded and read like any other lyrics.
package lrclib

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog/lyrics"
)

var (
	// ErrNotFound is returned for songs that the server doesn't know, that have no lyrics, or that lack a title or an artist.
	ErrNotFound = errors.New("no lyrics known")
	// ErrUnavailable is returned while the server can't be reached, fails, or wants no more requests.
	ErrUnavailable = errors.New("the lyrics server can't be asked at the moment")
	// ErrConfig is returned for a Config that can't be.
	ErrConfig = errors.New("lyrics lookup")
)

// errSlow is why a lookup ended that took longer than Config.Timeout.
var errSlow = errors.New("it takes too long")

// Config is what a Client is made with.
type Config struct {
	// URL of the server, `https://lyrics.example`; a path in it stays. Empty: Lookup finds nothing and asks nobody. Default empty.
	URL string
	// Client asks. Default http.DefaultClient.
	Client *http.Client
	// UserAgent names the program, as such servers ask for. Default `singoff`.
	UserAgent string
	// Timeout of one lookup, its waiting included. Default 10 s.
	Timeout time.Duration
	// MaxCached is how many answers are remembered. Default 1,000; a song's takes a few KB.
	MaxCached int
	// KeepFound and KeepMissing are how long answers are remembered. Default 7 days and 6 h.
	KeepFound, KeepMissing time.Duration
	// Pause is how long the server is left in peace after it failed. Default 1 min; what it asks for itself is honoured up to 1 h.
	Pause time.Duration
}

func (c *Config) validate() error {
	defaults := []struct {
		name  string
		value *time.Duration
		d     time.Duration
	}{
		{"Timeout", &c.Timeout, 10 * time.Second}, {"KeepFound", &c.KeepFound, 7 * 24 * time.Hour},
		{"KeepMissing", &c.KeepMissing, 6 * time.Hour}, {"Pause", &c.Pause, time.Minute},
	}
	for _, f := range defaults {
		if *f.value == 0 {
			*f.value = f.d
		}
		if *f.value < 0 {
			return fmt.Errorf("%w: %s is %v, must not be negative", ErrConfig, f.name, *f.value)
		}
	}
	if c.MaxCached == 0 {
		c.MaxCached = 1000
	}
	if c.MaxCached < 0 {
		return fmt.Errorf("%w: MaxCached is %d, must not be negative", ErrConfig, c.MaxCached)
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.UserAgent == "" {
		c.UserAgent = "singoff"
	}
	if c.URL == "" {
		return nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return fmt.Errorf("%w: URL is %q, must be like https://lyrics.example", ErrConfig, c.URL)
	}
	return nil
}

// Song is what is looked up.
type Song struct {
	// Title and Artist must be known.
	Title, Artist string
	// Album may be empty.
	Album string
	// Duration must fit within 2 s; 0: any.
	Duration time.Duration
}

// Client asks one server. Its methods may be called concurrently.
type Client struct {
	cfg   Config
	turns *semaphore.Weighted
	cache *lru.Cache[string, answer]

	mu    sync.Mutex // protects peace
	peace time.Time  // until when nothing is asked
}

// answer is what is remembered.
type answer struct {
	lyrics lyrics.Lyrics
	found  bool
	until  time.Time
}

// atOnce is how many requests are under way at a time.
const atOnce = 2

// New makes a client; the error is ErrConfig.
func New(cfg Config) (*Client, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cache, err := lru.New[string, answer](cfg.MaxCached)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &Client{cfg: cfg, turns: semaphore.NewWeighted(atOnce), cache: cache}, nil
}

// Enabled says whether there is a server to ask.
func (c *Client) Enabled() bool { return c.cfg.URL != "" }

// Lookup gives a song's lyrics, timed ones if there are. Errors are ErrNotFound, ErrUnavailable, and those of ctx.
func (c *Client) Lookup(ctx context.Context, s Song) (lyrics.Lyrics, error) {
	key, ok := c.key(&s)
	if !ok {
		return lyrics.Lyrics{}, ErrNotFound
	}
	if a, ok := c.cache.Get(key); ok && time.Now().Before(a.until) {
		return a.give()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.Timeout, errSlow)
	defer cancel()
	if err := c.turns.Acquire(ctx, 1); err != nil {
		return lyrics.Lyrics{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer c.turns.Release(1)
	if a, ok := c.cache.Get(key); ok && time.Now().Before(a.until) { // another was asking
		return a.give()
	}
	if wait := c.inPeace(); wait > 0 {
		return lyrics.Lyrics{}, fmt.Errorf("%w: it is left in peace for %v", ErrUnavailable, wait.Round(time.Second))
	}
	l, err := c.ask(ctx, s)
	switch {
	case err == nil:
		c.cache.Add(key, answer{lyrics: l, found: true, until: time.Now().Add(c.cfg.KeepFound)})
	case errors.Is(err, ErrNotFound):
		c.cache.Add(key, answer{until: time.Now().Add(c.cfg.KeepMissing)})
	}
	return l, err
}

// Known gives what kind of lyrics a song was found to have, without asking; None: none are known.
func (c *Client) Known(s Song) lyrics.Kind {
	key, ok := c.key(&s)
	if !ok {
		return lyrics.None
	}
	a, _ := c.cache.Peek(key)
	return a.lyrics.Kind
}

// key is what a song's answer is remembered by; false: it can't be looked up.
func (c *Client) key(s *Song) (key string, ok bool) {
	s.Title, s.Artist = strings.TrimSpace(s.Title), strings.TrimSpace(s.Artist)
	if !c.Enabled() || s.Title == "" || s.Artist == "" {
		return "", false
	}
	return strings.Join([]string{fold(s.Title), fold(s.Artist), s.Duration.Round(time.Second).String()}, "\x00"), true
}

func (a answer) give() (lyrics.Lyrics, error) {
	if !a.found {
		return lyrics.Lyrics{}, ErrNotFound
	}
	return a.lyrics, nil
}

func (c *Client) inPeace() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Until(c.peace)
}

func (c *Client) leaveInPeace(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peace = time.Now().Add(d)
}

// fold brings names into one form to be compared: case, width, Unicode form.
func fold(s string) string { return cases.Fold().String(norm.NFKC.String(s)) }
