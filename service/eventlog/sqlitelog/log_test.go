package sqlitelog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	_ "modernc.org/sqlite"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

func TestConfigNamesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*sqlitelog.Config){
		"Dir":           func(c *sqlitelog.Config) { c.Dir = "" },
		"Sync":          func(c *sqlitelog.Config) { c.Sync = "sometimes" },
		"EntryBytes":    func(c *sqlitelog.Config) { c.EntryBytes = 64<<20 + 1 },
		"SnapshotBytes": func(c *sqlitelog.Config) { c.SnapshotBytes = -1 },
		"ReserveBytes":  func(c *sqlitelog.Config) { c.ReserveBytes = 1 },
		"SweepEvery":    func(c *sqlitelog.Config) { c.SweepEvery = time.Millisecond },
		"Retain":        func(c *sqlitelog.Config) { c.Retain = map[string]sqlitelog.Retention{"a": {Age: -1}} },
	} {
		cfg := sqlitelog.Config{Dir: filepath.Join(t.TempDir(), "log")}
		change(&cfg)
		log, err := sqlitelog.New(t.Context(), cfg)
		if log != nil || err == nil || !strings.Contains(err.Error(), "sqlitelog: "+field+": ") {
			t.Errorf("got log %v and error %v, want none and one that names %s", log, err, field)
		}
		if _, err := os.Stat(cfg.Dir); cfg.Dir != "" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v for the folder, want it not made", field, err)
		}
	}
}

var battle = eventlog.Key{Namespace: "default", Room: "battle"}

// writer appends to one room, each entry with one seq.
type writer struct {
	t    testing.TB
	log  *sqlitelog.Log
	key  eventlog.Key
	last eventlog.Position
}

func (w *writer) entry(size int) eventlog.Entry {
	seq := uint64(w.last) + 1
	batch := eventlog.BatchID{byte(seq), byte(seq >> 8), byte(seq >> 16), 1}
	return eventlog.Entry{Batch: batch, FirstSeq: seq, Count: 1, Data: make([]byte, size)}
}

func (w *writer) append(ctx context.Context, size int) error {
	at, err := w.log.Append(ctx, w.key, w.last, w.entry(size))
	if err == nil {
		w.last = at
	}
	return err
}

func (w *writer) add(n, size int) {
	w.t.Helper()
	for range n {
		if err := w.append(w.t.Context(), size); err != nil {
			w.t.Fatalf("Append: %v", err)
		}
	}
}

func (w *writer) snapshot() {
	w.t.Helper()
	snapshot := eventlog.Snapshot{Position: w.last, Seq: uint64(w.last), Data: []byte("state")}
	if err := w.log.StoreSnapshot(w.t.Context(), w.key, snapshot); err != nil {
		w.t.Fatalf("StoreSnapshot: %v", err)
	}
}

// oldest is the oldest seq that can be read, by the log's word.
func (w *writer) oldest() uint64 {
	w.t.Helper()
	oldest, _, err := w.log.Ends(w.t.Context(), w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return oldest
}

// first is the oldest seq that can be read; 0: none can.
func (w *writer) first() uint64 {
	for seq := uint64(1); seq <= uint64(w.last); seq++ {
		for _, err := range w.log.Read(w.t.Context(), w.key, seq) {
			if err == nil {
				return seq
			}
			if !errors.Is(err, eventlog.ErrTrimmed) {
				w.t.Fatalf("Read(%d): %v", seq, err)
			}
			break
		}
	}
	return 0
}

// Two servers on one folder would each believe that the rooms are theirs.
func TestFolderIsOneProcesss(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, sqlitelog.Config{Dir: dir})
	if _, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir}); !errors.Is(err, sqlitelog.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want ErrInUse and the folder's name", err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, sqlitelog.Config{Dir: dir})
}

func TestFilesThatAreNotOursAreNotTouched(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statements string
		want       error
	}{
		"newer":           {fmt.Sprintf("PRAGMA application_id = 0x73696e67; CREATE TABLE t (x); PRAGMA user_version = %d", sqlitelog.SchemaVersion+1), sqlitelog.ErrNewer},
		"another program": {"PRAGMA application_id = 1; CREATE TABLE t (x)", sqlitelog.ErrForeign},
		"without an id":   {"CREATE TABLE t (x)", sqlitelog.ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, sqlitelog.FileName)
			change(t, path, test.statements)
			_, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %v and the file's name", err, test.want)
			}
			if lock, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir}); errors.Is(err, sqlitelog.ErrInUse) {
				t.Errorf("got %v, %v the second time, want the folder let go of", lock, err)
			}
		})
	}
}

// change runs statements on a file as another program.
func change(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

// What people say is for the server's user alone, also in a folder that others can read.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir}), key: battle}
	w.add(3, 10)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("got %v, %v, want the log and what belongs to it", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want it for its owner alone", f.Name(), info.Mode(), err)
		}
	}
}

func TestRetentionByEvents(t *testing.T) {
	t.Parallel()
	log := open(t, sqlitelog.Config{Retain: map[string]sqlitelog.Retention{"": {Events: 50}, "short": {Events: 10}, "long": {}}})
	for namespace, want := range map[string]uint64{"default": 51, "short": 91, "long": 1} {
		w := &writer{t: t, log: log, key: eventlog.Key{Namespace: namespace, Room: "r"}}
		w.add(100, 10)
		if got := w.first(); got != 1 {
			t.Errorf("%s: the first seq is %d before there is a snapshot, want 1", namespace, got)
		}
		w.snapshot()
		if got := w.first(); got != want {
			t.Errorf("%s: the first seq is %d of 100 after a snapshot, want %d", namespace, got, want)
		}
		w.add(1, 10)
	}
}

// A room that nobody enters any more stores no snapshot, and yet its history has to end some day.
func TestRetentionByAgeSweepsSilentRooms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := open(t, sqlitelog.Config{Dir: dir})
	var rooms []*writer
	for i := range 40 {
		w := &writer{t: t, log: plain, key: eventlog.Key{Namespace: "default", Room: fmt.Sprint("r", i)}}
		w.add(5, 10)
		w.snapshot()
		w.add(2, 10)
		rooms = append(rooms, w)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	log := open(t, sqlitelog.Config{Dir: dir, SweepEvery: time.Second, Retain: map[string]sqlitelog.Retention{"": {Age: time.Millisecond}}})
	for _, w := range rooms {
		w.log = log
		for w.first() == 1 {
			if t.Context().Err() != nil {
				t.Fatalf("%v: its history was never forgotten", w.key)
			}
		}
		if got := w.first(); got != 6 {
			t.Errorf("%v: the first seq is %d, want 6, the first that the snapshot doesn't cover", w.key, got)
		}
		if head, err := log.Open(t.Context(), w.key); err != nil || head.Snapshot == nil || head.Position != w.last {
			t.Errorf("%v: got %+v, %v, want a snapshot and position %d", w.key, head, err, w.last)
		}
	}
}

// What was kept while the clock was ten years ahead isn't kept for ten years.
func TestRetentionByAgeAfterAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := open(t, sqlitelog.Config{Dir: dir})
	w := &writer{t: t, log: plain, key: battle}
	w.add(20, 10)
	w.snapshot()
	w.add(1, 10)
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlitelog.FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "UPDATE entries SET kept_at = ?", time.Now().AddDate(10, 0, 0).UnixMilli())
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	swept(sqlitelog.Retention{Age: time.Millisecond})(t, w, dir)
}

// Much history is forgotten a piece at a time, so that who appends meanwhile doesn't wait until all of it is.
func TestMuchIsForgottenInPieces(t *testing.T) {
	t.Parallel()
	const entries = 3000
	dir := t.TempDir()
	for name, forget := range map[string]func(t *testing.T, w *writer, dir string) *prometheus.Registry{
		"trimmed": func(t *testing.T, w *writer, dir string) *prometheus.Registry {
			t.Helper()
			registry := prometheus.NewPedanticRegistry()
			w.log = open(t, sqlitelog.Config{Dir: dir, Registerer: registry})
			if err := w.log.Trim(t.Context(), w.key, entries-9); err != nil {
				t.Fatal(err)
			}
			return registry
		},
		"swept by number": swept(sqlitelog.Retention{Events: 10}),
		"swept by age":    swept(sqlitelog.Retention{Age: time.Millisecond}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(dir, name)
			plain, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff})
			if err != nil {
				t.Fatal(err)
			}
			w := &writer{t: t, log: plain, key: battle}
			w.add(entries, 10)
			w.snapshot()
			w.add(1, 10)
			if err := plain.Close(); err != nil {
				t.Fatal(err)
			}
			registry := forget(t, w, dir)
			if oldest := w.oldest(); oldest < entries-9 {
				t.Errorf("the oldest seq is %d of %d", oldest, entries)
			}
			if got := commits(t, registry); got < 3 {
				t.Errorf("got %v transactions, want %d entries forgotten in several", got, entries)
			}
		})
	}
}

// swept waits until a log with that retention has forgotten a room that nobody has entered since.
func swept(r sqlitelog.Retention) func(t *testing.T, w *writer, dir string) *prometheus.Registry {
	return func(t *testing.T, w *writer, dir string) *prometheus.Registry {
		t.Helper()
		registry := prometheus.NewPedanticRegistry()
		w.log = open(t, sqlitelog.Config{Dir: dir, Registerer: registry, SweepEvery: time.Second, Retain: map[string]sqlitelog.Retention{"": r}})
		deadline := time.Now().Add(time.Minute)
		for most := uint64(w.last) - 10; w.oldest() < most; {
			if time.Now().After(deadline) {
				t.Fatalf("the oldest seq is %d of %d, a minute after", w.oldest(), w.last)
			}
		}
		return registry
	}
}

func commits(t *testing.T, registry *prometheus.Registry) uint64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "singoff_sqlitelog_commit_seconds" {
			return f.GetMetric()[0].GetHistogram().GetSampleCount()
		}
	}
	t.Fatal("got no count of the transactions")
	return 0
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	w := &writer{t: t, log: open(t, sqlitelog.Config{Registerer: registry, Sync: sqlitelog.SyncOff}), key: battle}
	w.add(3, 10)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		got[f.GetName()] = m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	if got["singoff_sqlitelog_commit_seconds"] != 3 || got["singoff_sqlitelog_survives_power"] != 0 || got["singoff_sqlitelog_free_bytes"] <= 0 ||
		got["singoff_sqlitelog_troubled"] != 0 {
		t.Errorf("got %v, want three commits, no trouble, free bytes, and that power cuts aren't survived", got)
	}
}
