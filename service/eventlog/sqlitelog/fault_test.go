package sqlitelog_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

const patience = 30 * time.Second

// until tries again until an append is kept, as a room does.
func (w *writer) until(healed string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for {
		err := w.append(ctx, 10)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			w.t.Fatalf("got %v %v after %s, want the append kept", err, patience, healed)
		}
	}
}

// spoil fills the page that holds a text with what isn't a page.
func spoil(t *testing.T, path, text string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte(text))
	if at < 0 {
		t.Fatalf("%q isn't in the file", text)
	}
	page := data[at/4096*4096:][:4096]
	for i := range page {
		page[i] = 0xa5
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeRooms fills two rooms, each with pages of its own, and closes the log.
func writeRooms(t *testing.T, dir string) map[string]*writer {
	t.Helper()
	log := open(t, sqlitelog.Config{Dir: dir})
	rooms := map[string]*writer{}
	for _, name := range []string{"sound", "spoilt"} {
		w := &writer{t: t, log: log, key: eventlog.Key{Namespace: "default", Room: name}}
		for i := range 40 {
			entry := w.entry(0)
			entry.Data = bytes.Repeat(fmt.Appendf(nil, "%s %d ", name, i), 50)
			at, err := log.Append(t.Context(), w.key, w.last, entry)
			if err != nil {
				t.Fatal(err)
			}
			w.last = at
		}
		rooms[name] = w
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return rooms
}

// One room's bytes are changed by the disk: that room is refused and named, the others go on, and it is taken back once the bytes are right again.
func TestCorruptRoomIsSetAside(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, path string){
		"a page": func(t *testing.T, path string) { spoil(t, path, "spoilt 20 ") },
		"a byte": func(t *testing.T, path string) {
			change(t, path, "UPDATE entries SET data = CAST(replace(CAST(data AS TEXT), 'spoilt 20 ', 'spoilt 21 ') AS BLOB)")
		},
		"an entry is missing": func(t *testing.T, path string) {
			change(t, path, "DELETE FROM entries WHERE CAST(data AS TEXT) LIKE 'spoilt 20 %'")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			rooms := writeRooms(t, dir)
			harm(t, filepath.Join(dir, sqlitelog.FileName))
			log := open(t, sqlitelog.Config{Dir: dir})
			sound, spoilt := rooms["sound"], rooms["spoilt"]
			sound.log, spoilt.log = log, log
			if _, err := log.Open(t.Context(), spoilt.key); err == nil {
				t.Error("got the spoilt room opened, want an error")
			}
			aside := log.SetAside()
			if len(aside) != 1 || aside[spoilt.key] == nil {
				t.Errorf("got %v set aside, want %v alone", aside, spoilt.key)
			}
			if head, err := log.Open(t.Context(), sound.key); err != nil || len(head.Entries) != 40 {
				t.Errorf("got %d entries, %v of the sound room, want 40", len(head.Entries), err)
			}
			sound.add(3, 10)
			if err := log.Trouble(); err != nil {
				t.Errorf("got trouble %v, want none: the others go on", err)
			}
		})
	}
}

// The write-ahead log is removed under a server that runs: what was answered is brought into the database, and it goes on.
func TestRemovedWriteAheadLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: battle}
	w.add(20, 10)
	if err := os.Remove(filepath.Join(dir, sqlitelog.FileName+"-wal")); err != nil {
		t.Fatal(err)
	}
	w.until("the write-ahead log was removed")
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, sqlitelog.Config{Dir: dir})
	if head, err := again.Open(t.Context(), battle); err != nil || len(head.Entries) != 21 {
		t.Errorf("got %d entries, %v, want the 21 that were answered", len(head.Entries), err)
	}
}

// The file is moved away under a server that runs: appends are refused and say so, readers go on, and it heals when the file is back.
func TestRemovedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, sqlitelog.FileName)
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: battle}
	w.add(20, 10)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := w.append(t.Context(), 10); !errors.Is(err, eventlog.ErrRefused) || !strings.Contains(err.Error(), "singoff.db was removed") {
		t.Errorf("got %v, want it refused, and why", err)
	}
	if err := w.log.Trouble(); err == nil {
		t.Error("got no trouble")
	}
	if head, err := w.log.Open(t.Context(), battle); err != nil || len(head.Entries) != 20 {
		t.Errorf("got %d entries, %v, want readers to go on", len(head.Entries), err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	w.until("the file was put back")
	if err := w.log.Trouble(); err != nil {
		t.Errorf("got trouble %v, want it healed", err)
	}
}

// An older copy is put in place of the file: rooms that had gone on find out by a conflict, and are opened from what is there.
func TestReplacedFile(t *testing.T) {
	t.Parallel()
	older := t.TempDir()
	writeRooms(t, older)
	dir := t.TempDir()
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: eventlog.Key{Namespace: "default", Room: "sound"}}
	w.add(60, 10)
	if err := os.Rename(filepath.Join(older, sqlitelog.FileName), filepath.Join(dir, sqlitelog.FileName)); err != nil {
		t.Fatal(err)
	}
	if err := w.append(t.Context(), 10); !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	if head, err := w.log.Open(t.Context(), w.key); err != nil || head.Position != 40 {
		t.Errorf("got position %d, %v, want the 40 of the copy", head.Position, err)
	}
	w.last = 40
	w.add(1, 10)
}

// A database of another program takes the place of the log: it isn't touched, copied or written to, and the log can be closed all the same.
func TestFileReplacedByAnotherPrograms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: battle}
	w.add(20, 10)
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	db, err := sql.Open("sqlite", "file:"+foreign)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "CREATE TABLE theirs (n INTEGER); PRAGMA application_id = 7")
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	was, err := os.ReadFile(foreign)
	if err == nil {
		err = os.Rename(foreign, filepath.Join(dir, sqlitelog.FileName))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.append(t.Context(), 10); !errors.Is(err, eventlog.ErrRefused) {
		t.Errorf("got %v, want it refused", err)
	}
	if err := w.log.Trouble(); !errors.Is(err, sqlitelog.ErrForeign) {
		t.Errorf("got the trouble %v, want ErrForeign", err)
	}
	if file, err := w.log.Backup(t.Context()); err == nil {
		t.Errorf("got a backup of %d bytes of another program's file", file.Bytes)
		_ = file.Close()
	}
	if err := w.log.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if is, err := os.ReadFile(filepath.Join(dir, sqlitelog.FileName)); err != nil || !bytes.Equal(is, was) {
		t.Errorf("got %d bytes, %v, want the %d that were there", len(is), err, len(was))
	}
}

// A file that isn't a log takes the place of the one that was: no room may look as if it never was, and all heals with the right file.
func TestFileReplacedByRubbish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, sqlitelog.FileName)
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: battle}
	w.add(20, 10)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("rubbish "), 1024), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.append(t.Context(), 10); !errors.Is(err, eventlog.ErrRefused) {
		t.Errorf("got %v, want it refused", err)
	}
	if head, err := w.log.Open(t.Context(), battle); err == nil {
		t.Errorf("got %+v, want an error while the log can't be opened", head)
	}
	if rooms, err := w.log.Rooms(t.Context()); err == nil {
		t.Errorf("got rooms %v, want an error", rooms)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	w.until("the right file was put back")
	if head, err := w.log.Open(t.Context(), battle); err != nil || len(head.Entries) != 21 {
		t.Errorf("got %d entries, %v, want 21", len(head.Entries), err)
	}
}
