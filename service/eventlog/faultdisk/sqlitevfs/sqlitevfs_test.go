package sqlitevfs_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/singoff/singoff/service/eventlog/faultdisk"
	"github.com/singoff/singoff/service/eventlog/faultdisk/sqlitevfs"
)

func open(t *testing.T, dir, pragmas string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "test.db")+"?"+pragmas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some are on a disk that is off
	db.SetMaxOpenConns(1)
	return db
}

// cut counts to many and cuts the power, and says how far the database has come afterwards; 0: it isn't there.
func cut(t *testing.T, seed uint64, pragmas string) (answered, kept int) {
	t.Helper()
	dir, disk := t.TempDir(), faultdisk.New(seed)
	unmount, err := sqlitevfs.Mount(dir, disk)
	if err != nil {
		t.Fatal(err)
	}
	defer unmount()
	disk.CutAfter(40 + int(seed))
	db := open(t, dir, pragmas)
	_, err = db.ExecContext(t.Context(), "CREATE TABLE t (n INTEGER)")
	for n := 1; err == nil && n < 1000; n++ {
		answered = n - 1
		_, err = db.ExecContext(t.Context(), "INSERT INTO t VALUES (?)", n)
	}
	if err == nil {
		t.Fatal("the power was never cut")
	}
	after := filepath.Join(t.TempDir(), "after")
	if err := disk.Restore(after); err != nil {
		t.Fatal(err)
	}
	_ = open(t, after, "").QueryRowContext(t.Context(), "SELECT count(*) FROM t").Scan(&kept) // without a sync, there may be no table at all
	return answered, kept
}

// SQLite keeps its promise on such a disk, with either journal, and doesn't keep what it doesn't promise.
func TestWhatSQLiteSurvives(t *testing.T) {
	t.Parallel()
	for pragmas, survives := range map[string]bool{
		"_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)":     true,
		"_pragma=journal_mode(DELETE)&_pragma=synchronous(EXTRA)": true,
		"_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)":      false,
		"_pragma=journal_mode(DELETE)&_pragma=synchronous(OFF)":   false,
	} {
		t.Run(pragmas, func(t *testing.T) {
			t.Parallel()
			lost := 0
			for seed := range uint64(15) {
				answered, kept := cut(t, seed, pragmas)
				lost += max(answered-kept, 0)
			}
			if survives != (lost == 0) {
				t.Errorf("got %d of those answered lost", lost)
			}
		})
	}
}
