// Package store remembers what the catalogue found out: what each file said, which songs were played, how loud they are, scaled covers, and
// the secret that addresses are signed with. It is one SQLite file, written in short transactions; losing it costs a scan, and nobody a song.
// A file of another version of singoff, or a broken one, is set aside and begun anew.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrBusy is wrapped by the error of a file that another program has to itself at the moment.
var ErrBusy = errors.New("another program has it to itself")

// schemaVersion is the file's user_version; another one is begun anew.
const schemaVersion = 1

const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
	bucket TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, version TEXT NOT NULL,
	reader INTEGER NOT NULL, facts BLOB NOT NULL, loudness REAL, gone INTEGER,
	PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE played (namespace TEXT NOT NULL, track TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (namespace, track)) WITHOUT ROWID;
CREATE TABLE covers (id TEXT PRIMARY KEY, jpeg BLOB NOT NULL);
PRAGMA user_version = 1;
`

// Store is an open file. Its methods may be called concurrently.
type Store struct{ db *sql.DB }

// Open opens or makes the file; an empty path keeps everything in memory. Files and plays are looked through for damage, scaled covers, by far the
// most of the file, are not. aside is where a file that couldn't be used was moved to. ErrBusy: it may be usable another time.
func Open(ctx context.Context, path string) (s *Store, aside string, err error) {
	if path == "" {
		s, err = open(ctx, ":memory:")
		return s, "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, "", fmt.Errorf("store of songs: %w", err)
	}
	if s, err = open(ctx, path); err == nil {
		return s, "", nil
	}
	if _, statErr := os.Stat(path); statErr != nil || ctx.Err() != nil || errors.Is(err, ErrBusy) {
		return nil, "", err
	}
	aside, moveErr := setAside(path)
	if moveErr != nil {
		return nil, "", errors.Join(err, moveErr)
	}
	s, err = open(ctx, path)
	return s, aside, err
}

func setAside(path string) (aside string, err error) {
	aside = path + ".aside"
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	for _, rest := range []string{"-wal", "-shm"} {
		_ = os.Remove(path + rest) // they belong to the file set aside; often there are none
	}
	return aside, nil
}

func open(ctx context.Context, path string) (*Store, error) {
	pragmas := url.Values{"_pragma": {"busy_timeout(2000)", "journal_mode(WAL)", "synchronous(NORMAL)"}, "_txlock": {"immediate"}}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
	if path == ":memory:" {
		name = path
	} else if file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err == nil { // a secret lies in it; what can't be done SQLite says
		if err := file.Close(); err != nil {
			return nil, fmt.Errorf("store of songs: %w", err)
		}
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("store of songs: %w", err)
	}
	db.SetMaxOpenConns(1) // a database in memory is its connection's own, and writers would wait for each other anyway
	s := &Store{db: db}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store of songs %s: %w", path, err), db.Close())
	}
	return s, nil
}

// prepare makes the tables of a new file, and refuses one it doesn't know.
func (s *Store) prepare(ctx context.Context) error {
	var version int
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return wrap(err)
	}
	switch version {
	case schemaVersion:
		return s.check(ctx)
	case 0:
		_, err := s.db.ExecContext(ctx, schema)
		return wrap(err)
	}
	return fmt.Errorf("it is of version %d, this program knows %d", version, schemaVersion)
}

// check looks through what is read at a start. A scaled cover that can't be read is scaled anew.
func (s *Store) check(ctx context.Context) error {
	for _, table := range []string{"meta", "files", "played"} {
		var found string
		if err := s.db.QueryRowContext(ctx, "SELECT quick_check FROM pragma_quick_check(?)", table).Scan(&found); err != nil {
			return wrap(err)
		}
		if found != "ok" {
			return fmt.Errorf("%s is broken: %s", table, found)
		}
	}
	return nil
}

// Secret is the one that addresses are signed with: 32 bytes, made with the file.
func (s *Store) Secret(ctx context.Context) ([]byte, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	_, err := s.db.ExecContext(ctx, "INSERT INTO meta VALUES ('secret', ?) ON CONFLICT DO NOTHING", secret)
	if err != nil {
		return nil, wrap(err)
	}
	err = s.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'secret'").Scan(&secret)
	return secret, wrap(err)
}

// Close ends the store.
func (s *Store) Close() error { return wrap(s.db.Close()) }

func wrap(err error) error {
	if err == nil {
		return nil
	}
	if engine, ok := errors.AsType[*sqlite.Error](err); ok && engine.Code()&0xFF == sqlite3.SQLITE_BUSY {
		return fmt.Errorf("store of songs: %w: %w", ErrBusy, err)
	}
	return fmt.Errorf("store of songs: %w", err)
}

// transact runs f in a transaction.
func (s *Store) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return wrap(err)
	}
	if err := f(tx); err != nil {
		return wrap(errors.Join(err, tx.Rollback()))
	}
	return wrap(tx.Commit())
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromUnix(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
