package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	_ "modernc.org/sqlite" // the driver
)

// FileName is the log's file in Config.Dir; beside it lie its write-ahead log, an index of that, and the lock.
const FileName = "singoff.db"

// readers at once; more wait.
const readers = 8

// handles are the open connections to the file: one that writes, some that read.
type handles struct {
	path  string
	write *sql.DB
	conn  *sql.Conn // the only one of write, used by the writer alone
	read  *sql.DB
	file  os.FileInfo // of the database, as it was when it was opened
	wal   os.FileInfo // of the write-ahead log
}

// openHandles opens the file, makes it if it isn't there, and brings it to SchemaVersion.
func openHandles(ctx context.Context, cfg Config) (_ *handles, err error) {
	h := &handles{path: filepath.Join(cfg.Dir, FileName)}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err := makeFile(h.path); err != nil {
		return nil, err
	}
	if h.write, err = openDB(h.path, modeMake, 1, writePragmas(cfg.Sync)...); err != nil {
		return nil, err
	}
	if h.conn, err = h.write.Conn(ctx); err != nil {
		return nil, err
	}
	version, err := checkVersion(ctx, h.conn)
	if err != nil {
		return nil, err
	}
	if _, err := h.conn.ExecContext(ctx, "PRAGMA journal_mode(WAL)"); err != nil { // which the file itself remembers, so it has to be ours
		return nil, err
	}
	if err := migrate(ctx, h.conn, version); err != nil {
		return nil, err
	}
	if err := h.identify(ctx, cfg.Dir); err != nil {
		return nil, err
	}
	err = h.openReaders(ctx)
	return h, err
}

// makeFile makes the file, for its owner alone, if it isn't there: the folder may be one that others can read. SQLite gives what lies beside it the same mode.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrPermission) {
		return nil // SQLite says what can't be done
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// openReaders opens all that there will be, so that they go on when the file is taken away.
func (h *handles) openReaders(ctx context.Context) (err error) {
	if h.read, err = openDB(h.path, modeThere, readers, "query_only(1)", "busy_timeout(5000)"); err != nil {
		return err
	}
	var open []*sql.Conn
	defer func() {
		for _, conn := range open {
			_ = conn.Close() // gives it back to the others
		}
	}()
	for range readers {
		conn, err := h.read.Conn(ctx)
		if err != nil {
			return err
		}
		open = append(open, conn)
		if err := conn.PingContext(ctx); err != nil {
			return err
		}
	}
	return nil
}

// How a file is opened.
const (
	modeMake  = "rwc" // it is made if it isn't there
	modeThere = "rw"  // it has to be there
)

func writePragmas(sync Sync) []string {
	return []string{
		"busy_timeout(5000)", "synchronous(" + string(sync) + ")", "fullfsync(1)", "checkpoint_fullfsync(1)",
		"secure_delete(FAST)", "cache_size(-16000)", "journal_size_limit(" + strconv.Itoa(64<<20) + ")",
	}
}

func openDB(path, mode string, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_pragma": pragmas, "mode": {mode}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// identify remembers which files these are, once both are surely there: a file whose name isn't on the disk yet is lost with it.
func (h *handles) identify(ctx context.Context, dir string) (err error) {
	if err := h.fence(ctx); err != nil {
		return err
	}
	if h.file, err = os.Stat(h.path); err != nil {
		return err
	}
	if h.wal, err = os.Stat(h.path + "-wal"); err != nil {
		return err
	}
	return syncDir(dir)
}

// fence commits something of no meaning. With it, whatever an earlier commit that failed has left in the write-ahead log is void: that
// commit can't come back to life when the log is recovered.
func (h *handles) fence(ctx context.Context) error {
	_, err := h.conn.ExecContext(ctx, "UPDATE fence SET n = n + 1")
	return err
}

// moved says which of the files isn't the one that was opened. gone: there is no database at its place.
func (h *handles) moved() (gone bool, err error) {
	file, err := os.Stat(h.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true, fmt.Errorf("%s was removed; put it back, or stop the server and restore a backup", FileName)
	case err != nil:
		return true, err
	case !os.SameFile(file, h.file):
		return false, fmt.Errorf("%s was replaced", FileName)
	}
	if wal, err := os.Stat(h.path + "-wal"); err != nil || !os.SameFile(wal, h.wal) {
		return false, fmt.Errorf("%s-wal was removed", FileName)
	}
	return false, nil
}

// settle brings all that the write-ahead log holds into the database itself. Nobody may be reading.
func (h *handles) settle(ctx context.Context) error {
	var busy, frames, done int
	if err := h.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("the write-ahead log is in use")
	}
	return nil
}

// leave closes the handles of a file that isn't at its place any more, after settle. The empty write-ahead log goes with it: SQLite would take it
// for that of the file that is there now.
func (h *handles) leave() error {
	err := h.close()
	file, gone := os.Stat(h.path)
	wal, none := os.Stat(h.path + "-wal")
	if gone == nil && none == nil && !os.SameFile(file, h.file) && os.SameFile(wal, h.wal) {
		err = errors.Join(err, os.Remove(h.path+"-wal"))
	}
	return err
}

func (h *handles) close() error {
	var errs []error
	if h.read != nil {
		errs = append(errs, h.read.Close())
	}
	if h.conn != nil {
		errs = append(errs, h.conn.Close())
	}
	if h.write != nil {
		errs = append(errs, h.write.Close())
	}
	return errors.Join(errs...)
}
