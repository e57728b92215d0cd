package singoff

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Saved is what lets a later process come back as the same guest and go on where this one stopped. The zero value is nobody.
type Saved struct {
	// GuestKey is the guest's secret, 16 bytes; the only credential, to be kept as one.
	GuestKey []byte
	// Resume names the newest event the application has taken; nil: none.
	Resume *singoffv1.Resume
}

func (s Saved) clone() Saved {
	c := Saved{GuestKey: slices.Clone(s.GuestKey)}
	if s.Resume != nil {
		c.Resume = proto.CloneOf(s.Resume)
	}
	return c
}

// Store keeps one Saved, of one person in one room of one server. A Room calls one method at a time: Load once before the first
// try to connect, Save then, after the first Welcome, at most once a second while events come, and when the Room ends.
// A Save that fails while the Room lives is logged and made up for by the next one.
type Store interface {
	// Load gives what was saved last; the zero Saved if nothing was.
	Load(ctx context.Context) (Saved, error)
	// Save keeps it in place of what was saved before, all or nothing.
	Save(ctx context.Context, saved Saved) error
}

// MemoryStore is a Store in memory: for tests, and for a Room that is to be followed by another one in the same process.
// The zero value is empty; it may be used concurrently.
type MemoryStore struct {
	mu    sync.Mutex // protects saved
	saved Saved
}

// Load gives what was saved last.
func (m *MemoryStore) Load(context.Context) (Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saved.clone(), nil
}

// Save keeps it.
func (m *MemoryStore) Save(_ context.Context, saved Saved) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved = saved.clone()
	return nil
}
