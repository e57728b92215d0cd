package sqlitelog

import (
	"errors"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// primaryCode is SQLite's result code without its details; 0: it isn't one of SQLite's.
func primaryCode(err error) int {
	var sqliteErr *sqlite.Error
	if !errors.As(err, &sqliteErr) {
		return 0
	}
	return sqliteErr.Code() & 0xff
}

// isCorrupt says whether what was read isn't what was written.
func isCorrupt(err error) bool {
	return errors.Is(err, ErrCorrupt) || primaryCode(err) == codes.SQLITE_CORRUPT
}
