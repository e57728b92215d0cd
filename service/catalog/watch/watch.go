// Package watch tells what changed in a folder or below it, new folders included. It names the paths at which something happened, not what:
// whoever is told looks there. Where the system can't watch so many folders, or not of this file system, New says so, and the folder must be
// listed from time to time.
package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// MaxPaths is how many paths are told of at a time; after more changes than that anything may have changed.
const MaxPaths = 1000

// Watcher watches one folder until it is closed.
type Watcher struct {
	dir     string
	events  *fsnotify.Watcher
	changed chan struct{}
	done    chan struct{}

	mu    sync.Mutex // protects all below
	paths map[string]bool
	all   bool
	dirs  map[string]bool // that are watched
}

// New watches dir and all below it, as far as they can be read. An error means that it isn't watched.
func New(dir string) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("%s: can't be watched: %w", dir, err)
	}
	w := &Watcher{dir: dir, events: events, changed: make(chan struct{}, 1), done: make(chan struct{}), paths: map[string]bool{}, dirs: map[string]bool{}}
	if err := w.add(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: can't be watched: %w", dir, err), events.Close())
	}
	go w.eventLoop()
	return w, nil
}

// Changed gives something when there was a change since Take was last called.
func (w *Watcher) Changed() <-chan struct{} { return w.changed }

// Take gives the paths below the folder at which something changed since it was last called, slash-separated: files, and folders that are new,
// or gone, with all that is in them. all: anything may have changed. What is there now is watched when it returns, so that nothing is missed by
// whoever looks then.
func (w *Watcher) Take() (paths []string, all bool) {
	w.mu.Lock()
	taken, all := w.paths, w.all
	w.paths, w.all = map[string]bool{}, false
	w.mu.Unlock()
	if all {
		_ = w.add(w.dir) // what can't be watched is found by listing from time to time
		return nil, true
	}
	for path := range taken {
		_ = w.add(path) // usually a file, or gone
		key, err := filepath.Rel(w.dir, path)
		if err != nil {
			return nil, true
		}
		paths = append(paths, filepath.ToSlash(key))
	}
	return paths, false
}

// Renew watches what is there now, for whoever lists everything then: the system ends the watch of a folder that is moved away, and of one whose
// file system is unmounted without telling, and knows nothing of what is mounted on it.
func (w *Watcher) Renew() {
	w.note(w.dir)
	_, _ = w.Take()
}

// Close ends the watch.
func (w *Watcher) Close() error {
	err := w.events.Close()
	<-w.done
	return err
}

// add watches a folder and those below it. One that can't be read is passed over: whoever lists says so.
func (w *Watcher) add(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir && d == nil:
			return err
		case err != nil:
			return nil
		case !d.IsDir():
			return nil
		case path != w.dir && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		}
		if err := w.events.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.dirs[path] = true
		return nil
	})
}

// forget ends the watch of a folder that isn't there any more, and of those below it: under another name they go on being watched by this one.
func (w *Watcher) forget(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.dirs[dir] {
		return
	}
	for path := range w.dirs {
		if path == dir || strings.HasPrefix(path, dir+string(filepath.Separator)) {
			_ = w.events.Remove(path) // often the system has ended it
			delete(w.dirs, path)
		}
	}
}

// eventLoop notes events until the watch is closed. After an overflow of events anything may have changed.
func (w *Watcher) eventLoop() {
	defer close(w.done)
	for {
		select {
		case e, ok := <-w.events.Events:
			if !ok {
				return
			}
			if e.Op == fsnotify.Chmod || e.Name != w.dir && strings.HasPrefix(filepath.Base(e.Name), ".") {
				continue
			}
			if e.Has(fsnotify.Rename) || e.Has(fsnotify.Remove) {
				w.forget(e.Name)
			}
			if e.Has(fsnotify.Create) {
				_ = w.add(e.Name) // usually a file, or gone again
			}
			w.note(e.Name)
		case _, ok := <-w.events.Errors:
			if !ok {
				return
			}
			w.note(w.dir)
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

func (w *Watcher) note(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all = w.all || path == w.dir || len(w.paths) >= MaxPaths; w.all {
		clear(w.paths)
		return
	}
	w.paths[path] = true
}
