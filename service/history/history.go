// Package history reads what happened in rooms out of their log, in pages, forward and backward, by seq or by time.
// It shows each reader what live delivery would have shown them, loads no room into memory, and so tells of closed rooms and of those that nobody
// is in too. A page reads what it shows and little more, wherever in the log it is.
package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// Bounds of a page.
const (
	// MaxEvents is the most that a page may be asked for.
	MaxEvents = 1000
	// MaxBytes is where a page ends: its events are at most so much when encoded, but at least one.
	MaxBytes = 1 << 20
	// maxScanned is how many events are looked at for a page: one that finds few that may be seen ends there, and the next goes on.
	maxScanned = 16 * MaxEvents
)

// ErrNoRoom is what Page answers where there never was such a room.
var ErrNoRoom = errors.New("history: there never was such a room")

// TrimmedError is what Page answers where what is asked for is no longer kept.
type TrimmedError struct {
	// Oldest is the oldest seq that is still kept; above the newest: none is.
	Oldest uint64
}

// Error names the oldest seq.
func (e *TrimmedError) Error() string {
	return fmt.Sprintf("history: trimmed; the oldest seq that is still kept is %d", e.Oldest)
}

// Is makes it an eventlog.ErrTrimmed.
func (e *TrimmedError) Is(target error) bool { return target == eventlog.ErrTrimmed }

// Query asks for a page.
type Query struct {
	// Room whose history it is.
	Room eventlog.Key
	// Viewer sees whispers and answers of their own beside what everybody sees; nil: the latter alone.
	Viewer *rules.User
	// Seq to begin at, from 1; backward: at this one, or the next before it. 0: at Time.
	Seq uint64
	// Time to begin at: at the first event that isn't earlier, or backward at the last that isn't later. Zero, with no Seq: at the oldest event there
	// is, or backward at the newest.
	Time time.Time
	// Backward goes from newer to older.
	Backward bool
	// Most events, 1 to MaxEvents.
	Most int
	// Continued says that Seq is where an earlier page ended. A backward one then ends quietly where the rest was trimmed.
	Continued bool
}

// Page is a part of a room's history.
type Page struct {
	// Events in the order asked for, without numbers: those are their instance's.
	Events []*singoffv1.Event
	// Next is the seq at which the next page begins; 0: there is nothing more, as yet when going forward.
	Next uint64
	// Oldest and Newest are the seqs that are kept. Oldest is above Newest where none is.
	Oldest, Newest uint64
}

// Log is what is read of an eventlog.Log, which documents it.
type Log interface {
	Ends(ctx context.Context, room eventlog.Key) (oldest, next uint64, err error)
	Read(ctx context.Context, room eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error]
}

// Reader gives pages. It may be used concurrently.
type Reader struct{ log Log }

// New is a Reader of a log.
func New(log Log) *Reader { return &Reader{log: log} }

// Page reads a page. Errors: ErrNoRoom, *TrimmedError, and what the log answers, wrapped.
func (r *Reader) Page(ctx context.Context, q Query) (Page, error) {
	b := book{ctx: ctx, log: r.log, room: q.Room}
	if err := b.measure(); err != nil {
		return Page{}, err
	}
	from, err := b.start(q)
	if err != nil {
		return Page{}, err
	}
	c := collector{viewer: q.Viewer, most: min(max(q.Most, 1), MaxEvents)}
	if q.Backward {
		err = b.backward(from, &c)
	} else {
		err = b.forward(from, &c)
	}
	if err != nil {
		return Page{}, err
	}
	return Page{Events: c.events, Next: c.next, Oldest: b.oldest, Newest: b.newest}, nil
}

// collector gathers the events of a page.
type collector struct {
	viewer  *rules.User
	most    int
	events  []*singoffv1.Event
	bytes   int
	scanned int
	next    uint64 // where the page ended, if it is full
}

// add takes an event if it may be seen; false: the page was full before it.
func (c *collector) add(it engine.Item) (bool, error) {
	if c.scanned >= maxScanned || len(c.events) >= c.most {
		c.next = it.Seq
		return false, nil
	}
	c.scanned++
	if !c.sees(it.Audience) {
		return true, nil
	}
	if len(c.events) > 0 && c.bytes+len(it.Response) > MaxBytes {
		c.next = it.Seq
		return false, nil
	}
	event, err := eventOf(it)
	if err != nil {
		return false, err
	}
	c.bytes += len(it.Response)
	c.events = append(c.events, event)
	return true, nil
}

func (c *collector) sees(audience []rules.User) bool {
	return len(audience) == 0 || c.viewer != nil && rules.Visible(audience, *c.viewer)
}

// eventOf is the one event of an item.
func eventOf(it engine.Item) (*singoffv1.Event, error) {
	var response singoffv1.JoinResponse
	if err := proto.Unmarshal(it.Response, &response); err != nil {
		return nil, fmt.Errorf("history: event %d: %w", it.Seq, err)
	}
	if len(response.GetEvents()) != 1 {
		return nil, fmt.Errorf("history: event %d: holds %d events", it.Seq, len(response.GetEvents()))
	}
	return response.GetEvents()[0], nil
}
