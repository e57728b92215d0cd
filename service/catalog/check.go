package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/singoff/singoff/service/catalog/cover"
)

// Report is what there is and what is wrong with it.
type Report struct {
	// Files that may belong to songs, Tracks, and those of them that have a Cover, Lyrics, or no known length.
	Files, Tracks, Covers, Lyrics, UnknownLength int
	// Problems with single files.
	Problems []Problem
}

// Check waits until everything was read, then takes apart every cover, which a scan doesn't. The error is a bucket that can't be read, or the
// end of ctx.
func (c *Catalog) Check(ctx context.Context) (Report, error) {
	if err := c.completeOrUnreadable(ctx); err != nil {
		return Report{}, err
	}
	v := c.view.Load()
	r := Report{Files: c.Progress().FoundFiles, Tracks: len(v.entries), Problems: c.Problems()}
	tried := map[string]bool{}
	for _, e := range v.entries {
		if e.Lyrics != 0 {
			r.Lyrics++
		}
		if e.Duration == 0 {
			r.UnknownLength++
		}
		if e.cover.Key == "" {
			continue
		}
		r.Covers++
		if name := e.bucket.Name() + "\x00" + e.cover.Key; !tried[name] {
			tried[name] = true
			err := c.tryCover(ctx, e)
			if ctx.Err() != nil {
				return Report{}, ctx.Err()
			}
			if err != nil {
				r.Problems = append(r.Problems, Problem{Bucket: e.bucket.Name(), File: e.cover.Key, Reason: fmt.Sprintf("its cover can't be used: %v", err)})
			}
		}
	}
	return r, nil
}

// completeOrUnreadable doesn't wait for a bucket that can't be read.
func (c *Catalog) completeOrUnreadable(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !c.Progress().Complete {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if _, err := c.unreadable(); err != nil {
			return fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
	}
	return nil
}

func (c *Catalog) tryCover(ctx context.Context, e *entry) error {
	file, err := e.bucket.Open(ctx, e.cover.Key)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	_, err = c.pictureOf(ctx, e, file, cover.Picker)
	return err
}
