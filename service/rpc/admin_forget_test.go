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

// forgetful is a log in which of one member it is known who it was, and of another it isn't.
type forgetful struct {
	err       error
	forgotten []rules.User
	where     string // the last one: a namespace, or whose member
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

func (f *forgetful) Forget(_ context.Context, namespace string, user rules.User) (rooms, events int, err error) {
	f.forgotten, f.where = append(f.forgotten, user), namespace
	return 2, 30, f.err
}

func (f *forgetful) ForgetMember(_ context.Context, room eventlog.Key, memberID string) (rooms, events int, err error) {
	if memberID != "m1-unknown" {
		return 0, 0, forget.ErrNoMember
	}
	f.where = room.String() + " " + memberID
	return 1, 3, f.err
}

func in(namespace string, req *singoffv1.ForgetUserRequest) *singoffv1.ForgetUserRequest {
	req.Namespace = namespace
	return req
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
	a, _ := newAdmin(t, rpc.AdminConfig{Forgetter: f})
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

// It is done in one namespace if that is asked for, whatever the member's is by whom they are named. A member of whom nobody knows who it was is forgotten alone.
func TestForgetUserWhere(t *testing.T) {
	t.Parallel()
	f := &forgetful{}
	a, _ := newAdmin(t, rpc.AdminConfig{Forgetter: f})
	for _, test := range []struct {
		req   *singoffv1.ForgetUserRequest
		where string
		alone bool
	}{
		{byID("u:mina"), "", false},
		{in("club", byID("u:mina")), "club", false},
		{byMember("club", "friday", "m1-abcdef"), "", false},
		{in("club", byMember("", "friday", "m1-abcdef")), "club", false},
		{byMember("", "friday", "m1-unknown"), "default/friday m1-unknown", true},
		{in("club", byMember("club", "friday", "m1-unknown")), "club/friday m1-unknown", true},
	} {
		f.where = "nowhere"
		resp, err := a.ForgetUser(t.Context(), test.req)
		if err != nil || resp.GetRooms() == 0 || resp.GetMemberAlone() != test.alone || f.where != test.where {
			t.Errorf("%v: got %v, %v, in %q, want it in %q", test.req, resp, err, f.where, test.where)
		}
	}
}

func TestForgetUserForm(t *testing.T) {
	t.Parallel()
	f := &forgetful{}
	a, _ := newAdmin(t, rpc.AdminConfig{Forgetter: f})
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
		{in("a b", byID("u:mina")), codes.InvalidArgument, "namespace: has"},
		{in(strings.Repeat("n", 65), byID("u:mina")), codes.InvalidArgument, "namespace: has 65"},
		{in("club", byMember("", "friday", "m1-unknown")), codes.NotFound, "member_id: nothing that is kept tells who that was"},
		{byMember("", "saturday", "m1-abcdef"), codes.NotFound, "room_id: there never was such a room"},
		{byMember("", "friday", "m2-abcdef"), codes.NotFound, "member_id: nobody was that member"},
	} {
		_, err := a.ForgetUser(t.Context(), test.req)
		if status.Code(err) != test.code || !strings.HasPrefix(status.Convert(err).Message(), test.told) {
			t.Errorf("%v: got %v, want %v, %q", test.req, err, test.code, test.told)
		}
	}
	if f.forgotten != nil || f.where != "" {
		t.Errorf("got %v forgotten in %q, want nobody", f.forgotten, f.where)
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
		{forget.ErrNoNamespace, codes.NotFound, "namespace: there never was a room in it"},
		{fmt.Errorf("room default/a: %w", eventlog.ErrRefused), codes.Unavailable, "not wholly forgotten; 2 rooms were changed. Try again when the cause is gone: room default/a"},
		{errors.New("full"), codes.Unavailable, "not wholly forgotten"},
	} {
		a, _ := newAdmin(t, rpc.AdminConfig{Forgetter: &forgetful{err: test.err}})
		_, err := a.ForgetUser(t.Context(), byID("u:mina"))
		if status.Code(err) != test.code || !strings.HasPrefix(status.Convert(err).Message(), test.told) {
			t.Errorf("%v: got %v, want %v, %q", test.err, err, test.code, test.told)
		}
	}
	a, _ := newAdmin(t, rpc.AdminConfig{Forgetter: &forgetful{err: forget.ErrNobody}})
	if _, err := a.ForgetUser(t.Context(), in("club", byID("u:mina"))); status.Code(err) != codes.NotFound || !strings.Contains(err.Error(), "no room of the namespace club knows them") {
		t.Errorf("got %v, want NOT_FOUND with the namespace", err)
	}
	a, _ = newAdmin(t, rpc.AdminConfig{})
	if _, err := a.ForgetUser(t.Context(), byID("u:mina")); status.Code(err) != codes.Unimplemented {
		t.Errorf("without a forgetter: got %v, want UNIMPLEMENTED", err)
	}
}
