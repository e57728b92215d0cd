package sqlitelog_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// While Scrub is under way its copy lies in the log's folder, whose room was looked at: a machine may have no other folder to write to, or a small one.
func TestScrubTakesRoomInItsFolderAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "it's here")
	log := open(t, sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff})
	w := &writer{t: t, log: log, key: battle}
	w.add(20, 2<<20) // more than SQLite keeps of it in memory
	const tries = 20 // a copy may come and go between two looks
	for range tries {
		done := make(chan error, 1)
		go func() { done <- log.Scrub(t.Context()) }()
		for scrubbing := true; scrubbing; {
			select {
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
				scrubbing = false
			default:
			}
			if at := nameless(t, dir); at != "" {
				if err := <-done; err != nil {
					t.Error(err)
				}
				return
			}
		}
	}
	t.Errorf("got no copy in %s in %d tries", dir, tries)
}

// A server that is to end doesn't wait until its whole log is written anew, and the log is what it was.
func TestCloseEndsScrub(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff}), key: battle}
	w.add(20, 2<<20)
	const tries = 20 // it may end before it is ended
	for range tries {
		done := make(chan error, 1)
		go func() { done <- w.log.Scrub(t.Context()) }()
		for nameless(t, dir) == "" && len(done) == 0 {
			runtime.Gosched()
		}
		if err := w.log.Close(); err != nil {
			t.Fatal(err)
		}
		err := <-done
		w.log = open(t, sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff})
		w.add(1, 10)
		if findings, err := w.log.CheckPages(t.Context()); err != nil || len(findings) != 0 {
			t.Fatalf("got %v, %v, want a sound file", findings, err)
		}
		if errors.Is(err, eventlog.ErrClosed) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("got Scrub through to its end in each of %d tries", tries)
}

// nameless is a file of the folder that this process has open and whose name was removed; empty: there is none.
func nameless(t *testing.T, dir string) string {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		at, _ := os.Readlink("/proc/self/fd/" + fd.Name()) // it may be closed by now
		if strings.HasPrefix(at, dir) && strings.HasSuffix(at, " (deleted)") {
			return at
		}
	}
	return ""
}
