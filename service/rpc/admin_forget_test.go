package rpc_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/forget"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/rpc"
)

// forgetful is a log in which one member was somebody.
type forgetful struct {
	err       error
	forgotten []rules.User
}

func (f *forgetful) WhoWas(_ context.Context, room eventlog.Key, memberID string) (user rules.User, err error) {
	switch {
	case room.Room != "friday":
		return user, forget.ErrNoRoom
	case memberID != "m1-abcdef":
		return user, forget.ErrNoMember
	}
	return rules.SignedIn("mina"), nil
}

func (f *forgetful) Forget(_ context.Context, user rules.User) (rooms, events int, err error) {
	f.forgotten = append(f.forgotten, user)
	return 2, 30, f.err
}

func byID(id string) *singoffv1.ForgetUserRequest {
	return &singoffv1.ForgetUserRequest{User: &singoffv1.ForgetUserRequest_UserId{UserId: id}}
}

func byMember(namespace, room, id string) *singoffv1.ForgetUserRequest {
	return &singoffv1.ForgetUserRequest{User: &singoffv1.ForgetUserRequest_Member{Member: &singoffv1.MemberName{Namespace: namespace, RoomId: room, MemberId: id}}}
}

// A person is named by what their token or guest key makes of them, or as a member.
func TestForgetUserFindsWhoItIs(t *testing.T) {
	t.Parallel()
	f := &forgetful{}
	a, err := rpc.NewAdmin(rpc.AdminConfig{Rooms: &operated{}, Forgetter: f})
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("0123456789abcdef")
	guest := rules.Guest(key)
	for _, test := range []struct {
		req  *singoffv1.ForgetUserRequest
		want rules.User
	}{
		{byID("u:mina"), rules.SignedIn("mina")},
		{byID("u:u:mina"), rules.SignedIn("u:mina")},
		{byID("g:" + base64.RawURLEncoding.EncodeToString(guest[:])), guest},
		{byID("g:" + base64.URLEncoding.EncodeToString(guest[:])), guest},
		{byMember("", "friday", "m1-abcdef"), rules.SignedIn("mina")},
	} {
		resp, err := a.ForgetUser(t.Context(), test.req)
		if err != nil || resp.GetRooms() != 2 || resp.GetEvents() != 30 || f.forgotten[len(f.forgotten)-1] != test.want {
			t.Errorf("%v: got %v, %v, and %v forgotten, want %v", test.req, resp, err, f.forgotten, test.want)
		}
	}
}

func TestForgetUserForm(t *testing.T) {
	t.Parallel()
	f := &forgetful{}
	a, err := rpc.NewAdmin(rpc.AdminConfig{Rooms: &operated{}, Forgetter: f})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		req  *singoffv1.ForgetUserRequest
		code codes.Code
		told string
	}{
		{&singoffv1.ForgetUserRequest{}, codes.InvalidArgument, "user: names nobody"},
		{byID(""), codes.InvalidArgument, "user_id: begins neither with u: nor with g:"},
		{byID("mina"), codes.InvalidArgument, "user_id: begins neither"},
		{byID("u:"), codes.InvalidArgument, "user_id: the subject has 0 bytes, must have 1 to 255"},
		{byID("u:" + strings.Repeat("m", 256)), codes.InvalidArgument, "user_id: the subject has 256 bytes"},
		{byID("g:abc"), codes.InvalidArgument, "user_id: what follows g: must be 16 bytes in base64url"},
		{byID("g:!"), codes.InvalidArgument, "user_id: what follows g:"},
		{byMember("a b", "friday", "m"), codes.InvalidArgument, "member.namespace: has"},
		{byMember("", "", "m"), codes.InvalidArgument, "member.room_id: is missing"},
		{byMember("", "friday", ""), codes.InvalidArgument, "member.member_id: is missing"},
		{byMember("", "friday", strings.Repeat("m", 65)), codes.InvalidArgument, "member.member_id: has 65 bytes"},
		{byMember("", "saturday", "m1-abcdef"), codes.NotFound, "room_id: there never was such a room"},
		{byMember("", "friday", "m2-abcdef"), codes.NotFound, "member_id: nobody was that member"},
	} {
		_, err := a.ForgetUser(t.Context(), test.req)
		if status.Code(err) != test.code || !strings.HasPrefix(status.Convert(err).Message(), test.told) {
			t.Errorf("%v: got %v, want %v, %q", test.req, err, test.code, test.told)
		}
	}
	if f.forgotten != nil {
		t.Errorf("got %v forgotten, want nobody", f.forgotten)
	}
}

// What couldn't be done is told, and that it is to be repeated.
func TestForgetUserTellsWhatWasNotDone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		code codes.Code
		told string
	}{
		{forget.ErrNobody, codes.NotFound, "user: the log knows no such user"},
		{fmt.Errorf("room default/a: %w", eventlog.ErrRefused), codes.Unavailable, "not wholly forgotten; 2 rooms were changed. Try again when the cause is gone: room default/a"},
		{errors.New("full"), codes.Unavailable, "not wholly forgotten"},
	} {
		a, err := rpc.NewAdmin(rpc.AdminConfig{Rooms: &operated{}, Forgetter: &forgetful{err: test.err}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.ForgetUser(t.Context(), byID("u:mina"))
		if status.Code(err) != test.code || !strings.HasPrefix(status.Convert(err).Message(), test.told) {
			t.Errorf("%v: got %v, want %v, %q", test.err, err, test.code, test.told)
		}
	}
	a, err := rpc.NewAdmin(rpc.AdminConfig{Rooms: &operated{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.ForgetUser(t.Context(), byID("u:mina")); status.Code(err) != codes.Unimplemented {
		t.Errorf("without a forgetter: got %v, want UNIMPLEMENTED", err)
	}
}
