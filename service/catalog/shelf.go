package catalog

import (
	"context"
	"sync"
	"time"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/store"
	"github.com/singoff/singoff/service/catalog/watch"
)

// shelf is one bucket and what is known of its files.
type shelf struct {
	bucket   bucket.Bucket
	embedded bool

	mu       sync.Mutex // protects all below
	files    map[string]*store.Remembered
	retry    map[string]bool // files whose facts are only for now: they couldn't be reached
	odd      []Problem       // files that couldn't be listed
	err      error           // why the bucket can't be listed at the moment
	progress Progress
	known    chan struct{} // closed when everything was read once
}

func newShelf(b bucket.Bucket) *shelf {
	return &shelf{bucket: b, files: map[string]*store.Remembered{}, retry: map[string]bool{}, known: make(chan struct{})}
}

// How often a folder is listed again.
const (
	// watchedInterval is for changes that the system didn't tell of: those made on another machine that shares the folder.
	watchedInterval = time.Minute
	// unwatchedInterval is where the system tells of none.
	unwatchedInterval = 3 * time.Second
	// settle is how long to wait after a change for those that come with it, and maxSettle the longest after slow scans.
	settle    = 500 * time.Millisecond
	maxSettle = 3 * time.Second
	// share of its time that a folder may be listed for: a twentieth.
	share = 20
	// unreadable buckets are tried again after this.
	retryInterval = 5 * time.Second
)

// shelfLoop scans a bucket, now and whenever it may have changed, until ctx ends. What is part of the program doesn't.
func (c *Catalog) shelfLoop(ctx context.Context, s *shelf) {
	if s.embedded {
		c.noteReadable(s, c.scan(ctx, s))
		return
	}
	changed, watched, end := c.watch(s)
	defer end()
	for {
		start := time.Now()
		err := c.scan(ctx, s)
		if ctx.Err() != nil {
			return
		}
		c.noteReadable(s, err)
		took := time.Since(start)
		timer := time.NewTimer(c.interval(s, watched, took))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
			timer.Reset(min(max(settle, took*share/2), maxSettle))
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
		}
		timer.Stop()
	}
}

// interval is how long to wait for the next scan if nothing tells of a change.
func (c *Catalog) interval(s *shelf, watched bool, took time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return retryInterval
	case s.bucket.Dir() == "":
		return max(c.cfg.Rescan, took)
	case watched:
		return max(watchedInterval, took*share)
	}
	return max(unwatchedInterval, took*share)
}

// watch begins to watch a folder, if that can be.
func (c *Catalog) watch(s *shelf) (changed <-chan struct{}, watched bool, end func()) {
	if s.bucket.Dir() == "" {
		return nil, false, func() {}
	}
	w, err := watch.New(s.bucket.Dir())
	if err != nil {
		c.log.Warn().Err(err).Msg("the folder is listed every few seconds instead")
		return nil, false, func() {}
	}
	return w.Changed(), true, func() {
		if err := w.Close(); err != nil {
			c.log.Warn().Err(err).Str("bucket", s.bucket.Name()).Msg("the watch didn't end well")
		}
	}
}

// noteReadable tells the operator when a bucket can no longer be read, and when it can again.
func (c *Catalog) noteReadable(s *shelf, err error) {
	s.mu.Lock()
	before := s.err
	s.err = err
	s.mu.Unlock()
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		c.log.Error().Err(err).Str("bucket", s.bucket.Name()).Msg("songs can't be listed; those known stay")
	case err == nil && before != nil:
		c.log.Info().Str("bucket", s.bucket.Name()).Msg("songs can be listed again")
	}
}

// pairable are the files that are there, with what they say.
func (s *shelf) pairable(add func(f *store.Remembered)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if !f.Gone && f.Facts != nil && facts.KindOf(f.Key) != facts.Other {
			add(f)
		}
	}
}
