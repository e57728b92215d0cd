// Package reload keeps what was made of a few small files, and makes it anew when they change, without a restart or a signal.
// Whoever uses it looks at the files, at most once a second; nobody waits for the one who looks. What can't be read or makes no sense,
// half written for instance, leaves the old in use.
package reload

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Interval is how old the last look may be.
const Interval = time.Second

// Config of Files.
type Config[T any] struct {
	// Paths of the files, at least one.
	Paths []string
	// MaxBytes of each; a larger one can't be read. At least 1.
	MaxBytes int64
	// Make makes what is used of the files' contents, in the order of Paths. It doesn't keep or change them. Required.
	Make func(contents [][]byte) (T, error)
	// Changed is told once of each change after Open: what is in use from now on, or why the old stays. Required.
	Changed func(now T, err error)
}

// Files are files and what was made of them. Its methods may be called concurrently.
type Files[T any] struct {
	cfg     Config[T]
	current atomic.Pointer[T]

	looking sync.Mutex // held by the one who looks; protects what follows
	looked  time.Time
	seen    [][]byte // the contents as they last were, good or not; nil for one that couldn't be read
}

// Open reads the files. Errors are those of reading, which name the file, and of Make.
func Open[T any](cfg Config[T]) (*Files[T], error) {
	f := &Files[T]{cfg: cfg, looked: time.Now()}
	contents, err := f.read()
	if err != nil {
		return nil, err
	}
	made, err := cfg.Make(contents)
	if err != nil {
		return nil, err
	}
	f.current.Store(&made)
	f.seen = contents
	return f, nil
}

// Current is what is in use now.
func (f *Files[T]) Current() T {
	if f.looking.TryLock() {
		f.lookLocked()
		f.looking.Unlock()
	}
	return *f.current.Load()
}

func (f *Files[T]) lookLocked() {
	now := time.Now()
	if now.Sub(f.looked) < Interval {
		return
	}
	f.looked = now
	contents, err := f.read()
	if slices.EqualFunc(contents, f.seen, same) {
		return
	}
	f.seen = contents
	var made T
	if err == nil {
		made, err = f.cfg.Make(contents)
	}
	if err == nil {
		f.current.Store(&made)
	}
	f.cfg.Changed(*f.current.Load(), err)
}

// same tells whether a file is what it was; one that can't be read isn't an empty one.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && string(a) == string(b) }

func (f *Files[T]) read() ([][]byte, error) {
	contents := make([][]byte, len(f.cfg.Paths))
	var errs []error
	for i, path := range f.cfg.Paths {
		content, err := readFile(path, f.cfg.MaxBytes)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		contents[i] = content
	}
	return contents, errors.Join(errs...)
}

// readFile never gives nil without an error.
func readFile(path string, limit int64) (content []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	content, err = io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, fmt.Errorf("%s: is larger than %d bytes", path, limit)
	}
	return content, err
}
