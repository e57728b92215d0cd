package room_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

// mood is how a log takes an append.
type mood int

const (
	takes        mood = iota
	refuses           // surely not kept
	keepsUnsaid       // kept, but the answer is lost
	losesUnsaid       // not kept, and the answer is lost
	keepsLater        // no answer, and kept when the test says so
	hangs             // no answer until the context ends
	breaksDown        // an error that isn't one of the log's own; not kept
	readsNothing      // takes appends; reading and opening fail
)

// moody is a log whose mood a test sets.
type moody struct {
	eventlog.Log

	mu      sync.Mutex
	mood    mood
	ghosts  []func() error
	appends int
}

func newMoody(t testing.TB) *moody { return &moody{Log: newMemlog(t)} }

func (l *moody) set(m mood) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mood = m
}

func (l *moody) now() mood {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mood
}

// tries counts the appends that were tried.
func (l *moody) tries() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appends
}

// haunt keeps what was to be kept later, if its place is still free.
func (l *moody) haunt() (errs []error) {
	l.mu.Lock()
	ghosts := l.ghosts
	l.ghosts = nil
	l.mu.Unlock()
	for _, g := range ghosts {
		errs = append(errs, g())
	}
	return errs
}

func (l *moody) Append(ctx context.Context, key eventlog.Key, after eventlog.Position, e eventlog.Entry) (eventlog.Position, error) {
	l.mu.Lock()
	l.appends++
	l.mu.Unlock()
	switch l.now() {
	case refuses:
		return 0, fmt.Errorf("the disk is full: %w", eventlog.ErrRefused)
	case keepsUnsaid:
		if _, err := l.Log.Append(ctx, key, after, e); err != nil {
			return 0, err
		}
		return 0, eventlog.ErrUnknown
	case losesUnsaid:
		return 0, eventlog.ErrUnknown
	case keepsLater:
		e.Data = append([]byte(nil), e.Data...)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ghosts = append(l.ghosts, func() error {
			_, err := l.Log.Append(context.Background(), key, after, e)
			return err
		})
		return 0, eventlog.ErrUnknown
	case hangs:
		<-ctx.Done()
		return 0, ctx.Err()
	case breaksDown:
		return 0, fmt.Errorf("the network is down")
	}
	return l.Log.Append(ctx, key, after, e)
}

func (l *moody) Open(ctx context.Context, key eventlog.Key) (eventlog.Head, error) {
	if l.now() == readsNothing {
		return eventlog.Head{}, fmt.Errorf("the network is down")
	}
	return l.Log.Open(ctx, key)
}

func (l *moody) Read(ctx context.Context, key eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error] {
	if l.now() == readsNothing {
		return func(yield func(eventlog.Stored, error) bool) {
			yield(eventlog.Stored{}, fmt.Errorf("the network is down"))
		}
	}
	return l.Log.Read(ctx, key, from)
}

// another opens the room as another node does, behind this one's back.
func (l *moody) another(t testing.TB, key eventlog.Key) {
	t.Helper()
	head, err := l.Log.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := openElsewhere(l.Log, key, head); err != nil {
		t.Fatal(err)
	}
}
