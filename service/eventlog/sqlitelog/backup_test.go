package sqlitelog_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// A copy made while others append is a whole log of one moment, and says what the room had then.
func TestBackupOfALogInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, sqlitelog.Config{Dir: dir})
	kept := &writer{t: t, log: log, key: battle}
	kept.add(30, 100)
	kept.snapshot()
	kept.add(5, 100)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for busy := (&writer{t: t, log: log, key: eventlog.Key{Namespace: "default", Room: "busy"}}); busy.append(t.Context(), 100) == nil; {
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	file, err := log.Backup(t.Context())
	close(stop)
	<-ended
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file)
	if err != nil || int64(len(data)) != file.Bytes {
		t.Fatalf("got %d bytes, %v, want the %d that it says", len(data), err, file.Bytes)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "backup-*")); len(left) != 0 {
		t.Errorf("got %v left in the folder, want nothing", left)
	}
	restored := t.TempDir()
	if err := os.WriteFile(filepath.Join(restored, sqlitelog.FileName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, sqlitelog.Config{Dir: restored})
	head, err := again.Open(t.Context(), battle)
	if err != nil || head.Position != 35 || len(head.Entries) != 5 || head.Snapshot == nil {
		t.Errorf("got %+v, %v, want the snapshot and the five entries after it", head, err)
	}
	if findings, err := again.CheckPages(t.Context()); err != nil || len(findings) != 0 {
		t.Errorf("got %v, %v, want nothing wrong with the copy", findings, err)
	}
	if rooms, err := again.Rooms(t.Context()); err != nil || len(rooms) == 0 || rooms[0] != battle {
		t.Errorf("got %v, %v, want the room", rooms, err)
	}
}

func TestBackupOfAClosedLog(t *testing.T) {
	t.Parallel()
	log := open(t, sqlitelog.Config{})
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if file, err := log.Backup(t.Context()); file != nil || !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("got %v, %v, want ErrClosed", file, err)
	}
}

// What a process that was killed while it copied has left doesn't lie around for ever.
func TestUnfinishedBackupIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, "backup-123.tmp")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, sqlitelog.Config{Dir: dir})
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want it removed", err)
	}
}
