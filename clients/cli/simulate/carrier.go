package simulate

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"sync"

	"google.golang.org/protobuf/proto"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
)

// carrier is one person's transport: each Join may take another way than the one before.
type carrier struct {
	ways []transport.Transport

	mu     sync.Mutex // protects what follows
	random *mathrand.Rand
	now    int // index of the way to take next
}

// newCarrier opens all ways of a simulation over a wire. The first Join takes the way that belongs to the person's index.
func newCarrier(cfg Config, w *wire, random *mathrand.Rand, index int) (transport.Transport, error) {
	c := &carrier{random: random, now: index % len(cfg.Ways)}
	for _, kind := range cfg.Ways {
		target := cfg.URL
		if kind == transport.KindNative {
			target = cfg.Target
		}
		options := append(append([]singoff.Option{}, cfg.Options...), singoff.WithTransport(kind), singoff.WithDialer(w.dial))
		way, err := singoff.OpenTransport(target, options...)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.ways = append(c.ways, way)
	}
	return cfg.Wrap(c), nil
}

// next is the way to take now.
func (c *carrier) next() transport.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	way := c.ways[c.now]
	c.now = c.random.IntN(len(c.ways))
	return way
}

// Join opens a stream by the next way.
func (c *carrier) Join(ctx context.Context) (transport.Stream, error) { return c.next().Join(ctx) }

// Unary makes a call by the first way.
func (c *carrier) Unary(ctx context.Context, method string, request, answer proto.Message) error {
	return c.ways[0].Unary(ctx, method, request, answer)
}

// Close closes all ways.
func (c *carrier) Close() error {
	var errs []error
	for _, way := range c.ways {
		errs = append(errs, way.Close())
	}
	return errors.Join(errs...)
}
