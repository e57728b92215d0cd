// Package watch tells that something changed in a folder or below it, new folders included. It says that, not what: whoever is told lists the
// folder again. Where the system can't watch so many folders, or not of this file system, New says so, and the folder must be listed from
// time to time.
package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// Watcher watches one folder until it is closed.
type Watcher struct {
	events  *fsnotify.Watcher
	changed chan struct{}
	done    chan struct{}
}

// New watches dir and all below it, as far as they can be read. An error means that it isn't watched.
func New(dir string) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("%s: can't be watched: %w", dir, err)
	}
	w := &Watcher{events: events, changed: make(chan struct{}, 1), done: make(chan struct{})}
	if err := w.add(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: can't be watched: %w", dir, err), events.Close())
	}
	go w.eventLoop()
	return w, nil
}

// Changed gives something when there was a change since it was last received from.
func (w *Watcher) Changed() <-chan struct{} { return w.changed }

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
			return nil //nolint:nilerr // passed over
		case !d.IsDir():
			return nil
		case path != dir && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		}
		if err := w.events.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	})
}

// eventLoop turns events into one sign until the watch is closed. An overflow of events is a sign too.
func (w *Watcher) eventLoop() {
	defer close(w.done)
	for {
		select {
		case e, ok := <-w.events.Events:
			if !ok {
				return
			}
			if e.Op == fsnotify.Chmod || strings.HasPrefix(filepath.Base(e.Name), ".") {
				continue
			}
			if e.Has(fsnotify.Create) {
				_ = w.add(e.Name) // usually a file, or gone again; what can't be watched is found by listing from time to time
			}
		case _, ok := <-w.events.Errors:
			if !ok {
				return
			}
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}
