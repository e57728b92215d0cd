package sqlitelog_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// found counts how often a text is in the files of a folder.
func found(t *testing.T, dir, text string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("got the files %v, %v, want the log and what belongs to it", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(data, []byte(text))
	}
	return n
}

// What was rewritten, trimmed, or replaced by a newer snapshot is nowhere in the folder after Scrub: not in free pages, not between the rows of pages that were
// split, not in the write-ahead log. What the other rows say is there.
func TestScrubLeavesNothing(t *testing.T) {
	t.Parallel()
	const rooms, rounds, secret = 12, 60, "비밀: the secret"
	dir := t.TempDir()
	log := open(t, sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff})
	writers := make([]*writer, rooms)
	changed := make([][]eventlog.Stored, rooms)
	for i := range writers {
		writers[i] = &writer{t: t, log: log, key: eventlog.Key{Namespace: "default", Room: fmt.Sprint("r", i)}}
	}
	say := func(w *writer, text string) eventlog.Stored {
		entry := w.entry(0)
		entry.Data = []byte(strings.Repeat(text+" ", 1+int(w.last)*7%40)) // some are longer than a page
		at, err := log.Append(t.Context(), w.key, w.last, entry)
		if err != nil {
			t.Fatal(err)
		}
		w.last = at
		return eventlog.Stored{Entry: entry, Position: at}
	}
	for round := range rounds {
		for i, w := range writers {
			if round%3 == i%3 {
				stored := say(w, secret)
				stored.Data = []byte("blank")
				changed[i] = append(changed[i], stored)
			} else {
				say(w, "not secret")
			}
			if round%20 == 19 {
				snapshot := eventlog.Snapshot{Position: w.last, Seq: uint64(w.last), Data: []byte(strings.Repeat(secret, 2000))}
				err := log.StoreSnapshot(t.Context(), w.key, snapshot)
				if err = errors.Join(err, log.Trim(t.Context(), w.key, uint64(w.last)-25)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	others := 0
	for i, w := range writers {
		change := eventlog.Rewriting{After: w.last, Entries: changed[i], Entry: w.entry(3), Snapshot: []byte("state")}
		if _, err := log.Rewrite(t.Context(), w.key, change); err != nil {
			t.Fatal(err)
		}
		for stored, err := range log.Read(t.Context(), w.key, uint64(w.last)-25) {
			if err != nil {
				t.Fatal(err)
			}
			others += bytes.Count(stored.Data, []byte("not secret"))
		}
	}
	if n := found(t, dir, secret); n == 0 {
		t.Error("got no trace of the secret before Scrub, want some, or this proves nothing")
	}
	if err := log.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := found(t, dir, secret); n != 0 {
		t.Errorf("got the secret %d times in the folder, want it nowhere", n)
	}
	if n := found(t, dir, "not secret"); n < others || others == 0 {
		t.Errorf("got what isn't secret %d times, want it %d times at least", n, others)
	}
	if findings, err := log.CheckPages(t.Context()); err != nil || len(findings) != 0 {
		t.Errorf("got %v, %v, want a sound file", findings, err)
	}
	for _, w := range writers {
		head, err := log.Open(t.Context(), w.key)
		if err != nil || head.Snapshot == nil || string(head.Snapshot.Data) != "state" || head.Position != w.last+1 {
			t.Errorf("%v: got %+v, %v, want the new snapshot at the end", w.key, head, err)
		}
	}
}

// A file that is read at length doesn't keep Scrub from answering, and one that wasn't emptied is told.
func TestScrubWhileABackupIsMade(t *testing.T) {
	t.Parallel()
	log := open(t, sqlitelog.Config{})
	w := &writer{t: t, log: log, key: battle}
	w.add(50, 1000)
	copied := make(chan error, 1)
	go func() {
		file, err := log.Backup(t.Context())
		if err == nil {
			err = file.Close()
		}
		copied <- err
	}()
	scrubbed := log.Scrub(t.Context())
	if err := <-copied; err != nil {
		t.Errorf("Backup: %v", err)
	}
	if scrubbed != nil {
		t.Errorf("Scrub beside a backup of 50 entries: %v", scrubbed)
	}
	w.add(1, 10)
}
