// Package catalog is the songs there are: audio files of one or more buckets (gocloud.dev/blob), each with the cover and
// the lyrics that share its base name in its folder, whatever case or Unicode form the names are in. It reads every file
// once, when it is opened, tells what was wrong with which, finds tracks by title or artist, and serves their bytes over
// HTTP. Covers are .jpg, .jpeg, .png, .webp and lyrics .lrc, .txt, the first of these that is there; files and folders whose
// name begins with a dot are passed over.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/rs/zerolog"
)

var (
	// ErrNoSuchTrack is returned for an id that no track has.
	ErrNoSuchTrack = errors.New("no such track")
	// ErrClosed is returned by a catalogue after Close.
	ErrClosed = errors.New("the catalogue is closed")
	// ErrPageToken is returned for a page token that wasn't given for this query.
	ErrPageToken = errors.New("not a token of this query's pages")
	// ErrConfig is returned for a Config that can't be.
	ErrConfig = errors.New("catalogue")
)

// Config is what a catalogue is opened with.
type Config struct {
	// URLs of the buckets, or paths of plain folders: `file:///srv/songs`, `songs`. Subfolders belong to a bucket. A song that is
	// in several is taken from the first. Empty ones don't count; none: the demo songs. Other schemes than `file` work in a
	// program that links their driver.
	URLs []string
	// MaxTracks is how many audio files are taken; those beyond are reported. Default 100,000; about 1 KB of memory each.
	MaxTracks int
	// Workers is how many files are read at one time while opening. Default 4, at most 64; each takes up to 20 MiB while it meets
	// a hostile file, and well below 1 MiB with others.
	Workers int
	// Logger gets one line when the songs are loaded and a warning for each problem. Default: none.
	Logger zerolog.Logger
}

func (c *Config) validate() error {
	if c.MaxTracks == 0 {
		c.MaxTracks = 100_000
	}
	if c.Workers == 0 {
		c.Workers = 4
	}
	if c.MaxTracks < 0 {
		return fmt.Errorf("%w: MaxTracks is %d, must not be negative", ErrConfig, c.MaxTracks)
	}
	if c.Workers < 0 || c.Workers > 64 {
		return fmt.Errorf("%w: Workers is %d, must be 1 to 64", ErrConfig, c.Workers)
	}
	return nil
}

// Catalog is the songs of its buckets as they were when it was opened. Its methods may be called concurrently.
type Catalog struct {
	buckets  []*bucket
	entries  []*entry // by title, then id
	byID     map[string]*entry
	problems []Problem
	log      zerolog.Logger
	closed   atomic.Bool
}

// Problem is a file that can't be used, or only in part.
type Problem struct {
	// Bucket is the URL or folder, without what may be secret in it.
	Bucket string
	// File is its key in the bucket.
	File string
	// Reason is a sentence for the operator.
	Reason string
	// LeftOut says that the file isn't used at all.
	LeftOut bool
}

// String names the file and the reason.
func (p Problem) String() string { return fmt.Sprintf("%q in %s: %s", p.File, p.Bucket, p.Reason) }

// Open reads the buckets. A file that can't be used is a Problem; an error is a bucket that can't be opened or listed, a
// Config that can't be, or the end of ctx.
func Open(ctx context.Context, cfg Config) (*Catalog, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	c := &Catalog{byID: map[string]*entry{}, log: cfg.Logger}
	if err := c.openBuckets(ctx, cfg.URLs); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := c.load(ctx, cfg); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for _, p := range c.problems {
		c.log.Warn().Str("bucket", p.Bucket).Str("file", p.File).Bool("left_out", p.LeftOut).Msg(p.Reason)
	}
	c.log.Info().Int("tracks", len(c.entries)).Int("problems", len(c.problems)).Msg("songs loaded")
	return c, nil
}

func (c *Catalog) openBuckets(ctx context.Context, urls []string) error {
	for _, u := range urls {
		if u == "" {
			continue
		}
		b, err := openBucket(ctx, u)
		if err != nil {
			return err
		}
		c.buckets = append(c.buckets, b)
	}
	if len(c.buckets) > 0 {
		return nil
	}
	b, err := openDemo(ctx)
	if err != nil {
		return err
	}
	c.buckets = []*bucket{b}
	return nil
}

// Track gives a track by its id, or ErrNoSuchTrack.
func (c *Catalog) Track(id string) (Track, error) {
	e, err := c.entry(id)
	if err != nil {
		return Track{}, err
	}
	return e.Track, nil
}

func (c *Catalog) entry(id string) (*entry, error) {
	if c.closed.Load() {
		return nil, ErrClosed
	}
	if e := c.byID[id]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("%w: %.80q", ErrNoSuchTrack, id)
}

// Problems are the files that were unusable or odd when the catalogue was opened, in the order of buckets and keys.
func (c *Catalog) Problems() []Problem { return append([]Problem(nil), c.problems...) }

// Close ends the catalogue: what is under way with it fails, its other methods return ErrClosed.
func (c *Catalog) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	var errs []error
	for _, b := range c.buckets {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}
