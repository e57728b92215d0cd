package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/store"
)

const (
	// maxFiles bounds the listing of a bucket: files that may belong to songs.
	maxFiles = 1_000_000
	// fileTimeout is how long reading a file may take, from a store elsewhere above all.
	fileTimeout = 2 * time.Minute
	// batch is how many files are remembered in one transaction.
	batch = 500
	// firstViews is how often songs are shown while the first scan goes on; making a view may take a tenth of the time.
	firstViews = 2 * time.Second
	// progressLog is how often a long scan is told of in the log.
	progressLog = 10 * time.Second
)

// scan lists parts of a bucket, each a file or a folder with all below it, reads what is new or changed, and publishes what came of it. The
// error is a bucket that can't be listed, or the end of ctx; what was known stays then.
func (c *Catalog) scan(ctx context.Context, s *shelf, parts []string) error {
	listed, odd, err := c.list(ctx, s.bucket, parts)
	if err != nil {
		return err
	}
	news := s.noteOdd(odd, parts)
	unread, gone, back := s.compare(listed, parts)
	if len(gone)+len(back) > 0 {
		if err := c.store.Moved(ctx, s.bucket.Name(), gone, back, time.Now()); err != nil {
			c.log.Error().Err(err).Msg("what became of songs isn't remembered")
		}
	}
	if err := c.read(ctx, s, unread); err != nil {
		return err
	}
	if news || len(unread)+len(gone)+len(back) > 0 {
		c.publish()
	}
	if s.complete() { // whoever is told so finds all songs
		close(s.known)
		v := c.view.Load()
		c.log.Info().Str("bucket", s.bucket.Name()).Int("files", len(listed)).Int("read", len(unread)).
			Int("tracks", len(v.entries)).Int("problems", len(v.problems)).Msg("songs known")
	}
	return nil
}

// list gives the files of parts that may belong to songs, and what is wrong with those that can't be listed.
func (c *Catalog) list(ctx context.Context, b bucket.Bucket, parts []string) (listed []bucket.File, odd []Problem, err error) {
	seen := map[string]bool{} // parts may lie within others
	for f, err := range listParts(ctx, b, parts) {
		if one, ok := errors.AsType[*bucket.FileError](err); ok {
			odd = append(odd, Problem{Bucket: b.Name(), File: one.Key, Reason: one.Err.Error(), LeftOut: true})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if facts.KindOf(f.Key) == facts.Other || seen[f.Key] {
			continue
		}
		if len(listed) == maxFiles {
			odd = append(odd, Problem{Bucket: b.Name(), File: f.Key, LeftOut: true,
				Reason: fmt.Sprintf("more than %d files: this one and those behind it are left out", maxFiles)})
			break
		}
		listed = append(listed, f)
		seen[f.Key] = true
	}
	return listed, odd, nil
}

func listParts(ctx context.Context, b bucket.Bucket, parts []string) iter.Seq2[bucket.File, error] {
	in, ok := b.(bucket.Parts)
	if !ok {
		return b.List(ctx)
	}
	return func(yield func(bucket.File, error) bool) {
		for _, part := range parts {
			for f, err := range in.ListPart(ctx, part) {
				if !yield(f, err) {
					return
				}
			}
		}
	}
}

// region is the parts of a bucket that are scanned.
type region map[string]bool

func regionOf(parts []string) region {
	r := make(region, len(parts))
	for _, part := range parts {
		r[part] = true
	}
	return r
}

// holds says whether a key is one of the parts or lies below one.
func (r region) holds(key string) bool {
	for at := len(key); at > 0; at = strings.LastIndexByte(key[:at], '/') {
		if r[key[:at]] {
			return true
		}
	}
	return r[""]
}

// noteOdd takes in what can't be listed of parts, and says whether that is news.
func (s *shelf) noteOdd(odd []Problem, parts []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	scanned := regionOf(parts)
	all := slices.DeleteFunc(slices.Clone(s.odd), func(p Problem) bool { return scanned.holds(p.File) })
	all = append(all, odd...)
	slices.SortFunc(all, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason)) })
	all = slices.Compact(all)
	news := !slices.Equal(s.odd, all)
	s.odd = all
	return news
}

// compare finds out what must be read of parts, what went away and what came back. Those that went away are so at once.
func (s *shelf) compare(listed []bucket.File, parts []string) (unread []bucket.File, gone, back []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := make(map[string]bool, len(listed))
	scanned, found := regionOf(parts), 0
	for _, f := range listed {
		there[f.Key] = true
		known := s.files[f.Key]
		if known == nil || !known.Same(f) || s.retry[f.Key] {
			unread = append(unread, f)
			if known == nil || known.Gone {
				found++
			}
			continue
		}
		if known.Gone {
			s.markLocked(known, false)
			back = append(back, f.Key)
		}
	}
	for key, f := range s.files {
		switch {
		case f.Gone:
		case !there[key] && scanned.holds(key):
			s.markLocked(f, true)
			gone = append(gone, key)
		default:
			found++
		}
	}
	s.progress.FoundFiles, s.progress.ReadFiles = found, found-len(unread)
	return unread, gone, back
}

// complete notes that everything was read, and says whether for the first time.
func (s *shelf) complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.progress.Complete
	s.progress.Complete = true
	return first
}

// read reads files, some at a time, and remembers what they say as it goes. The error is the end of ctx.
func (c *Catalog) read(ctx context.Context, s *shelf, unread []bucket.File) error {
	if len(unread) == 0 {
		return nil
	}
	reading := &reading{c: c, s: s, total: len(unread), viewed: time.Now(), logged: time.Now()}
	var group errgroup.Group
	group.SetLimit(c.cfg.Workers)
	for _, f := range unread {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			reading.add(ctx, c.readFile(ctx, s.bucket, f))
			return nil
		})
	}
	_ = group.Wait() // they give no errors
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", s.bucket.Name(), err)
	}
	reading.save(ctx)
	return nil
}

// read1 is a file that was read.
type read1 struct {
	store.Remembered
	again bool // it couldn't be reached
}

func (c *Catalog) readFile(ctx context.Context, b bucket.Bucket, f bucket.File) read1 {
	ctx, cancel := context.WithTimeout(ctx, fileTimeout)
	defer cancel()
	said, err := c.reader.Read(ctx, b, f.Key)
	if err != nil {
		said = &facts.Facts{Problems: []facts.Problem{{Reason: err.Error(), LeftOut: true}}}
	}
	return read1{Remembered: store.Remembered{File: f, Facts: said}, again: err != nil}
}

// reading is a scan's reading under way.
type reading struct {
	c     *Catalog
	s     *shelf
	total int

	mu             sync.Mutex
	unsaved        []store.Remembered
	done           int
	viewed, logged time.Time
}

// add takes a file in, and shows and remembers from time to time.
func (r *reading) add(ctx context.Context, f read1) {
	r.s.put(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if !f.again {
		r.unsaved = append(r.unsaved, f.Remembered)
	}
	if len(r.unsaved) >= batch {
		r.saveLocked(ctx)
	}
	if now := time.Now(); now.Sub(r.logged) >= progressLog {
		r.logged = now
		r.c.log.Info().Str("bucket", r.s.bucket.Name()).Int("read", r.done).Int("of", r.total).Msg("reading songs")
	}
	if start := time.Now(); start.Sub(r.viewed) >= firstViews {
		r.c.publish()
		now := time.Now()
		r.viewed = now.Add(share / 2 * now.Sub(start)) // the next one waits longer after one that took long
	}
}

func (r *reading) save(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saveLocked(ctx)
}

func (r *reading) saveLocked(ctx context.Context) {
	if err := r.c.store.Save(ctx, r.s.bucket.Name(), r.unsaved); err != nil && ctx.Err() == nil {
		r.c.log.Error().Err(err).Msg("what songs say isn't remembered: they will be read again after a restart")
	}
	r.unsaved = r.unsaved[:0]
}

// put takes in what a file says.
func (s *shelf) put(f read1) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setLocked(&f.Remembered)
	if f.again {
		s.retry[f.Key] = true
	} else {
		delete(s.retry, f.Key)
	}
	s.progress.ReadFiles++
}
