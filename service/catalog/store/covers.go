package store

import (
	"context"
	"database/sql"
	"errors"
)

// keepCovers is how many scaled covers are remembered; the oldest go first.
const keepCovers = 20_000

// Cover gives a scaled cover; nil: it isn't remembered.
func (s *Store) Cover(ctx context.Context, id string) ([]byte, error) {
	var jpeg []byte
	err := s.db.QueryRowContext(ctx, "SELECT jpeg FROM covers WHERE id = ?", id).Scan(&jpeg)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return jpeg, wrap(err)
}

// SaveCover remembers a scaled cover.
func (s *Store) SaveCover(ctx context.Context, id string, jpeg []byte) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO covers (id, jpeg) VALUES (?, ?)", id, jpeg); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM covers WHERE rowid <= (SELECT max(rowid) FROM covers) - ?", keepCovers)
		return err
	})
}
