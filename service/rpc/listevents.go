package rpc

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/history"
)

// History has what happened in rooms. A *history.Reader is one, and documents the errors.
type History interface {
	Page(ctx context.Context, q history.Query) (history.Page, error)
}

const (
	// eventsPage is the size of a page of events that says none.
	eventsPage = 100
	// historyPatience is how long the log may take for a page.
	historyPatience = 5 * time.Second
)

// ListEvents implements singoffv1.RoomServiceServer.
func (r *Room) ListEvents(ctx context.Context, req *singoffv1.ListEventsRequest) (*singoffv1.ListEventsResponse, error) {
	if r.cfg.History == nil {
		return r.UnimplementedRoomServiceServer.ListEvents(ctx, req)
	}
	who, err := r.cfg.Door.enter(ctx)
	if err != nil {
		return nil, err
	}
	q, err := historyQuery(req)
	if err != nil {
		return nil, err
	}
	if err := who.mayRead(q.Room); err != nil {
		return nil, err
	}
	if who.known {
		q.Viewer = &who.user
	}
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	page, err := r.cfg.History.Page(ctx, q)
	if err != nil {
		return nil, r.historyStatus(q.Room, err)
	}
	resp := &singoffv1.ListEventsResponse{Events: page.Events, OldestSeq: page.Oldest, NewestSeq: page.Newest}
	if page.Next != 0 {
		resp.NextPageToken = eventsPages(q).numberToken(page.Next)
	}
	return resp, nil
}

// mayRead refuses a room that the token isn't for. The error is a gRPC status.
func (i identity) mayRead(key eventlog.Key) error {
	if field, wrong := boundTo(i.claims, key); wrong != "" {
		return status.Errorf(codes.Unauthenticated, "%s: %s", field, wrong)
	}
	return nil
}

// historyStatus is what a client may know of why there is no page.
func (r *Room) historyStatus(key eventlog.Key, err error) error {
	var trimmed *history.TrimmedError
	switch {
	case errors.Is(err, history.ErrNoRoom):
		return status.Error(codes.NotFound, "room_id: there never was such a room")
	case errors.As(err, &trimmed):
		return status.Errorf(codes.OutOfRange, "from: what is asked for is no longer kept; the oldest seq there is is %d", trimmed.Oldest)
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the caller went away")
	}
	r.cfg.Logger.Error().Err(err).Stringer("room", key).Msg("a room's history can't be read")
	return status.Error(codes.Unavailable, "the room's log can't be read at the moment")
}

// historyQuery checks a request's form. The error is a gRPC status.
func historyQuery(req *singoffv1.ListEventsRequest) (q history.Query, err error) {
	q = history.Query{
		Room:     eventlog.Key{Namespace: namespaceOf(req.GetNamespace()), Room: req.GetRoomId()},
		Backward: req.GetBackward(), Most: int(req.GetPageSize()),
	}
	if err := checkRoom("", q.Room); err != nil {
		return q, err
	}
	switch {
	case q.Most == 0:
		q.Most = eventsPage
	case q.Most < 0 || q.Most > history.MaxEvents:
		return q, invalidField("page_size", "is %d, must be 1 to %d, or 0 for %d", q.Most, history.MaxEvents, eventsPage)
	}
	if text := req.GetPageToken(); text != "" {
		var ok bool
		if q.Seq, ok = eventsPages(q).nextNumber(text); !ok || q.Seq == 0 {
			return q, invalidField("page_token", "isn't the next_page_token of a page of this room in this direction")
		}
		q.Continued = true
		return q, nil
	}
	err = historyFrom(req, &q)
	return q, err
}

func historyFrom(req *singoffv1.ListEventsRequest, q *history.Query) error {
	switch from := req.GetFrom().(type) {
	case *singoffv1.ListEventsRequest_Seq:
		if q.Seq = from.Seq; q.Seq == 0 {
			return invalidField("seq", "is 0, the first event of a room has 1")
		}
	case *singoffv1.ListEventsRequest_Time:
		if err := from.Time.CheckValid(); err != nil {
			return invalidField("time", "isn't within the years 1 to 9999")
		}
		if q.Time = from.Time.AsTime(); q.Time.IsZero() {
			q.Time = q.Time.Add(1) // the zero time would be none
		}
	}
	return nil
}

// eventsPages are a room's events in a direction; a page begins at a seq.
func eventsPages(q history.Query) pages {
	direction := "forward"
	if q.Backward {
		direction = "backward"
	}
	return pages{"events", q.Room.Namespace, q.Room.Room, direction}
}
