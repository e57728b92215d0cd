package catalog

import (
	"context"
	"os"
	"slices"
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
	folders  map[string][]string // the keys of files, by folderOf
	touched  map[string]bool     // folders whose files aren't in a view as they are now
	retry    map[string]bool     // files whose facts are only for now: they couldn't be reached
	odd      []Problem           // files that couldn't be listed
	err      error               // why the bucket can't be listed at the moment
	progress Progress
	known    chan struct{} // closed when everything was read once

	paired map[string]*paired // by folder; of whoever makes a view
}

func newShelf(b bucket.Bucket) *shelf {
	return &shelf{
		bucket: b, files: map[string]*store.Remembered{}, folders: map[string][]string{}, touched: map[string]bool{}, retry: map[string]bool{},
		known: make(chan struct{}), paired: map[string]*paired{},
	}
}

// setLocked takes in what is known of a file.
func (s *shelf) setLocked(f *store.Remembered) {
	folder := folderOf(f.Key)
	if s.files[f.Key] == nil {
		s.folders[folder] = append(s.folders[folder], f.Key)
	}
	s.files[f.Key] = f
	s.touched[folder] = true
}

// markLocked notes that a file went away or came back.
func (s *shelf) markLocked(f *store.Remembered, gone bool) {
	f.Gone = gone
	s.touched[folderOf(f.Key)] = true
}

// takeTouched gives the folders whose files changed since it was last called, with the files that are there.
func (s *shelf) takeTouched() map[string][]*store.Remembered {
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := make(map[string][]*store.Remembered, len(s.touched))
	for folder := range s.touched {
		touched[folder] = nil
		for _, key := range s.folders[folder] {
			if f := s.files[key]; !f.Gone && f.Facts != nil && facts.KindOf(key) != facts.Other {
				touched[folder] = append(touched[folder], f)
			}
		}
	}
	clear(s.touched)
	return touched
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
		c.noteReadable(s, c.scan(ctx, s, everything))
		return
	}
	watched, end := c.watch(s)
	defer end()
	var due time.Time // of the next scan of everything
	for parts := everything; ; {
		start := time.Now()
		err := c.scan(ctx, s, parts)
		if ctx.Err() != nil {
			return
		}
		c.noteReadable(s, err)
		took := time.Since(start)
		if slices.Equal(parts, everything) {
			due = time.Now().Add(c.interval(s, watched != nil, took))
		}
		if parts = c.await(ctx, s, watched, due, took); ctx.Err() != nil {
			return
		}
	}
}

// everything is all of a bucket, as what is to be scanned.
var everything = []string{""}

// await waits until a bucket is to be scanned again, and says which parts of it: all when it is due, else where something happened. took is how
// long the scan before did.
func (c *Catalog) await(ctx context.Context, s *shelf, watched *watch.Watcher, due time.Time, took time.Duration) (parts []string) {
	var changed <-chan struct{}
	if watched != nil {
		changed = watched.Changed()
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-timer.C:
		if watched != nil {
			watched.Renew()
		}
		return everything
	case <-changed:
	}
	timer.Reset(min(max(settle, took*share/2), maxSettle))
	select {
	case <-ctx.Done():
		return nil
	case <-timer.C:
	}
	parts, all := watched.Take()
	if _, err := os.Stat(s.bucket.Dir()); all || err != nil || !s.isComplete() {
		return everything
	}
	return parts
}

func (s *shelf) isComplete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress.Complete && s.err == nil
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

// watch begins to watch a folder, if that can be; nil: it can't.
func (c *Catalog) watch(s *shelf) (w *watch.Watcher, end func()) {
	if s.bucket.Dir() == "" {
		return nil, func() {}
	}
	w, err := watch.New(s.bucket.Dir())
	if err != nil {
		c.log.Warn().Err(err).Msg("the folder is listed every few seconds instead")
		return nil, func() {}
	}
	return w, func() {
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
