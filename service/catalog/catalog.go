// Package catalog is the songs there are: audio files of one or more buckets, each with its cover and lyrics. It opens at once with what it
// remembers, reads what is new or changed in the background and goes on watching; it finds tracks, gives their lyrics in one form, and
// serves their bytes over HTTP at addresses that it signs. What it knows at a moment is a view that never changes, so that nobody who asks
// waits for a scan.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/demo"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/lrclib"
	"github.com/singoff/singoff/service/catalog/signature"
	"github.com/singoff/singoff/service/catalog/store"
)

var (
	// ErrNoSuchTrack is returned for an id that no track ever had.
	ErrNoSuchTrack = errors.New("no such track")
	// ErrGone is returned for the id of a track that was removed.
	ErrGone = errors.New("the track was removed")
	// ErrNoLyrics is returned for a track without lyrics.
	ErrNoLyrics = errors.New("the track has no lyrics")
	// ErrLoading is returned for an id that isn't known while what is remembered of the songs is still being read.
	ErrLoading = errors.New("the songs are still being recalled")
	// ErrClosed is returned by a catalogue after Close.
	ErrClosed = errors.New("the catalogue is closed")
	// ErrUnreadable is wrapped where there are no songs because no bucket can be read.
	ErrUnreadable = errors.New("the songs can't be read")
	// ErrConfig is returned for a Config that can't be.
	ErrConfig = errors.New("songs")
)

// Catalog is the songs of its buckets. Its methods may be called concurrently.
type Catalog struct {
	cfg    Config
	log    zerolog.Logger
	reader facts.Reader
	store  *store.Store
	signer *signature.Signer

	shelves []*shelf
	lookup  *lrclib.Client
	plays   plays
	scaling singleflight.Group
	gains   sync.Map // of songs measured since they were last put into a view: *float64 by gainKey
	view    atomic.Pointer[view]

	publishing sync.Mutex // one view is made at a time
	warned     map[Problem]bool

	seen struct {
		sync.RWMutex
		ids map[string]bool // of tracks that are there or were
	}

	recalled chan struct{} // closed when what was remembered is known; store and signer are set then

	closed  atomic.Bool
	closing <-chan struct{}
	cancel  context.CancelFunc
	loops   sync.WaitGroup
}

// Open opens the buckets, and begins to recall what is remembered of them and to read them; ctx bounds the opening alone. The demo songs are
// known when it returns, unless another program has the store to itself, other songs a while later. A file that can't be used is a Problem, a bucket that can't be reached is tried again; an
// error is a folder that isn't there, a URL or a Config that can't be.
func Open(ctx context.Context, cfg Config) (*Catalog, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	lookup, err := lrclib.New(lrclib.Config{URL: cfg.LyricsURL})
	if err != nil {
		return nil, fmt.Errorf("%w: lyrics URL: %w", ErrConfig, err)
	}
	c := &Catalog{
		cfg: cfg, log: cfg.Logger, reader: facts.Reader{Charset: cfg.Charset}, lookup: lookup,
		recalled: make(chan struct{}), plays: newPlays(), warned: map[Problem]bool{},
	}
	c.seen.ids = map[string]bool{}
	c.view.Store(emptyView())
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel, c.closing = cancel, background.Done()
	for _, open := range []func(context.Context) error{c.writable, c.openBuckets, c.register} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	c.loops.Go(func() { c.begin(background) })
	if c.shelves[0].embedded {
		short, cancel := context.WithTimeout(ctx, demoPatience)
		defer cancel()
		if err := c.Complete(short); err != nil && ctx.Err() != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (c *Catalog) openBuckets(ctx context.Context) error {
	cache, err := bucket.NewCache(c.cfg.CacheMiB)
	if err != nil {
		return err
	}
	for _, u := range c.cfg.URLs {
		if u == "" {
			continue
		}
		b, err := bucket.Open(ctx, u, cache)
		if err != nil {
			return err
		}
		c.shelves = append(c.shelves, newShelf(b))
	}
	if len(c.shelves) == 0 {
		s := newShelf(bucket.Embedded("the demo songs", demo.Songs))
		s.embedded = true
		c.shelves = []*shelf{s}
	}
	return nil
}

// Track gives a track by its id, or ErrNoSuchTrack, ErrGone, or, when what is remembered was waited for and isn't known yet, ErrLoading.
func (c *Catalog) Track(ctx context.Context, id string) (Track, error) {
	e, err := c.entry(ctx, id)
	if err != nil {
		return Track{}, err
	}
	return c.track(e), nil
}

// Gone says whether a track was removed. It never waits: one that isn't known yet wasn't.
func (c *Catalog) Gone(id string) bool {
	return c.view.Load().entry(id) == nil && c.wasSeen(id) && c.isRecalled()
}

func (c *Catalog) entry(ctx context.Context, id string) (*entry, error) {
	if c.closed.Load() {
		return nil, ErrClosed
	}
	if e := c.view.Load().entry(id); e != nil {
		return e, nil
	}
	if err := c.awaitRecall(ctx); err != nil {
		return nil, err
	}
	if e := c.view.Load().entry(id); e != nil { // shown meanwhile
		return e, nil
	}
	if c.wasSeen(id) {
		return nil, fmt.Errorf("%w: %s", ErrGone, id)
	}
	return nil, fmt.Errorf("%w: %.80q", ErrNoSuchTrack, id)
}

func (c *Catalog) wasSeen(id string) bool {
	c.seen.RLock()
	defer c.seen.RUnlock()
	return c.seen.ids[id]
}

// Close ends the catalogue and waits for what it does in the background: what is under way with it fails, its other methods return
// ErrClosed.
func (c *Catalog) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.cancel()
	c.loops.Wait()
	var errs []error
	for _, s := range c.shelves {
		errs = append(errs, s.bucket.Close())
	}
	if c.store != nil {
		errs = append(errs, c.store.Close())
	}
	return errors.Join(errs...)
}
