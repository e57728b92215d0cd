package sqlitelog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/singoff/singoff/service/eventlog"
)

// What rows take beside their data, about, in bytes.
const rowOverhead = 64

// Append keeps the entry, together with those of other rooms that wait. Beside what eventlog.Log says, it is refused when its FirstSeq isn't
// the next free seq, when its data is larger than EntryBytes, and when the file system has no more than ReserveBytes left.
func (l *Log) Append(ctx context.Context, key eventlog.Key, after eventlog.Position, entry eventlog.Entry) (eventlog.Position, error) {
	entry.Data = bytes.Clone(entry.Data) // the caller may have it back before the writer is done
	o := &appendOp{after: after, entry: entry}
	if err := l.submitAppend(ctx, key, o, o); err != nil {
		return 0, fmt.Errorf("append to %v after position %d: %w", key, after, err)
	}
	return o.position, nil
}

// submitAppend hands on an op that appends. Whether it is kept isn't known where nobody has waited for the answer.
func (l *Log) submitAppend(ctx context.Context, key eventlog.Key, o op, appends *appendOp) error {
	err := l.submit(ctx, key, o)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		l.doubt.cast(appends.entry.Batch)
		return o.unknown(err)
	}
	return err
}

// appendOp keeps an entry.
type appendOp struct {
	after    eventlog.Position
	entry    eventlog.Entry
	position eventlog.Position // where it is kept
}

func (o *appendOp) size() int                 { return len(o.entry.Data) }
func (o *appendOp) appends() *appendOp        { return o }
func (o *appendOp) refused(cause error) error { return refuse(cause) }
func (o *appendOp) unknown(cause error) error { return errors.Join(eventlog.ErrUnknown, cause) }

func (o *appendOp) apply(ctx context.Context, w *writing) (answer, failed error) {
	t, err := w.tail(ctx)
	if err != nil {
		return nil, err
	}
	// The place comes first: what was kept by an earlier attempt mustn't be called refused by this one.
	if o.after != t.last {
		return o.taken(ctx, w, t)
	}
	if err := o.accept(w, t); err != nil {
		return refuse(err), nil
	}
	if t.room == 0 {
		if t.room, err = w.addRoom(ctx); err != nil {
			return nil, err
		}
	}
	id := entryID(t.room, t.last+1)
	_, err = w.ExecContext(ctx, "INSERT INTO entries (id, batch, first_seq, count, kept_at, sum, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
		id, o.entry.Batch[:], o.entry.FirstSeq, o.entry.Count, w.now.UnixMilli(), sumOf(id, o.entry), blob(o.entry.Data))
	if err != nil {
		return nil, err
	}
	t.last++
	t.lastSeq = o.entry.LastSeq()
	o.position = t.last
	w.free -= int64(len(o.entry.Data)) + rowOverhead
	return nil, nil
}

// taken answers an append to a place that isn't the room's next one.
func (o *appendOp) taken(ctx context.Context, w *writing, t *tail) (answer, failed error) {
	if o.after > t.last {
		return fmt.Errorf("%w: the room's last position is %d", eventlog.ErrConflict, t.last), nil
	}
	var batch []byte
	err := w.QueryRowContext(ctx, "SELECT batch FROM entries WHERE id = ?", entryID(t.room, o.after+1)).Scan(&batch)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: %w", eventlog.ErrConflict, eventlog.ErrTrimmed), nil
	case err != nil:
		return nil, err
	case !bytes.Equal(batch, o.entry.Batch[:]):
		return fmt.Errorf("%w: it is batch %x", eventlog.ErrConflict, batch), nil
	}
	o.position = o.after + 1
	return nil, nil
}

// accept says why the entry can't be kept.
func (o *appendOp) accept(w *writing, t *tail) error {
	if got, limit := len(o.entry.Data), w.log.cfg.EntryBytes; got > limit {
		return fmt.Errorf("data of %d bytes, at most %d", got, limit)
	}
	if got, want := o.entry.FirstSeq, t.lastSeq+1; got != want {
		return fmt.Errorf("first seq %d, the next free one is %d", got, want)
	}
	if t.last >= maxPosition {
		return fmt.Errorf("the room has %d entries, as many as it can have", t.last)
	}
	return w.fits(len(o.entry.Data))
}

// fits says why so many bytes more can't be written: the disk is about to be full.
func (w *writing) fits(size int) error {
	if need := int64(size) + rowOverhead; need > w.free {
		return fmt.Errorf("%w: %d bytes more, %d are left beyond the %d that stay free", ErrFull, need, w.free, w.log.cfg.ReserveBytes)
	}
	return nil
}

// ErrFull says that the file system has no more than Config.ReserveBytes left.
var ErrFull = errors.New("sqlitelog: the disk is full")

// tail is where the room's log ends, as of this transaction.
func (w *writing) tail(ctx context.Context) (*tail, error) {
	if t := w.tails[w.key]; t != nil {
		return t, nil
	}
	t := tail{first: 1, firstSeq: 1}
	if known := w.log.tails[w.key]; known != nil {
		t = *known
	} else if room, err := roomID(ctx, w, w.key); err != nil {
		return nil, err
	} else if room != 0 {
		if t, err = tailOf(ctx, w, room); err != nil {
			return nil, err
		}
	}
	w.tails[w.key] = &t
	return &t, nil
}

func (w *writing) addRoom(ctx context.Context) (int64, error) {
	result, err := w.ExecContext(ctx, "INSERT INTO rooms (namespace, room) VALUES (?, ?)", w.key.Namespace, w.key.Room)
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	if err == nil && id > maxRoomID {
		return 0, fmt.Errorf("the log has %d rooms, as many as it can have", maxRoomID)
	}
	return id, err
}

// blob is never NULL.
func blob(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}
