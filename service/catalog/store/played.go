package store

import (
	"context"
	"database/sql"
	"time"
)

// Played is when a track last began in a namespace.
type Played struct {
	Namespace, Track string
	At               time.Time
}

// keepPlayed is how many tracks of a namespace are remembered as played, and keepNamespaces of how many namespaces.
const (
	keepPlayed     = 1000
	keepNamespaces = 1000
)

// SavePlayed remembers that tracks began.
func (s *Store) SavePlayed(ctx context.Context, played []Played) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		namespaces := map[string]bool{}
		for _, p := range played {
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO played VALUES (?, ?, ?)", p.Namespace, p.Track, unix(p.At)); err != nil {
				return err
			}
			namespaces[p.Namespace] = true
		}
		for namespace := range namespaces {
			_, err := tx.ExecContext(ctx, `DELETE FROM played WHERE namespace = ?1 AND at < (
				SELECT at FROM played WHERE namespace = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)`, namespace, keepPlayed-1)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Played gives what was played, the latest first, and forgets the namespaces in which nothing was for longest.
func (s *Store) Played(ctx context.Context) ([]Played, error) {
	_, err := s.db.ExecContext(ctx, "DELETE FROM played WHERE namespace IN (SELECT namespace FROM played GROUP BY namespace ORDER BY max(at) DESC LIMIT -1 OFFSET ?)",
		keepNamespaces)
	if err != nil {
		return nil, wrap(err)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT namespace, track, at FROM played ORDER BY at DESC, track")
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	var all []Played
	for rows.Next() {
		var p Played
		var at int64
		if err := rows.Scan(&p.Namespace, &p.Track, &at); err != nil {
			return nil, wrap(err)
		}
		p.At = fromUnix(at)
		all = append(all, p)
	}
	return all, wrap(rows.Err())
}
