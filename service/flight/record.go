package flight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/singoff/singoff/service/eventlog"
)

// ErrNoRoom is what Record answers where there never was such a room.
var ErrNoRoom = errors.New("flight: there never was such a room")

// Log is what is read of an eventlog.Log, which documents it.
type Log interface {
	Open(ctx context.Context, room eventlog.Key) (eventlog.Head, error)
	Read(ctx context.Context, room eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error]
}

// Recorder records rooms out of a log. It may be used concurrently.
type Recorder struct {
	log Log
	now func() time.Time
}

// NewRecorder is a Recorder of a log, by a clock.
func NewRecorder(log Log, now func() time.Time) *Recorder { return &Recorder{log: log, now: now} }

// Record writes a room's record: its whole history where that is kept, else its newest snapshot and all after it. The room may live on meanwhile; the
// record ends with an entry that was its last at some moment. Errors: ErrNoRoom, what the log answers and what writing answers, wrapped; what
// was written is then no whole record.
func (r *Recorder) Record(ctx context.Context, room eventlog.Key, to io.Writer) error {
	var w *Writer
	for stored, err := range r.log.Read(ctx, room, 1) {
		if w == nil && errors.Is(err, eventlog.ErrTrimmed) {
			return r.recordRest(ctx, room, to)
		}
		if err != nil {
			return fmt.Errorf("flight: %w", err)
		}
		if w == nil {
			if w, err = r.begin(room, to); err != nil {
				return err
			}
		}
		if err := w.Entry(stored.Data); err != nil {
			return err
		}
	}
	if w == nil {
		return ErrNoRoom
	}
	return w.End()
}

// recordRest writes the snapshot and what follows it, as the log gives them to whoever opens a room. Entries without an event have no seq to
// be read by, so they are taken together, or some would be missed.
func (r *Recorder) recordRest(ctx context.Context, room eventlog.Key, to io.Writer) error {
	head, err := r.log.Open(ctx, room)
	if err != nil {
		return fmt.Errorf("flight: %w", err)
	}
	w, err := r.begin(room, to)
	if err != nil {
		return err
	}
	if head.Snapshot != nil {
		if err := w.Snapshot(head.Snapshot.Data); err != nil {
			return err
		}
	}
	for _, stored := range head.Entries {
		if err := w.Entry(stored.Data); err != nil {
			return err
		}
	}
	return w.End()
}

func (r *Recorder) begin(room eventlog.Key, to io.Writer) (*Writer, error) {
	return NewWriter(to, Head{Namespace: room.Namespace, Room: room.Room, Recorded: r.now().UTC()})
}
