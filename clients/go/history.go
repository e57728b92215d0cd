package singoff

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// ErrHistoryLost is what Events ends with when the room that it follows has begun anew: the server's log was lost.
var ErrHistoryLost = errors.New("singoff: the room's history was lost, and another one has begun")

// historyPage is how many events are asked for at once.
const historyPage = 500

// HistoryOptions say which part of a room's history is wanted, and who wants it.
type HistoryOptions struct {
	// RoomID is `[A-Za-z0-9_-]{1,64}`.
	RoomID string
	// FromSeq begins at this event, or with Backward at the next before it that may be seen; 0: FromTime says it.
	FromSeq uint64
	// FromTime begins at the first event that isn't earlier, or with Backward at the last that isn't later. Zero, with no FromSeq: at the oldest event
	// there is, or with Backward at the newest.
	FromTime time.Time
	// Backward goes from newer to older.
	Backward bool
	// GuestKey is the secret of a guest, who sees their own whispers and answers too; empty: a user with WithFreshToken sees theirs, others what
	// everybody sees.
	GuestKey []byte
	// Follow asks for newer events so often when the newest is reached, until ctx ends; 0: Events ends there. Not with Backward.
	Follow time.Duration
	// OnTrouble is told, while following, that the server couldn't be asked; it is asked again. nil: nobody is told.
	OnTrouble func(error)
}

func (o *HistoryOptions) validate() error {
	switch {
	case !idForm.MatchString(o.RoomID):
		return invalid("RoomID", "%q isn't an id: 1 to 64 of A-Z a-z 0-9 _ -", o.RoomID)
	case o.FromSeq != 0 && !o.FromTime.IsZero():
		return invalid("FromSeq", "excludes FromTime; give one of them")
	case o.Follow < 0:
		return invalid("Follow", "is %v, must not be negative", o.Follow)
	case o.Follow > 0 && o.Backward:
		return invalid("Follow", "excludes Backward: what is new comes forward")
	}
	return nil
}

// ListEvents gives a page of a room's history as a guest sees it whose key it is, or without one as the Client's user does. An empty namespace
// is the Client's. Errors are gRPC status errors: NOT_FOUND there never was such a room, OUT_OF_RANGE what is asked for was trimmed.
func (c *Client) ListEvents(ctx context.Context, guestKey []byte, request *singoffv1.ListEventsRequest) (*singoffv1.ListEventsResponse, error) {
	if request.GetNamespace() == "" && c.config.namespace != "" {
		named := &singoffv1.ListEventsRequest{Namespace: c.config.namespace}
		proto.Merge(named, request)
		request = named
	}
	answer := new(singoffv1.ListEventsResponse)
	return answer, c.callAs(ctx, guestKey, singoffv1.RoomService_ListEvents_FullMethodName, request, answer)
}

// Events gives a room's history, one event after the other, each once; the pages are asked for as they are needed. An error is the last thing it
// gives: ErrInvalid names the option, ErrHistoryLost, the end of ctx, or a gRPC status error as of ListEvents.
func (c *Client) Events(ctx context.Context, options HistoryOptions) iter.Seq2[*singoffv1.Event, error] {
	return func(yield func(*singoffv1.Event, error) bool) {
		if err := options.validate(); err != nil {
			yield(nil, err)
			return
		}
		w := walk{client: c, options: options, request: options.request()}
		for {
			page, err := w.page(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, event := range page.GetEvents() {
				if !yield(event, nil) {
					return
				}
			}
			if !w.goOn(page) {
				return
			}
		}
	}
}

func (o *HistoryOptions) request() *singoffv1.ListEventsRequest {
	request := &singoffv1.ListEventsRequest{RoomId: o.RoomID, Backward: o.Backward, PageSize: historyPage}
	switch {
	case o.FromSeq != 0:
		request.From = &singoffv1.ListEventsRequest_Seq{Seq: o.FromSeq}
	case !o.FromTime.IsZero():
		request.From = &singoffv1.ListEventsRequest_Time{Time: timestamppb.New(o.FromTime)}
	}
	return request
}

// walk is a way through a history.
type walk struct {
	client  *Client
	options HistoryOptions
	request *singoffv1.ListEventsRequest // the next
	seen    uint64                       // the newest seq of the room when its end was reached last; 0: it wasn't yet
	waits   bool                         // for something new, before the request
	gave    bool                         // some event
}

// page asks for the next page. Once the end was reached, it asks again as long as the server can't answer.
func (w *walk) page(ctx context.Context) (*singoffv1.ListEventsResponse, error) {
	for {
		if w.waits {
			if err := pause(ctx, w.options.Follow); err != nil {
				return nil, err
			}
		}
		page, err := w.client.ListEvents(ctx, w.options.GuestKey, w.request)
		switch {
		case err == nil && page.GetNewestSeq() < w.seen, w.seen > 0 && status.Code(err) == codes.NotFound:
			return nil, fmt.Errorf("%w: seq %d was reached before", ErrHistoryLost, w.seen)
		case err == nil || w.seen == 0 || !passing(err) || ctx.Err() != nil:
			return page, err
		}
		if w.waits = true; w.options.OnTrouble != nil {
			w.options.OnTrouble(err)
		}
	}
}

// passing says whether a call that failed may well succeed later.
func passing(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted:
		return true
	}
	return false
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goOn prepares the request for what follows a page; false: nothing does.
func (w *walk) goOn(page *singoffv1.ListEventsResponse) bool {
	w.request.PageToken = page.GetNextPageToken()
	w.gave = w.gave || len(page.GetEvents()) > 0
	if w.waits = w.request.PageToken == ""; !w.waits {
		return true
	}
	if w.options.Follow == 0 {
		return false
	}
	w.seen = page.GetNewestSeq()
	switch from := w.request.GetFrom().(type) {
	case *singoffv1.ListEventsRequest_Seq:
		from.Seq = max(from.Seq, w.seen+1) // from beyond the newest: what is between isn't wanted
	case *singoffv1.ListEventsRequest_Time:
		if !w.gave {
			return true // it may be a time to come, by the server's clock: the server finds it
		}
		w.request.From = &singoffv1.ListEventsRequest_Seq{Seq: w.seen + 1}
	default:
		w.request.From = &singoffv1.ListEventsRequest_Seq{Seq: w.seen + 1}
	}
	return true
}
