package catalog

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/singoff/singoff/service/catalog/loudness"
)

const (
	// measureRest is how long measuring rests, in times of what it took: after each measureWork within a song, and after a song for what is left.
	measureRest = 9
	measureWork = 10 * time.Millisecond
	// measureHurry is when a song's measuring rests no more: a slow machine with a long song.
	measureHurry = 5 * time.Minute
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
			rested := c.measure(ctx, e)
			rest = max(0, measureRest*(time.Since(start)-rested)-rested)
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

// measure measures a song and remembers it, also that it can't be measured. It tells how long it has rested meanwhile.
func (c *Catalog) measure(ctx context.Context, e *entry) (rested time.Duration) {
	lufs, rested, err := c.lufs(ctx, e)
	if ctx.Err() != nil {
		return rested
	}
	if err != nil {
		c.log.Debug().Err(err).Str("bucket", e.bucket.Name()).Str("file", e.File).Msg("a song's loudness can't be measured")
		lufs = math.Inf(-1)
	}
	c.gains.Store(gainKeyOf(e), &lufs)
	if !errors.Is(err, loudness.ErrNoDecoder) && !errors.Is(err, loudness.ErrBroken) && !errors.Is(err, loudness.ErrSilent) && err != nil {
		return rested // it may be readable another day
	}
	for _, s := range c.shelves {
		if s.bucket == e.bucket {
			s.noteLoudness(e, lufs)
		}
	}
	if err := c.store.SaveLoudness(ctx, e.bucket.Name(), e.file, lufs); err != nil && ctx.Err() == nil {
		c.log.Warn().Err(err).Msg("a song's loudness isn't remembered")
	}
	return rested
}

func (c *Catalog) lufs(ctx context.Context, e *entry) (lufs float64, rested time.Duration, err error) {
	file, err := e.bucket.Open(ctx, e.File)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = file.Close() }() // only read
	now := time.Now()
	in := &paced{ctx: ctx, in: file, began: now, since: now}
	lufs, err = loudness.Measure(ctx, in, e.format)
	return lufs, in.rested, err
}

// paced lets its reader have no more than its share of a core's time at any moment, not only in the long run: a song takes seconds, and right after a start
// everybody comes back in those.
type paced struct {
	ctx    context.Context // ends a rest
	in     io.Reader
	began  time.Time
	since  time.Time // the end of the last rest
	rested time.Duration
}

// Read rests if it is time to, and reads on.
func (p *paced) Read(b []byte) (int, error) {
	if worked := time.Since(p.since); worked >= measureWork && time.Since(p.began) < measureHurry {
		began := time.Now()
		select {
		case <-time.After(measureRest * worked):
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
		p.since = time.Now()
		p.rested += p.since.Sub(began)
	}
	return p.in.Read(b)
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
