// Package memlog is an eventlog.Log in memory: for tests, and for a server that may forget everything when it ends.
// Each room has its own lock and a slice of entries; an append copies its data once and does nothing that grows with the log.
// Memory is bounded by Config: per room by what stays readable below a snapshot, in all by refusing.
package memlog

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/singoff/singoff/service/eventlog"
)

// Log keeps entries until the process ends. Its zero value is not usable; New makes one.
type Log struct {
	config Config
	closed atomic.Bool
	used   atomic.Int64 // bytes of all rooms, with what they are kept in
	turn   atomic.Int64 // rises with each append, to know which rooms were silent longest

	relieving sync.Mutex // held by the one that frees memory

	mu    sync.RWMutex // protects rooms; never held together with a room's lock
	rooms map[eventlog.Key]*room
}

var _ eventlog.Log = (*Log)(nil)

// New makes an empty log. The error names the fields of the config that are out of bounds.
func New(config Config) (*Log, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	return &Log{config: config, rooms: make(map[eventlog.Key]*room)}, nil
}

// Open gives the newest snapshot and copies of the entries after it.
func (l *Log) Open(ctx context.Context, key eventlog.Key) (eventlog.Head, error) {
	if err := l.ready(ctx); err != nil {
		return eventlog.Head{}, fmt.Errorf("open %v: %w", key, err)
	}
	r := l.find(key)
	if r == nil {
		return eventlog.Head{}, nil
	}
	return r.head(), nil
}

// Append keeps a copy of the entry. Beside what eventlog.Log says, it is refused when its FirstSeq isn't the next free seq, when
// its data is larger than EntryBytes, and when TotalBytes are taken. A cancelled context refuses too, for nothing happens after it.
func (l *Log) Append(ctx context.Context, key eventlog.Key, after eventlog.Position, entry eventlog.Entry) (eventlog.Position, error) {
	if l.closed.Load() {
		return 0, fmt.Errorf("append to %v: %w", key, eventlog.ErrClosed)
	}
	r, err := l.findOrAdd(key)
	if err != nil {
		return 0, fmt.Errorf("append to %v: %w", key, err)
	}
	position, err := r.append(ctx, after, entry)
	if err != nil {
		return 0, fmt.Errorf("append to %v after position %d: %w", key, after, err)
	}
	return position, nil
}

// Read gives copies, a few entries at a time, and holds no lock while the caller looks at them. It ends at the entry that was the
// newest when the iteration began. A context that ends and entries that are trimmed meanwhile are yielded as errors, and end it.
func (l *Log) Read(ctx context.Context, key eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error] {
	return func(yield func(eventlog.Stored, error) bool) {
		fail := func(err error) { yield(eventlog.Stored{}, fmt.Errorf("read %v from seq %d: %w", key, from, err)) }
		if err := l.ready(ctx); err != nil {
			fail(err)
			return
		}
		r := l.find(key)
		if r == nil {
			return
		}
		next, last, err := r.span(from)
		for err == nil && next <= last {
			var chunk []eventlog.Stored
			chunk, err = r.chunk(next, last)
			for _, stored := range chunk {
				if err = l.ready(ctx); err != nil {
					break
				}
				stored.Data = bytes.Clone(stored.Data)
				if !yield(stored, nil) {
					return
				}
				next = stored.Position + 1
			}
		}
		if err != nil {
			fail(err)
		}
	}
}

// StoreSnapshot keeps a copy of the snapshot, and forgets the entries below it that are beyond KeepEntries and KeepBytes. It is
// refused when it isn't the state after an entry that is kept, when it is larger than SnapshotBytes, and when TotalBytes are taken.
func (l *Log) StoreSnapshot(ctx context.Context, key eventlog.Key, snapshot eventlog.Snapshot) error {
	if err := l.ready(ctx); err != nil {
		return fmt.Errorf("store a snapshot of %v: %w", key, err)
	}
	r := l.find(key)
	if r == nil {
		return fmt.Errorf("store a snapshot of %v: %w: the room has no entry", key, eventlog.ErrRefused)
	}
	if err := r.storeSnapshot(snapshot); err != nil {
		return fmt.Errorf("store a snapshot of %v at position %d: %w", key, snapshot.Position, err)
	}
	if l.used.Load() > l.config.TotalBytes/4*3 {
		l.relieve()
	}
	return nil
}

// Trim forgets entries at once.
func (l *Log) Trim(ctx context.Context, key eventlog.Key, seq uint64) error {
	if err := l.ready(ctx); err != nil {
		return fmt.Errorf("trim %v: %w", key, err)
	}
	if r := l.find(key); r != nil {
		r.trim(seq)
	}
	return nil
}

// Rewrite replaces data, and appends. Beside what eventlog.Log says, it is refused when anything of it is larger than the config allows, and when
// TotalBytes are taken.
func (l *Log) Rewrite(ctx context.Context, key eventlog.Key, change eventlog.Rewriting) (eventlog.Position, error) {
	if l.closed.Load() {
		return 0, fmt.Errorf("rewrite %v: %w", key, eventlog.ErrClosed)
	}
	r, err := l.findOrAdd(key)
	if err != nil {
		return 0, fmt.Errorf("rewrite %v: %w", key, err)
	}
	position, err := r.rewrite(ctx, change)
	if err != nil {
		return 0, fmt.Errorf("rewrite %v: %w", key, err)
	}
	return position, nil
}

// Scrub has nothing to do: there are no files.
func (l *Log) Scrub(ctx context.Context) error {
	if err := l.ready(ctx); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	return nil
}

// Rooms gives the names of all rooms.
func (l *Log) Rooms(ctx context.Context) ([]eventlog.Key, error) {
	if err := l.ready(ctx); err != nil {
		return nil, fmt.Errorf("rooms: %w", err)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Collect(maps.Keys(l.rooms)), nil
}

// Ends looks at both ends of a room.
func (l *Log) Ends(ctx context.Context, key eventlog.Key) (oldest, next uint64, err error) {
	if err := l.ready(ctx); err != nil {
		return 0, 0, fmt.Errorf("ends of %v: %w", key, err)
	}
	r := l.find(key)
	if r == nil {
		return 1, 1, nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.trimmed + 1, r.lastSeq + 1, nil
}

// Limits tells the bounds of the config and what is left of TotalBytes.
func (l *Log) Limits() eventlog.Limits {
	return eventlog.Limits{
		EntryBytes:    l.config.EntryBytes,
		SnapshotBytes: l.config.SnapshotBytes,
		FreeBytes:     max(0, l.config.TotalBytes-l.used.Load()),
		Survives:      eventlog.SurvivesNothing,
	}
}

// Close forgets everything. It doesn't wait for calls that are under way, and may be called again.
func (l *Log) Close() error {
	l.closed.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.rooms)
	return nil
}

func (l *Log) ready(ctx context.Context) error {
	if l.closed.Load() {
		return eventlog.ErrClosed
	}
	return ctx.Err()
}

func (l *Log) find(key eventlog.Key) *room {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.rooms[key]
}

func (l *Log) findOrAdd(key eventlog.Key) (*room, error) {
	if r := l.find(key); r != nil {
		return r, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed.Load() { // since it was looked for: a new room would take the place of the one that Close forgot
		return nil, eventlog.ErrClosed
	}
	r := l.rooms[key]
	if r == nil {
		if err := l.take(roomOverhead); err != nil {
			return nil, fmt.Errorf("%w: %w", eventlog.ErrRefused, err)
		}
		r = &room{log: l}
		l.rooms[key] = r
	}
	return r, nil
}
