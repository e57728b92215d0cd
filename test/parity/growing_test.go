package parity

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// growing is what has come so far, in its order.
type growing[T any] struct {
	mu    sync.Mutex
	all   []T
	grown chan struct{} // closed when there is more
}

func newGrowing[T any]() *growing[T] { return &growing[T]{grown: make(chan struct{})} }

func (g *growing[T]) add(items ...T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, items...)
	close(g.grown)
	g.grown = make(chan struct{})
}

// now is all that has come, and a channel that is closed when there is more.
func (g *growing[T]) now() ([]T, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clip(g.all), g.grown
}

// await gives the first item, of all that came and will come, that is right.
func (g *growing[T]) await(t *testing.T, what string, right func(T) bool) T {
	t.Helper()
	deadline := time.After(patience)
	for seen := 0; ; {
		all, grown := g.now()
		for ; seen < len(all); seen++ {
			if right(all[seen]) {
				return all[seen]
			}
		}
		select {
		case <-grown:
		case <-deadline:
			t.Fatalf("no sign of %s in %v", what, all)
		}
	}
}
