package rpc_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/history"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/token"
)

// fakeHistory notes what it is asked, and answers as a test says.
type fakeHistory struct {
	asked history.Query
	page  history.Page
	err   error
}

func (h *fakeHistory) Page(_ context.Context, q history.Query) (history.Page, error) {
	h.asked = q
	return h.page, h.err
}

func historyServer(t *testing.T, h *fakeHistory, change ...func(*rpc.Config)) *server {
	t.Helper()
	return newServer(t, append(change, func(cfg *rpc.Config) { cfg.History = h })...)
}

func TestListEventsAsks(t *testing.T) {
	t.Parallel()
	h := &fakeHistory{page: history.Page{Events: []*singoffv1.Event{{Seq: 7}}, Next: 6, Oldest: 2, Newest: 9}}
	s := historyServer(t, h)
	key := []byte("0123456789abcdef")
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("singoff-guest-key", base64.RawURLEncoding.EncodeToString(key)))
	at := time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)
	req := &singoffv1.ListEventsRequest{RoomId: "battle", From: &singoffv1.ListEventsRequest_Time{Time: timestamppb.New(at)}, Backward: true}
	resp, err := s.ListEvents(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.asked; got.Room != (eventlog.Key{Namespace: "default", Room: "battle"}) || got.Viewer == nil || *got.Viewer != rules.Guest(key) ||
		!got.Time.Equal(at) || got.Seq != 0 || !got.Backward || got.Most != 100 || got.Continued {
		t.Errorf("got the query %+v", got)
	}
	if len(resp.GetEvents()) != 1 || resp.GetOldestSeq() != 2 || resp.GetNewestSeq() != 9 || resp.GetNextPageToken() == "" {
		t.Fatalf("got %v, want the page and a token", resp)
	}
	req.PageToken, req.PageSize = resp.GetNextPageToken(), 1000
	if _, err := s.ListEvents(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if got := h.asked; got.Seq != 6 || !got.Continued || !got.Time.IsZero() || got.Viewer != nil || got.Most != 1000 {
		t.Errorf("got the query %+v for the next page, want seq 6 of nobody", got)
	}
	for name, other := range map[string]*singoffv1.ListEventsRequest{
		"another room":      {RoomId: "other", Backward: true},
		"another namespace": {Namespace: "club", RoomId: "battle", Backward: true},
		"another direction": {RoomId: "battle"},
	} {
		other.PageToken = req.PageToken
		if _, err := s.ListEvents(t.Context(), other); status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(status.Convert(err).Message(), "page_token: ") {
			t.Errorf("%s: got %v, want INVALID_ARGUMENT naming page_token", name, err)
		}
	}
}

func TestListEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	text := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, test := range map[string]struct {
		req   *singoffv1.ListEventsRequest
		field string
	}{
		"namespace":         {&singoffv1.ListEventsRequest{Namespace: "a/b", RoomId: "x"}, "namespace"},
		"no room":           {&singoffv1.ListEventsRequest{}, "room_id"},
		"negative size":     {&singoffv1.ListEventsRequest{RoomId: "x", PageSize: -1}, "page_size"},
		"too large a page":  {&singoffv1.ListEventsRequest{RoomId: "x", PageSize: 1001}, "page_size"},
		"seq 0":             {&singoffv1.ListEventsRequest{RoomId: "x", From: &singoffv1.ListEventsRequest_Seq{}}, "seq"},
		"no such time":      {&singoffv1.ListEventsRequest{RoomId: "x", From: &singoffv1.ListEventsRequest_Time{Time: &timestamppb.Timestamp{Nanos: -1}}}, "time"},
		"garbage":           {&singoffv1.ListEventsRequest{RoomId: "x", PageToken: "%"}, "page_token"},
		"a page of rooms":   {&singoffv1.ListEventsRequest{RoomId: "x", PageToken: text("rooms/default/x")}, "page_token"},
		"no seq in it":      {&singoffv1.ListEventsRequest{RoomId: "x", PageToken: text("events/default/x/forward/")}, "page_token"},
		"seq 0 in it":       {&singoffv1.ListEventsRequest{RoomId: "x", PageToken: text("events/default/x/forward/0")}, "page_token"},
		"a seq of its own":  {&singoffv1.ListEventsRequest{RoomId: "x", PageToken: text("events/default/x/forward/07")}, "page_token"},
		"more than a token": {&singoffv1.ListEventsRequest{RoomId: "x", PageToken: text("events/default/x/forward/7/")}, "page_token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := historyServer(t, &fakeHistory{}).ListEvents(t.Context(), test.req)
			if status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(status.Convert(err).Message(), test.field+": ") {
				t.Errorf("got %v, want INVALID_ARGUMENT naming %s", err, test.field)
			}
		})
	}
}

func TestListEventsStatuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err     error
		want    codes.Code
		message string
	}{
		"never was": {history.ErrNoRoom, codes.NotFound, "room_id: "},
		"trimmed":   {&history.TrimmedError{Oldest: 4321}, codes.OutOfRange, "oldest seq there is is 4321"},
		"the log":   {errors.New("/var/secret: broken"), codes.Unavailable, "can't be read"},
		"too slow":  {context.DeadlineExceeded, codes.Unavailable, "can't be read"},
	} {
		_, err := historyServer(t, &fakeHistory{err: test.err}).ListEvents(t.Context(), &singoffv1.ListEventsRequest{RoomId: "x"})
		if got := status.Convert(err); got.Code() != test.want || !strings.Contains(got.Message(), test.message) || strings.Contains(got.Message(), "secret") {
			t.Errorf("%s: got %v, want %v with %q", name, err, test.want, test.message)
		}
	}
	if _, err := newServer(t).ListEvents(t.Context(), &singoffv1.ListEventsRequest{RoomId: "x"}); status.Code(err) != codes.Unimplemented {
		t.Errorf("without a history: got %v, want UNIMPLEMENTED", err)
	}
}

// A token for one room doesn't open the history of another.
func TestListEventsOfABoundToken(t *testing.T) {
	t.Parallel()
	s := historyServer(t, &fakeHistory{}, func(cfg *rpc.Config) {
		cfg.Door.Verify = func(string) (token.Claims, error) { return token.Claims{Subject: "mina", Room: "battle"}, nil }
	})
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer x"))
	for _, test := range []struct {
		namespace, room string
		want            codes.Code
	}{{"", "battle", codes.OK}, {"", "other", codes.Unauthenticated}, {"club", "battle", codes.Unauthenticated}} {
		_, err := s.ListEvents(ctx, &singoffv1.ListEventsRequest{Namespace: test.namespace, RoomId: test.room})
		if status.Code(err) != test.want {
			t.Errorf("%s/%s: got %v, want %v", test.namespace, test.room, err, test.want)
		}
	}
}
