package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/facts"
)

// Remembered is a file and what it said.
type Remembered struct {
	bucket.File
	Facts *facts.Facts
	// Loudness in LUFS, measured; nil: not yet. Minus infinity: it can't be.
	Loudness *float64
	// Gone says that it was no longer there when its bucket was last listed.
	Gone bool
}

// keepGone is for how long a file that went away is remembered: those who come back then are known, and the others are told "gone".
const keepGone = 90 * 24 * time.Hour

// Files gives what is remembered of a bucket, read by this version of the program.
func (s *Store) Files(ctx context.Context, of string) ([]Remembered, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT key, size, modified, version, facts, loudness, gone IS NOT NULL FROM files WHERE bucket = ? AND reader = ?",
		of, facts.Version)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	var all []Remembered
	for rows.Next() {
		r := Remembered{Facts: &facts.Facts{}}
		var modified int64
		var said []byte
		if err := rows.Scan(&r.Key, &r.Size, &modified, &r.Version, &said, &r.Loudness, &r.Gone); err != nil {
			return nil, wrap(err)
		}
		r.Modified = fromUnix(modified)
		if err := json.Unmarshal(said, r.Facts); err != nil {
			return nil, fmt.Errorf("store of songs: %q: %w", r.Key, err)
		}
		all = append(all, r)
	}
	return all, wrap(rows.Err())
}

// Save remembers files of a bucket, in one transaction.
func (s *Store) Save(ctx context.Context, of string, files []Remembered) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, `INSERT OR REPLACE INTO files (bucket, key, size, modified, version, reader, facts, loudness, gone)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)`)
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }() // the transaction tells
		for _, f := range files {
			said, err := json.Marshal(f.Facts)
			if err != nil {
				return err
			}
			_, err = insert.ExecContext(ctx, of, f.Key, f.Size, unix(f.Modified), f.Version, facts.Version, said, f.Loudness)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Moved notes which files went away since, and which came back as they were.
func (s *Store) Moved(ctx context.Context, of string, gone, back []string, now time.Time) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, key := range gone {
			if _, err := tx.ExecContext(ctx, "UPDATE files SET gone = ? WHERE bucket = ? AND key = ? AND gone IS NULL", now.Unix(), of, key); err != nil {
				return err
			}
		}
		for _, key := range back {
			if _, err := tx.ExecContext(ctx, "UPDATE files SET gone = NULL WHERE bucket = ? AND key = ?", of, key); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM files WHERE gone < ?", now.Add(-keepGone).Unix())
		return err
	})
}

// SaveLoudness remembers how loud a file is, as long as it is the one measured.
func (s *Store) SaveLoudness(ctx context.Context, of string, f bucket.File, lufs float64) error {
	_, err := s.db.ExecContext(ctx, "UPDATE files SET loudness = ? WHERE bucket = ? AND key = ? AND size = ? AND modified = ? AND version = ?",
		lufs, of, f.Key, f.Size, unix(f.Modified), f.Version)
	return wrap(err)
}

// AudioKeys gives the keys of all audio files ever seen in any bucket and remembered still.
func (s *Store) AudioKeys(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT key FROM files")
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, wrap(err)
		}
		if facts.KindOf(key) == facts.AudioFile {
			keys = append(keys, key)
		}
	}
	return keys, wrap(rows.Err())
}
