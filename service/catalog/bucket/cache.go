package bucket

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

const (
	// blockSize is what is fetched at once from a store elsewhere: a player that seeks away wastes less than this.
	blockSize = 1 << 20
	// fetchTimeout is how long a block may take.
	fetchTimeout = 30 * time.Second
)

// Cache keeps the blocks of remote files that were read lately, so that a room of eight reads a song from its store once. It may be
// used by several buckets and concurrently.
type Cache struct {
	kept  *lru.Cache[blockKey, []byte]
	under singleflight.Group
}

type blockKey struct {
	bucket *remote
	file   File
	at     int64
}

// NewCache keeps up to n blocks of 1 MiB; n is at least 1.
func NewCache(n int) (*Cache, error) {
	kept, err := lru.New[blockKey, []byte](n)
	if err != nil {
		return nil, fmt.Errorf("cache of %d blocks: %w", n, err)
	}
	return &Cache{kept: kept}, nil
}

// get fetches a block once for all who want it now. Who no longer wants it doesn't end it for the others.
func (c *Cache) get(ctx context.Context, key blockKey, fetch func(context.Context, int64) ([]byte, error)) ([]byte, error) {
	if block, ok := c.kept.Get(key); ok {
		return block, nil
	}
	name := fmt.Sprintf("%p %v %d", key.bucket, key.file, key.at)
	result := c.under.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		block, err := fetch(ctx, key.at)
		if err == nil {
			c.kept.Add(key, block)
		}
		return block, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		block, _ := r.Val.([]byte)
		return block, r.Err
	}
}
