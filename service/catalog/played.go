package catalog

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/singoff/singoff/service/catalog/index"
	"github.com/singoff/singoff/service/catalog/store"
)

const (
	// keptPlays is how many tracks of a namespace are known as played, and keptNamespaces of how many namespaces.
	keptPlays      = 1000
	keptNamespaces = 1000
	// unsavedPlays may wait to be remembered; more are known until a restart only.
	unsavedPlays = 256
)

// plays is what was played lately, by namespace.
type plays struct {
	mu      sync.Mutex
	recent  map[string][]index.Played // the latest first; a list that was given out doesn't change
	unsaved chan store.Played
}

func newPlays() plays {
	return plays{recent: map[string][]index.Played{}, unsaved: make(chan store.Played, unsavedPlays)}
}

// recall takes in what is remembered, the latest first, behind what began meanwhile.
func (p *plays) recall(remembered []store.Played) {
	p.mu.Lock()
	defer p.mu.Unlock()
	recent := map[string][]index.Played{}
	for _, r := range remembered {
		if list := recent[r.Namespace]; (list != nil || len(recent) < keptNamespaces) && len(list) < keptPlays {
			recent[r.Namespace] = append(list, index.Played{ID: r.Track, At: r.At})
		}
	}
	meanwhile := p.recent
	p.recent = recent
	for namespace, list := range meanwhile {
		for _, played := range slices.Backward(list) {
			p.addLocked(namespace, played)
		}
	}
}

// Played notes that a track began in a namespace. It never waits.
func (c *Catalog) Played(namespace, trackID string) {
	if c.closed.Load() {
		return
	}
	now := time.Now()
	c.plays.add(namespace, index.Played{ID: trackID, At: now})
	select {
	case c.plays.unsaved <- store.Played{Namespace: namespace, Track: trackID, At: now}:
	default: // it is known all the same, until a restart
	}
}

func (p *plays) add(namespace string, played index.Played) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addLocked(namespace, played)
}

func (p *plays) addLocked(namespace string, played index.Played) {
	list := []index.Played{played}
	for _, before := range p.recent[namespace] {
		if before.ID != played.ID && len(list) < keptPlays {
			list = append(list, before)
		}
	}
	if _, known := p.recent[namespace]; !known && len(p.recent) >= keptNamespaces {
		p.forgetOldestLocked()
	}
	p.recent[namespace] = list
}

func (p *plays) forgetOldestLocked() {
	oldest, at := "", time.Time{}
	for namespace, list := range p.recent {
		if oldest == "" || list[0].At.Before(at) {
			oldest, at = namespace, list[0].At
		}
	}
	delete(p.recent, oldest)
}

func (p *plays) of(namespace string) []index.Played {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.recent[namespace]
}

// playedLoop remembers what is played, until ctx ends; then what is left.
func (c *Catalog) playedLoop(ctx context.Context) {
	for {
		var batch []store.Played
		select {
		case <-ctx.Done():
			c.savePlayed(ctx, c.plays.waiting(batch))
			return
		case p := <-c.plays.unsaved:
			batch = append(batch, p)
		}
		c.savePlayed(ctx, c.plays.waiting(batch))
	}
}

// waiting adds what else waits.
func (p *plays) waiting(batch []store.Played) []store.Played {
	for {
		select {
		case played := <-p.unsaved:
			batch = append(batch, played)
		default:
			return batch
		}
	}
}

// savePlayed isn't cut short by the end of ctx: what it was given is nowhere else.
func (c *Catalog) savePlayed(ctx context.Context, batch []store.Played) {
	if len(batch) == 0 {
		return
	}
	if err := c.store.SavePlayed(context.WithoutCancel(ctx), batch); err != nil {
		c.log.Error().Err(err).Msg("what was played isn't remembered")
	}
}

// ids are the tracks that were played lately, anywhere.
func (p *plays) ids() (ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range p.recent {
		for _, played := range list {
			ids = append(ids, played.ID)
		}
	}
	return ids
}
