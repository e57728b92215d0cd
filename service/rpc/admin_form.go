package rpc

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/room/rules"
)

// Bounds of what the operator asks for.
const (
	connectionsPage    = 100
	connectionsPageMax = 1000
	memberIDBytes      = 64
)

// actStatuses are what the operator is told of an act that wasn't done.
var actStatuses = [...]struct {
	err     error
	code    codes.Code
	message string
}{
	{room.ErrNoRoom, codes.NotFound, "room_id: no such room is open"},
	{rules.ErrNobodyThere, codes.NotFound, "room_id: nobody is in the room"},
	{rules.ErrNoSuchMember, codes.NotFound, "member_id: nobody in the room has that id"},
	{rules.ErrManyBans, codes.ResourceExhausted, fmt.Sprintf("keep_out: the room keeps %d users out already; kick without it", rules.MaxBans)},
	{room.ErrNotDone, codes.Unavailable, "the room's log keeps nothing at the moment: nothing was done"},
	{room.ErrUnsettled, codes.DeadlineExceeded, "the room's log hasn't answered: it may be done, now or later; look before you try again"},
}

// actStatus is the status of what a room says of an act.
func actStatus(err error) error {
	for _, row := range actStatuses {
		if errors.Is(err, row.err) {
			return status.Error(row.code, row.message)
		}
	}
	return status.Error(codes.Internal, "internal error")
}

func invalidField(field, format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, "%s: "+format, append([]any{field}, args...)...)
}

// checkRoom checks a room's name, whose fields stand below prefix.
func checkRoom(prefix string, key eventlog.Key) error {
	if wrong := names.CheckID(key.Namespace); wrong != "" {
		return invalidField(prefix+"namespace", "%s", wrong)
	}
	if wrong := names.CheckID(key.Room); wrong != "" {
		return invalidField(prefix+"room_id", "%s", wrong)
	}
	return nil
}

func checkKick(key eventlog.Key, req *singoffv1.KickMemberRequest) error {
	if err := checkRoom("", key); err != nil {
		return err
	}
	if req.GetMemberId() == "" {
		return invalidField("member_id", "is missing")
	}
	if wrong := checkBytes(req.GetMemberId(), memberIDBytes); wrong != "" {
		return invalidField("member_id", "%s", wrong)
	}
	keepOut := req.GetKeepOut()
	if keepOut == nil {
		return nil
	}
	if d := keepOut.AsDuration(); keepOut.CheckValid() != nil || d < time.Second || d > rules.MaxKeepOut {
		return invalidField("keep_out", "is %v, must be %v to %v, or unset", d, time.Second, rules.MaxKeepOut)
	}
	return nil
}

// announceTo gives the room that an announcement is for, or with no room the namespace, or nothing: all.
func announceTo(req *singoffv1.AnnounceRequest) (to eventlog.Key, err error) {
	if wrong := checkAnnouncement(req.GetText()); wrong != "" {
		return to, invalidField("text", "%s", wrong)
	}
	switch asked := req.GetTo().(type) {
	case *singoffv1.AnnounceRequest_Room:
		to = eventlog.Key{Namespace: namespaceOf(asked.Room.GetNamespace()), Room: asked.Room.GetRoomId()}
		return to, checkRoom("room.", to)
	case *singoffv1.AnnounceRequest_Namespace:
		to.Namespace = namespaceOf(asked.Namespace)
		if wrong := names.CheckID(to.Namespace); wrong != "" {
			return to, invalidField("namespace", "%s", wrong)
		}
		return to, nil
	case *singoffv1.AnnounceRequest_All:
		if asked.All {
			return to, nil
		}
	}
	return to, invalidField("to", "says to nobody; give room, namespace, or all: true")
}

// checkAnnouncement says what is wrong with a text; empty: nothing.
func checkAnnouncement(text string) string {
	if strings.TrimSpace(text) == "" {
		return "is empty"
	}
	if n := utf8.RuneCountInString(text); n > rules.MaxAnnouncement {
		return fmt.Sprintf("has %d characters, the limit is %d", n, rules.MaxAnnouncement)
	}
	for _, c := range text {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return fmt.Sprintf("has the control character %U", c)
		}
	}
	return ""
}

func whichConnections(req *singoffv1.ListConnectionsRequest) (which room.Which, err error) {
	which = room.Which{Namespace: req.GetNamespace(), Room: req.GetRoomId(), Most: int(req.GetPageSize())}
	if wrong := names.CheckID(which.Namespace); which.Namespace != "" && wrong != "" {
		return which, invalidField("namespace", "%s", wrong)
	}
	if which.Room != "" {
		if which.Namespace == "" {
			return which, invalidField("namespace", "is missing, and room_id names a room of one")
		}
		if wrong := names.CheckID(which.Room); wrong != "" {
			return which, invalidField("room_id", "%s", wrong)
		}
	}
	switch {
	case which.Most == 0:
		which.Most = connectionsPage
	case which.Most < 0 || which.Most > connectionsPageMax:
		return which, invalidField("page_size", "is %d, must be 1 to %d, or 0 for %d", which.Most, connectionsPageMax, connectionsPage)
	}
	if req.GetPageToken() == "" {
		return which, nil
	}
	after, ok := connectionsPages(which).nextNumber(req.GetPageToken())
	if !ok {
		return which, invalidField("page_token", "isn't the next_page_token of a page of these connections")
	}
	which.After = after
	return which, nil
}

// connectionsPages are the connections that are asked for; a page begins after a connection's id.
func connectionsPages(which room.Which) pages {
	return pages{"connections", which.Namespace, which.Room}
}
