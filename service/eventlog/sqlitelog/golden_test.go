package sqlitelog_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

var rewrite = flag.Bool("rewrite", false, "write the golden file of the newest version anew")

func golden(version int) string { return filepath.Join("testdata", fmt.Sprintf("v%d.golden", version)) }

// Files of every version there ever was are opened, say what they said, and can be gone on with.
func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	if *rewrite {
		writeGolden(t)
	}
	for version := 1; version <= sqlitelog.SchemaVersion; version++ {
		dir := t.TempDir()
		data, err := os.ReadFile(golden(version))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, sqlitelog.FileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: battle, last: 20}
		head, err := w.log.Open(t.Context(), battle)
		if err != nil || head.Snapshot == nil || head.Snapshot.Seq != 15 || string(head.Snapshot.Data) != "state" || len(head.Entries) != 5 || head.Position != 20 {
			t.Errorf("version %d: got %+v, %v, want the snapshot at 15 and five entries after it", version, head, err)
		}
		if got := w.first(); got != 6 {
			t.Errorf("version %d: the first seq is %d, want 6", version, got)
		}
		for i, stored := range head.Entries {
			w.last = stored.Position - 1
			if want := w.entry(100); stored.Batch != want.Batch || stored.FirstSeq != want.FirstSeq || len(stored.Data) != 100 {
				t.Errorf("version %d: got %+v for entry %d after the snapshot, want %+v", version, stored, i, want)
			}
		}
		w.last = 20
		w.add(1, 10)
	}
}

func writeGolden(t *testing.T) {
	dir := t.TempDir()
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: battle}
	w.add(15, 100)
	w.snapshot()
	if err := w.log.Trim(t.Context(), battle, 6); err != nil {
		t.Fatal(err)
	}
	w.add(5, 100)
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, sqlitelog.FileName))
	if err == nil {
		err = os.WriteFile(golden(sqlitelog.SchemaVersion), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
