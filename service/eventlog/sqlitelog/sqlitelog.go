// Package sqlitelog is an eventlog.Log in one SQLite file, which survives killed processes and machines that lose power.
// One goroutine writes: it keeps the appends of all rooms that wait in one transaction, so that many rooms share one wait for the disk.
// Readers have connections of their own and are never waited for.
package sqlitelog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/gofrs/flock"

	"github.com/singoff/singoff/service/eventlog"
)

// ErrInUse says that another process has the folder.
var ErrInUse = errors.New("sqlitelog: the folder is in use by another process")

var errNotOpen = errors.New("sqlitelog: the file can't be opened at the moment")

// lockName is the file that says whose the folder is.
const lockName = "singoff.lock"

// Log keeps entries in a file. Its zero value is not usable; New opens one.
type Log struct {
	cfg     Config
	metrics *metrics
	lock    *flock.Flock
	queue   chan *request    // unbuffered: what is handed on is written in that order
	scrubs  chan func(error) // unbuffered, too: who waits for a scrub
	whole   chan struct{}    // held by whoever goes over the whole file, to copy it or to write it anew
	closing chan struct{}
	close   func() error // once
	loops   sync.WaitGroup
	trouble atomic.Pointer[error] // why nothing is kept; nil: all is well
	doubt   doubt
	aside   aside

	use     sync.RWMutex // held for reading while the handles are used, for writing while they are replaced
	handles *handles     // protected by use; replaced by the writer alone

	// The writer's own.

	tails    map[eventlog.Key]*tail
	unfenced bool // a commit failed, and what it left isn't void yet
}

var _ eventlog.Log = (*Log)(nil)

// New opens the log in Config.Dir, or makes it. The error names the fields that are out of bounds, or wraps ErrInUse, ErrNewer or ErrForeign.
func New(ctx context.Context, cfg Config) (*Log, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	var err error
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, err
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	l := &Log{
		cfg: cfg, lock: lock, queue: make(chan *request), scrubs: make(chan func(error)), whole: make(chan struct{}, 1), closing: make(chan struct{}),
		tails: map[eventlog.Key]*tail{},
	}
	l.close = sync.OnceValue(l.shut)
	if l.handles, err = openHandles(ctx, cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlitelog: %s: %w", filepath.Join(cfg.Dir, FileName), err), lock.Unlock())
	}
	if err := removeCopies(cfg.Dir); err != nil {
		cfg.Logger.Warn().Err(err).Msg("an unfinished backup couldn't be removed")
	}
	l.metrics = newMetrics(cfg.Registerer, l)
	l.loops.Go(l.writeLoop)
	l.loops.Go(l.sweepLoop)
	return l, nil
}

// lockDir makes the folder if need be and takes it, or says who has it.
func lockDir(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("sqlitelog: %w", err)
	case !locked:
		return nil, fmt.Errorf("%w: %s; stop that one, or choose another folder", ErrInUse, dir)
	}
	return lock, nil
}

// Trouble says why nothing is kept at the moment; nil: all is well, as far as is known. It heals by itself when the cause is gone.
func (l *Log) Trouble() error {
	if err := l.trouble.Load(); err != nil {
		return *err
	}
	if free, err := freeBytes(l.cfg.Dir); err == nil && free <= l.cfg.ReserveBytes {
		return fmt.Errorf("%w: %d bytes are left, %d are to stay free", ErrFull, free, l.cfg.ReserveBytes)
	}
	return nil
}

// Limits tells the bounds of the config, and what the file system has left beyond ReserveBytes.
func (l *Log) Limits() eventlog.Limits {
	limits := eventlog.Limits{EntryBytes: l.cfg.EntryBytes, SnapshotBytes: l.cfg.SnapshotBytes, Survives: eventlog.SurvivesPower}
	if l.cfg.Sync == SyncOff {
		limits.Survives = eventlog.SurvivesProcess
	}
	if free, err := freeBytes(l.cfg.Dir); err == nil {
		limits.FreeBytes = max(0, free-l.cfg.ReserveBytes)
	}
	return limits
}

// Close ends the log when what is under way has ended, but for a Scrub, which it ends: appends that wait are answered ErrClosed. It may be called again.
func (l *Log) Close() error { return l.close() }

func (l *Log) shut() error {
	close(l.closing)
	l.loops.Wait()
	l.use.Lock()
	defer l.use.Unlock()
	var err error
	if l.handles != nil { // the file may be one that can't be opened
		err = l.handles.close()
	}
	l.handles = nil
	return errors.Join(err, l.lock.Unlock())
}

// closed says whether Close was called.
func (l *Log) closed() bool {
	select {
	case <-l.closing:
		return true
	default:
		return false
	}
}

// notOpen says why there are no handles. It is never nil: a room mustn't look as if it never was.
func (l *Log) notOpen() error {
	if l.closed() {
		return eventlog.ErrClosed
	}
	return errors.Join(errNotOpen, l.Trouble())
}

// takeWhole waits until nobody else goes over the whole file: a copy under way would keep Scrub from emptying the write-ahead log, and two copies would each
// take the room that there is for one. release lets the next one.
func (l *Log) takeWhole(ctx context.Context) (release func(), err error) {
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	select {
	case l.whole <- struct{}{}:
		return func() { <-l.whole }, nil
	case <-l.closing:
		return nil, eventlog.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *Log) ready(ctx context.Context) error {
	if l.closed() {
		return eventlog.ErrClosed
	}
	return ctx.Err()
}
