package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"sort"

	"github.com/singoff/singoff/service/eventlog"
)

// What Read takes at once, at most and beyond the first entry.
const (
	readEntries = 64
	readBytes   = 1 << 20
)

// Open gives the newest snapshot and the entries after it, as of one moment. A room whose bytes the disk has changed answers ErrCorrupt.
func (l *Log) Open(ctx context.Context, key eventlog.Key) (eventlog.Head, error) {
	var head eventlog.Head
	err := l.reading(ctx, key, func(tx *sql.Tx, room int64) (err error) {
		head, err = headOf(ctx, tx, room)
		return err
	})
	if err != nil {
		return eventlog.Head{}, fmt.Errorf("open %v: %w", key, err)
	}
	l.takeBack(key)
	return head, nil
}

func headOf(ctx context.Context, tx *sql.Tx, room int64) (head eventlog.Head, err error) {
	head.Snapshot, err = snapshotOf(ctx, tx, room)
	if err != nil {
		return head, err
	}
	if head.Snapshot != nil {
		head.Position = head.Snapshot.Position
	}
	head.Entries, err = entriesOf(ctx, tx, room, head.Position+1, maxPosition, func(int, int) bool { return true })
	if n := len(head.Entries); n > 0 {
		if first := head.Entries[0].Position; first != head.Position+1 {
			return head, fmt.Errorf("%w: the entry at position %d follows the snapshot at %d", ErrCorrupt, first, head.Position)
		}
		head.Position = head.Entries[n-1].Position
	}
	return head, err
}

func snapshotOf(ctx context.Context, tx queries, room int64) (*eventlog.Snapshot, error) {
	snapshot, err := scanSnapshot(tx.QueryRowContext(ctx, "SELECT "+snapshotColumns+" FROM snapshots WHERE room = ?", room))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return snapshot, err
}

// queries is what a transaction and a connection have in common.
type queries interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// entriesOf gives the entries at positions from..to while more says so of how many, and how many bytes, there are. They follow each other
// without a gap, or the file is corrupt.
func entriesOf(ctx context.Context, tx queries, room int64, from, to eventlog.Position, more func(entries, bytes int) bool) (_ []eventlog.Stored, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT "+entryColumns+" FROM entries WHERE id BETWEEN ? AND ? ORDER BY id", entryID(room, from), entryID(room, to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []eventlog.Stored
	size := 0
	for more(len(all), size) && rows.Next() {
		stored, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		if n := len(all); n > 0 && !follows(all[n-1], stored) {
			return nil, fmt.Errorf("%w: the entry at position %d with seq %d follows that at %d with seq %d",
				ErrCorrupt, stored.Position, stored.FirstSeq, all[n-1].Position, all[n-1].LastSeq())
		}
		size += len(stored.Data)
		all = append(all, stored)
	}
	return all, rows.Err()
}

func follows(a, b eventlog.Stored) bool {
	return b.Position == a.Position+1 && b.FirstSeq == a.LastSeq()+1
}

// Read takes some entries at a time and holds nothing while the caller looks at them. It ends at the entry that was the newest when the
// iteration began. A context that ends, entries that are trimmed meanwhile and bytes that the disk has changed are yielded as errors, and end it.
func (l *Log) Read(ctx context.Context, key eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error] {
	return func(yield func(eventlog.Stored, error) bool) {
		fail := func(err error) {
			yield(eventlog.Stored{}, fmt.Errorf("read %v from seq %d: %w", key, from, err))
		}
		next, last, err := l.span(ctx, key, from)
		for err == nil && next <= last {
			var chunk []eventlog.Stored
			if chunk, err = l.chunk(ctx, key, next, last); err != nil {
				break
			}
			for _, stored := range chunk {
				if err = l.ready(ctx); err != nil {
					break
				}
				if !yield(stored, nil) {
					return
				}
				next = stored.Position + 1
			}
		}
		if err != nil {
			fail(err)
		}
	}
}

// span gives the position of the entry that holds a seq and that of the newest; the first is beyond the second if none holds it.
func (l *Log) span(ctx context.Context, key eventlog.Key, from uint64) (first, last eventlog.Position, err error) {
	first = 1
	err = l.reading(ctx, key, func(tx *sql.Tx, room int64) error {
		t, err := tailOf(ctx, tx, room)
		if err != nil {
			return err
		}
		if trimmed := t.firstSeq - 1; max(from, 1) <= trimmed {
			return fmt.Errorf("%w: up to seq %d", eventlog.ErrTrimmed, trimmed)
		}
		last = t.last
		first, err = findSeq(ctx, tx, t, from)
		return err
	})
	return first, last, err
}

// findSeq is the position of the first entry whose newest seq isn't below, by halving: positions are dense, and seqs rise with them.
func findSeq(ctx context.Context, tx queries, t tail, seq uint64) (eventlog.Position, error) {
	var failed error
	n := sort.Search(int(t.last+1-t.first), func(i int) bool {
		var first uint64
		var count uint32
		err := tx.QueryRowContext(ctx, "SELECT first_seq, count FROM entries WHERE id = ?", entryID(t.room, t.first+eventlog.Position(i))).Scan(&first, &count)
		if err != nil && failed == nil {
			failed = err
		}
		return first+uint64(count)-1 >= max(seq, 1)
	})
	if errors.Is(failed, sql.ErrNoRows) {
		failed = fmt.Errorf("%w: positions have a gap", ErrCorrupt)
	}
	return t.first + eventlog.Position(n), failed
}

// chunk gives some entries from a position on, at least one.
func (l *Log) chunk(ctx context.Context, key eventlog.Key, from, to eventlog.Position) (chunk []eventlog.Stored, err error) {
	err = l.reading(ctx, key, func(tx *sql.Tx, room int64) error {
		chunk, err = entriesOf(ctx, tx, room, from, to, func(entries, bytes int) bool { return entries < readEntries && bytes < readBytes })
		if err == nil && (len(chunk) == 0 || chunk[0].Position != from) {
			return fmt.Errorf("%w: while reading", eventlog.ErrTrimmed)
		}
		return err
	})
	return chunk, err
}

// reading calls do as of one moment, unless the room never was. What it finds corrupt sets the room aside.
func (l *Log) reading(ctx context.Context, key eventlog.Key, do func(tx *sql.Tx, room int64) error) error {
	if err := l.ready(ctx); err != nil {
		return err
	}
	err := l.tryReading(ctx, key, do)
	if isCorrupt(err) {
		l.setAside(key, err)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // an interrupted query says so in its own words
	}
	return err
}

func (l *Log) tryReading(ctx context.Context, key eventlog.Key, do func(tx *sql.Tx, room int64) error) error {
	l.use.RLock()
	defer l.use.RUnlock()
	if l.handles == nil {
		return l.notOpen()
	}
	tx, err := l.handles.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it read only: there is nothing to lose
	room, err := roomID(ctx, tx, key)
	if err != nil || room == 0 {
		return err
	}
	return do(tx, room)
}

// roomID finds a room; 0: it never was.
func roomID(ctx context.Context, tx queries, key eventlog.Key) (id int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT id FROM rooms WHERE namespace = ? AND room = ?", key.Namespace, key.Room).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// tail is where a room's log begins and ends.
type tail struct {
	room     int64             // its id
	first    eventlog.Position // of the oldest entry that is there; beyond last: none is
	firstSeq uint64            // the oldest seq that is there, or the next free one
	last     eventlog.Position // of the newest entry, trimmed or not
	lastSeq  uint64
}

// tailOf looks at both ends of a room's log.
func tailOf(ctx context.Context, tx queries, room int64) (tail, error) {
	t := tail{room: room, first: 1, firstSeq: 1}
	var id int64
	var seq, count uint64
	end := func(order string) error {
		return tx.QueryRowContext(ctx, "SELECT id, first_seq, count FROM entries WHERE id BETWEEN ? AND ? ORDER BY id "+order+" LIMIT 1",
			entryID(room, 0), entryID(room, maxPosition)).Scan(&id, &seq, &count)
	}
	err := end("DESC")
	if errors.Is(err, sql.ErrNoRows) {
		return t.without(ctx, tx)
	}
	if err != nil {
		return t, err
	}
	t.last, t.lastSeq = positionOf(id), seq+count-1
	if err := end("ASC"); err != nil {
		return t, err
	}
	t.first, t.firstSeq = positionOf(id), seq
	return t, nil
}

// without is the tail of a room without entries: all were trimmed, or it has none yet.
func (t tail) without(ctx context.Context, tx queries) (_ tail, err error) {
	t.last, t.lastSeq, err = newestSnapshot(ctx, tx, t.room)
	t.first, t.firstSeq = t.last+1, t.lastSeq+1
	return t, err
}

// newestSnapshot is where a room's snapshot is; 0: it has none.
func newestSnapshot(ctx context.Context, tx queries, room int64) (position eventlog.Position, seq uint64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT position, seq FROM snapshots WHERE room = ?", room).Scan(&position, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return position, seq, err
}

// Rooms gives the names of all rooms there ever were, in no order.
func (l *Log) Rooms(ctx context.Context) (keys []eventlog.Key, err error) {
	if err := l.ready(ctx); err != nil {
		return nil, fmt.Errorf("rooms: %w", err)
	}
	l.use.RLock()
	defer l.use.RUnlock()
	if l.handles == nil {
		return nil, fmt.Errorf("rooms: %w", l.notOpen())
	}
	rooms, err := roomsAfter(ctx, l.handles.read, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("rooms: %w", err)
	}
	for _, r := range rooms {
		keys = append(keys, r.key)
	}
	return keys, nil
}

// Ends looks at both ends of a room's log.
func (l *Log) Ends(ctx context.Context, key eventlog.Key) (oldest, next uint64, err error) {
	oldest, next = 1, 1
	err = l.reading(ctx, key, func(tx *sql.Tx, room int64) error {
		t, err := tailOf(ctx, tx, room)
		oldest, next = t.firstSeq, t.lastSeq+1
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("ends of %v: %w", key, err)
	}
	return oldest, next, nil
}
