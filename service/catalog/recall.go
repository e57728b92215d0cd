package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/singoff/singoff/service/catalog/signature"
	"github.com/singoff/singoff/service/catalog/store"
)

const (
	// recallPatience is how long a look-up waits for what is remembered: a client that asks sees a slow answer then, not a wrong one, and whoever
	// speaks over the same connection isn't held up for longer.
	recallPatience = 3 * time.Second
	// demoPatience is how long Open waits for the demo songs, which are read in a moment.
	demoPatience = 30 * time.Second
	// busyPause is how long to wait before a store that another program has to itself is tried again.
	busyPause = time.Second
)

// writable refuses a store that could never be written, before anybody relies on it.
func (c *Catalog) writable(ctx context.Context) error {
	if c.cfg.Store == "" {
		return ctx.Err()
	}
	if err := os.MkdirAll(filepath.Dir(c.cfg.Store), 0o700); err != nil {
		return fmt.Errorf("store of songs: %w", err)
	}
	return ctx.Err()
}

// begin opens the store and takes in what is remembered, so that songs are there before any bucket was read; then it begins to read them.
func (c *Catalog) begin(ctx context.Context) {
	if err := c.openStore(ctx); err != nil {
		if ctx.Err() != nil {
			return
		}
		c.log.Error().Err(err).Msg("what is remembered of the songs can't be used: they are read anew, and again after a restart")
		if err := c.openMemory(ctx); err != nil {
			c.log.Error().Err(err).Msg("there are no songs")
			return
		}
	}
	if err := c.recall(ctx); err != nil {
		if ctx.Err() != nil {
			return
		}
		c.log.Error().Err(err).Msg("what is remembered of the songs can't be recalled: they are read anew")
	}
	close(c.recalled)
	for _, s := range c.shelves {
		c.loops.Go(func() { c.shelfLoop(ctx, s) })
	}
	c.loops.Go(func() { c.playedLoop(ctx) })
	if c.cfg.MeasureLoudness {
		c.loops.Go(func() { c.measureLoop(ctx) })
	}
}

// openStore waits for a store that another program has to itself.
func (c *Catalog) openStore(ctx context.Context) error {
	for told := false; ; told = true {
		s, aside, err := store.Open(ctx, c.cfg.Store)
		if err == nil {
			if aside != "" {
				c.log.Warn().Str("moved_to", aside).Msg("what was remembered of the songs can't be used: they are read anew")
			}
			if err = c.keep(ctx, s); err == nil {
				return nil
			}
		}
		if !errors.Is(err, store.ErrBusy) {
			return err
		}
		if !told {
			c.log.Warn().Err(err).Msg("what is remembered of the songs is waited for")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyPause):
		}
	}
}

func (c *Catalog) openMemory(ctx context.Context) error {
	s, _, err := store.Open(ctx, "")
	if err != nil {
		return err
	}
	return c.keep(ctx, s)
}

// keep makes a store the catalogue's, with the secret in it.
func (c *Catalog) keep(ctx context.Context, s *store.Store) error {
	secret, err := s.Secret(ctx)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	signer, err := signature.NewSigner(secret)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	c.store, c.signer = s, signer
	return nil
}

func (c *Catalog) recall(ctx context.Context) error {
	keys, err := c.store.AudioKeys(ctx)
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		seen[trackID(key)] = true
	}
	c.seen.Lock()
	c.seen.ids = seen
	c.seen.Unlock()
	played, err := c.store.Played(ctx)
	if err != nil {
		return err
	}
	c.plays.recall(played)
	known := 0
	for _, s := range c.shelves {
		files, err := c.store.Files(ctx, s.bucket.Name())
		if err != nil {
			return err
		}
		s.recall(files)
		known += len(files)
	}
	if known > 0 {
		c.publish()
	}
	return nil
}

func (s *shelf) recall(files []store.Remembered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range files {
		s.setLocked(&files[i])
	}
}

func (c *Catalog) isRecalled() bool {
	select {
	case <-c.recalled:
		return true
	default:
		return false
	}
}

// awaitRecall waits until what was remembered is known, for a while.
func (c *Catalog) awaitRecall(ctx context.Context) error {
	if c.isRecalled() {
		return nil
	}
	patience := time.NewTimer(recallPatience)
	defer patience.Stop()
	select {
	case <-c.recalled:
		return nil
	case <-c.closing:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrLoading, ctx.Err())
	case <-patience.C:
		return ErrLoading
	}
}
