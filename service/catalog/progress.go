package catalog

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// Progress is how far the buckets are known.
type Progress struct {
	// FoundFiles may belong to songs; ReadFiles of them were read.
	FoundFiles, ReadFiles int
	// Complete says that everything was read once, and can be found from then on.
	Complete bool
}

// Progress tells how far the songs are known.
func (c *Catalog) Progress() Progress {
	all := Progress{Complete: true}
	for _, s := range c.shelves {
		s.mu.Lock()
		p := s.progress
		s.mu.Unlock()
		all.FoundFiles += p.FoundFiles
		all.ReadFiles += p.ReadFiles
		all.Complete = all.Complete && p.Complete
	}
	return all
}

// Complete waits until everything was read once. The error is the end of ctx.
func (c *Catalog) Complete(ctx context.Context) error {
	for _, s := range c.shelves {
		select {
		case <-s.known:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// unreadable gives an error if some bucket can't be listed at the moment.
func (c *Catalog) unreadable() (n int, err error) {
	for _, s := range c.shelves {
		s.mu.Lock()
		if s.err != nil {
			n, err = n+1, s.err
		}
		s.mu.Unlock()
	}
	return n, err
}

// register makes the metrics, which are looked up when they are asked for.
func (c *Catalog) register(context.Context) error {
	if c.cfg.Registerer == nil {
		return nil
	}
	gauges := []struct {
		name, help string
		value      func() int
	}{
		{"tracks", "Tracks there are.", func() int { return len(c.view.Load().entries) }},
		{"problems", "Files that can't be used, or only in part.", func() int { return len(c.view.Load().problems) }},
		{"found_files", "Files found that may belong to songs.", func() int { return c.Progress().FoundFiles }},
		{"read_files", "Files of those found that were read.", func() int { return c.Progress().ReadFiles }},
		{"unreadable_buckets", "Buckets that can't be listed at the moment.", func() int { n, _ := c.unreadable(); return n }},
	}
	for _, g := range gauges {
		gauge := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_catalog_" + g.name, Help: g.help}, func() float64 { return float64(g.value()) })
		if err := c.cfg.Registerer.Register(gauge); err != nil {
			return err
		}
	}
	return nil
}
