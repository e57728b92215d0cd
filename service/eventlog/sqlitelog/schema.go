package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// What is refused of a file.
var (
	// ErrNewer: a newer singoff has written the file. It isn't touched.
	ErrNewer = errors.New("sqlitelog: the file was written by a newer version")
	// ErrForeign: the file is a database of another program. It isn't touched.
	ErrForeign = errors.New("sqlitelog: the file is another program's")
)

// applicationID marks a file as this package's: "sing".
const applicationID = 0x73696e67

// SchemaVersion is that of the files this version writes.
const SchemaVersion = 1

// migrations lead from each version to the next, the first one from an empty file. None of them is ever changed once released.
//
// An entry's id is its room's id and its position in one number, so that a room's entries lie together in order, without an index.
// The sum is over everything that the row says but when it was kept, so that bytes which the disk has changed are found.
var migrations = [SchemaVersion]string{`
	CREATE TABLE rooms (
		id        INTEGER PRIMARY KEY,
		namespace TEXT NOT NULL,
		room      TEXT NOT NULL,
		UNIQUE (namespace, room)
	) STRICT;
	CREATE TABLE entries (
		id        INTEGER PRIMARY KEY,
		batch     BLOB NOT NULL,
		first_seq INTEGER NOT NULL,
		count     INTEGER NOT NULL,
		kept_at   INTEGER NOT NULL,
		sum       INTEGER NOT NULL,
		data      BLOB NOT NULL
	) STRICT;
	CREATE TABLE snapshots (
		room     INTEGER PRIMARY KEY,
		position INTEGER NOT NULL,
		seq      INTEGER NOT NULL,
		kept_at  INTEGER NOT NULL,
		sum      INTEGER NOT NULL,
		data     BLOB NOT NULL
	) STRICT;
	CREATE TABLE fence (n INTEGER NOT NULL) STRICT;
	INSERT INTO fence VALUES (0);
`}

// migrate brings a file from a version to SchemaVersion, each step in a transaction of its own.
func migrate(ctx context.Context, conn *sql.Conn, version int) error {
	for ; version < SchemaVersion; version++ {
		step := fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", migrations[version], applicationID, version+1)
		if _, err := conn.ExecContext(ctx, step); err != nil {
			_, _ = conn.ExecContext(ctx, "ROLLBACK") // without one to roll back, nothing is to be done
			return fmt.Errorf("from version %d to %d: %w", version, version+1, err)
		}
	}
	return nil
}

// checkVersion tells the file's version, 0 if it is empty, and refuses what isn't this package's.
func checkVersion(ctx context.Context, conn *sql.Conn) (version int, err error) {
	var application, tables int
	for query, into := range map[string]*int{
		"PRAGMA user_version": &version, "PRAGMA application_id": &application, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := conn.QueryRowContext(ctx, query).Scan(into); err != nil {
			return 0, err
		}
	}
	switch {
	case application == 0 && version == 0 && tables == 0:
		return 0, nil
	case application != applicationID:
		return 0, fmt.Errorf("%w: its application id is %#x, not %#x", ErrForeign, application, applicationID)
	case version > SchemaVersion:
		return 0, fmt.Errorf("%w: it has version %d, this one knows %d", ErrNewer, version, SchemaVersion)
	}
	return version, nil
}
