package sqlitelog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

// FuzzFile opens whatever the disk may hold: it is refused, or what it gives of a room fits together.
func FuzzFile(f *testing.F) {
	whole, err := os.ReadFile(golden(sqlitelog.SchemaVersion))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:8192])
	f.Add([]byte("SQLite format 3\x00"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, sqlitelog.FileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff})
		if err != nil {
			return
		}
		defer log.Close()
		head, err := log.Open(t.Context(), battle)
		if err != nil {
			return
		}
		for i, stored := range head.Entries {
			if want := head.Position - eventlog.Position(len(head.Entries)-1-i); stored.Position != want {
				t.Errorf("got entry %d at position %d, want %d", i, stored.Position, want)
			}
		}
	})
}
