package catalog

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/singoff/singoff/service/catalog/loudness"
)

const (
	// measureRest is how long measuring rests after each song, in times of what it took.
	measureRest = 9
	// measureIdle is how long it waits where there is nothing to do.
	measureIdle = time.Minute
)

// gainOf goes by the tags before what was measured; nil: neither is known.
func gainOf(tagged, measured *float64) *float64 {
	if tagged != nil || measured == nil || math.IsInf(*measured, 0) {
		return tagged
	}
	gain := loudness.Gain(*measured)
	return &gain
}

// gainKey is a song as it was measured: a file that is replaced is another one.
type gainKey struct {
	id             string
	size, modified int64
}

func gainKeyOf(e *entry) gainKey {
	return gainKey{id: e.ID, size: e.file.Size, modified: e.file.Modified.UnixNano()}
}

// measureLoop measures songs, those played lately first, until ctx ends.
func (c *Catalog) measureLoop(ctx context.Context) {
	if c.Complete(ctx) != nil {
		return
	}
	for {
		rest := measureIdle
		if e := c.unmeasured(); e != nil {
			start := time.Now()
			c.measure(ctx, e)
			rest = measureRest * time.Since(start)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

// unmeasured gives a song that is yet to be measured; nil: there is none.
func (c *Catalog) unmeasured() *entry {
	v := c.view.Load()
	for _, id := range c.plays.ids() {
		if e := v.entry(id); e != nil && c.measurable(e) {
			return e
		}
	}
	for _, e := range v.entries {
		if c.measurable(e) {
			return e
		}
	}
	return nil
}

func (c *Catalog) measurable(e *entry) bool {
	_, done := c.gains.Load(gainKeyOf(e))
	return e.Gain == nil && !e.measured && !done && loudness.Measurable(e.format)
}

// measure measures a song and remembers it, also that it can't be measured.
func (c *Catalog) measure(ctx context.Context, e *entry) {
	lufs, err := c.lufs(ctx, e)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		c.log.Debug().Err(err).Str("bucket", e.bucket.Name()).Str("file", e.File).Msg("a song's loudness can't be measured")
		lufs = math.Inf(-1)
	}
	c.gains.Store(gainKeyOf(e), &lufs)
	if !errors.Is(err, loudness.ErrNoDecoder) && !errors.Is(err, loudness.ErrBroken) && !errors.Is(err, loudness.ErrSilent) && err != nil {
		return // it may be readable another day
	}
	for _, s := range c.shelves {
		if s.bucket == e.bucket {
			s.noteLoudness(e, lufs)
		}
	}
	if err := c.store.SaveLoudness(ctx, e.bucket.Name(), e.file, lufs); err != nil && ctx.Err() == nil {
		c.log.Warn().Err(err).Msg("a song's loudness isn't remembered")
	}
}

func (c *Catalog) lufs(ctx context.Context, e *entry) (float64, error) {
	file, err := e.bucket.Open(ctx, e.File)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // only read
	return loudness.Measure(ctx, file, e.format)
}

func (s *shelf) noteLoudness(e *entry, lufs float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.files[e.File]; known != nil && known.Same(e.file) {
		measured := *known // views hold what is known by its pointer
		measured.Loudness = &lufs
		s.files[e.File] = &measured
	}
}
