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

// Copies are made one after the other: each takes the room that it has seen to be there.
func TestBackupsAtTheSameTime(t *testing.T) {
	t.Parallel()
	const backups = 4
	dir := t.TempDir()
	log := open(t, sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff})
	w := &writer{t: t, log: log, key: battle}
	w.add(20, 1<<20)
	made := make(chan error, backups)
	for range backups {
		go func() {
			file, err := log.Backup(t.Context())
			if err == nil {
				err = file.Close()
			}
			made <- err
		}()
	}
	most := 0
	for left := backups; left > 0; {
		select {
		case err := <-made:
			if left--; err != nil {
				t.Error(err)
			}
		default:
			copies, _ := filepath.Glob(filepath.Join(dir, "backup-*.tmp"))
			most = max(most, len(copies))
		}
	}
	if most != 1 {
		t.Errorf("got up to %d copies at the same time, want one", most)
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
	for _, name := range []string{"backup-123.tmp", "backup-123.tmp-journal"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, sqlitelog.Config{Dir: dir})
	if left, err := filepath.Glob(filepath.Join(dir, "backup-*")); err != nil || len(left) != 0 {
		t.Errorf("got %v left, %v, want nothing", left, err)
	}
}
