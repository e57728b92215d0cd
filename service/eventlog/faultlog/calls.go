package faultlog

import (
	"context"
	"iter"

	"github.com/singoff/singoff/service/eventlog"
)

// Call is a call other than Append.
type Call int

// The calls that Fail can make fail.
const (
	Open Call = iota
	Read
	StoreSnapshot
	Trim
	Rewrite
	Scrub
	Rooms
	Ends
)

// Fail makes a call fail with an error from now on; nil makes it work again. A reading under way isn't touched.
func (l *Log) Fail(call Call, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing[call] = err
}

// Open is that of the log below, unless it fails.
func (l *Log) Open(ctx context.Context, room eventlog.Key) (eventlog.Head, error) {
	if err := l.failure(Open); err != nil {
		return eventlog.Head{}, err
	}
	return l.below.Open(ctx, room)
}

// Read is that of the log below, unless it fails.
func (l *Log) Read(ctx context.Context, room eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error] {
	return func(yield func(eventlog.Stored, error) bool) {
		if err := l.failure(Read); err != nil {
			yield(eventlog.Stored{}, err)
			return
		}
		l.below.Read(ctx, room, from)(yield)
	}
}

// StoreSnapshot is that of the log below, unless it fails.
func (l *Log) StoreSnapshot(ctx context.Context, room eventlog.Key, snapshot eventlog.Snapshot) error {
	if err := l.failure(StoreSnapshot); err != nil {
		return err
	}
	return l.below.StoreSnapshot(ctx, room, snapshot)
}

// Trim is that of the log below, unless it fails.
func (l *Log) Trim(ctx context.Context, room eventlog.Key, seq uint64) error {
	if err := l.failure(Trim); err != nil {
		return err
	}
	return l.below.Trim(ctx, room, seq)
}

// Rewrite is that of the log below, unless it fails.
func (l *Log) Rewrite(ctx context.Context, room eventlog.Key, change eventlog.Rewriting) (eventlog.Position, error) {
	if err := l.failure(Rewrite); err != nil {
		return 0, err
	}
	return l.below.Rewrite(ctx, room, change)
}

// Scrub is that of the log below, unless it fails.
func (l *Log) Scrub(ctx context.Context) error {
	if err := l.failure(Scrub); err != nil {
		return err
	}
	return l.below.Scrub(ctx)
}

// Rooms is that of the log below, unless it fails.
func (l *Log) Rooms(ctx context.Context) ([]eventlog.Key, error) {
	if err := l.failure(Rooms); err != nil {
		return nil, err
	}
	return l.below.Rooms(ctx)
}

// Ends is that of the log below, unless it fails.
func (l *Log) Ends(ctx context.Context, room eventlog.Key) (oldest, next uint64, err error) {
	if err := l.failure(Ends); err != nil {
		return 0, 0, err
	}
	return l.below.Ends(ctx, room)
}

func (l *Log) failure(call Call) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing[call]
}

// Limits are those of the log below.
func (l *Log) Limits() eventlog.Limits { return l.below.Limits() }

// Close closes the log below. Appends that are held up answer ErrClosed, late ones are lost.
func (l *Log) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return l.below.Close()
}
