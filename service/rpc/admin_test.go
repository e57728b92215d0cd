package rpc_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/rpc"
)

// operated notes what it is asked for, and answers as it is told.
type operated struct {
	asked       string
	err         error
	connections []room.Connection
}

func (o *operated) Kick(ctx context.Context, key eventlog.Key, k rules.Kick) (*singoffv1.Member, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return nil, errors.New("no deadline")
	}
	o.asked = fmt.Sprintf("kick %s of %s/%s for %v", k.MemberID, key.Namespace, key.Room, k.KeepOut)
	return &singoffv1.Member{MemberId: k.MemberID}, o.err
}

func (o *operated) CloseRoom(_ context.Context, key eventlog.Key) (int, error) {
	o.asked = fmt.Sprintf("close %s/%s", key.Namespace, key.Room)
	return 3, o.err
}

func (o *operated) Announce(_ context.Context, key eventlog.Key, text string) error {
	o.asked = fmt.Sprintf("announce %q in %s/%s", text, key.Namespace, key.Room)
	return o.err
}

func (o *operated) AnnounceAll(_ context.Context, namespace, text string) (said, failed int) {
	o.asked = fmt.Sprintf("announce %q in all of %q", text, namespace)
	return 5, 2
}

func (o *operated) Connections(which room.Which) (list []room.Connection, total int, more bool) {
	for _, c := range o.connections {
		if c.ID > which.After {
			list = append(list, c)
		}
	}
	if more = len(list) > which.Most; more {
		list = list[:which.Most]
	}
	return list, len(o.connections), more
}

// newAdmin is an Admin with what a test gives it, of rooms of which nothing is known otherwise, and its log.
func newAdmin(t testing.TB, cfg rpc.AdminConfig) (*rpc.Admin, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	cfg.Logger = zerolog.New(log)
	if cfg.Rooms == nil {
		cfg.Rooms = &operated{}
	}
	a, err := rpc.NewAdmin(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a, log
}

func TestAdminActs(t *testing.T) {
	t.Parallel()
	o := &operated{}
	a, log := newAdmin(t, rpc.AdminConfig{Rooms: o})
	for _, test := range []struct {
		do   func() (any, error)
		want string
	}{
		{func() (any, error) {
			return a.KickMember(t.Context(), &singoffv1.KickMemberRequest{RoomId: "friday", MemberId: "m1"})
		}, "kick m1 of default/friday for 0s"},
		{func() (any, error) {
			return a.KickMember(t.Context(), &singoffv1.KickMemberRequest{Namespace: "studio", RoomId: "friday", MemberId: "m1", KeepOut: durationpb.New(time.Minute)})
		}, "kick m1 of studio/friday for 1m0s"},
		{func() (any, error) {
			return a.CloseRoom(t.Context(), &singoffv1.CloseRoomRequest{RoomId: "friday"})
		}, "close default/friday"},
		{func() (any, error) {
			return a.Announce(t.Context(), announcement("안녕\n\t여러분", &singoffv1.AnnounceRequest_Room{Room: &singoffv1.RoomName{RoomId: "friday"}}))
		}, `announce "안녕\n\t여러분" in default/friday`},
		{func() (any, error) {
			return a.Announce(t.Context(), announcement("hello", &singoffv1.AnnounceRequest_Namespace{}))
		}, `announce "hello" in all of "default"`},
		{func() (any, error) {
			return a.Announce(t.Context(), announcement("hello", &singoffv1.AnnounceRequest_All{All: true}))
		}, `announce "hello" in all of ""`},
	} {
		log.Reset()
		if _, err := test.do(); err != nil || o.asked != test.want {
			t.Errorf("got %q, %v, want %q", o.asked, err, test.want)
		}
		if !strings.Contains(log.String(), `"outcome":"done"`) || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: got the log %s, want one line", test.want, log)
		}
	}
	said, err := a.Announce(t.Context(), announcement("hello", &singoffv1.AnnounceRequest_All{All: true}))
	if err != nil || said.GetRooms() != 5 || said.GetFailed() != 2 {
		t.Errorf("got %v, %v, want 5 and 2 failed", said, err)
	}
}

func announcement(text string, to any) *singoffv1.AnnounceRequest {
	req := &singoffv1.AnnounceRequest{Text: text}
	switch to := to.(type) {
	case *singoffv1.AnnounceRequest_Room:
		req.To = to
	case *singoffv1.AnnounceRequest_Namespace:
		req.To = to
	case *singoffv1.AnnounceRequest_All:
		req.To = to
	}
	return req
}

func TestAdminTellsWhatWasNotDone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want codes.Code
	}{
		{room.ErrNoRoom, codes.NotFound}, {rules.ErrNobodyThere, codes.NotFound}, {rules.ErrNoSuchMember, codes.NotFound},
		{rules.ErrManyBans, codes.ResourceExhausted}, {room.ErrNotDone, codes.Unavailable}, {room.ErrUnsettled, codes.DeadlineExceeded},
		{errors.New("secret detail"), codes.Internal},
	} {
		a, log := newAdmin(t, rpc.AdminConfig{Rooms: &operated{err: test.err}})
		_, kick := a.KickMember(t.Context(), &singoffv1.KickMemberRequest{RoomId: "friday", MemberId: "m1"})
		_, closing := a.CloseRoom(t.Context(), &singoffv1.CloseRoomRequest{RoomId: "friday"})
		_, said := a.Announce(t.Context(), announcement("hello", &singoffv1.AnnounceRequest_Room{Room: &singoffv1.RoomName{RoomId: "friday"}}))
		for _, err := range []error{kick, closing, said} {
			if status.Code(err) != test.want || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v: got %v, want %v", test.err, err, test.want)
			}
		}
		if n := strings.Count(log.String(), `"outcome":"refused"`); n != 3 {
			t.Errorf("%v: got the log %s, want three refusals", test.err, log)
		}
	}
}

func TestAdminForm(t *testing.T) {
	t.Parallel()
	o := &operated{}
	a, _ := newAdmin(t, rpc.AdminConfig{Rooms: o})
	kick := func(r *singoffv1.KickMemberRequest) func() error {
		return func() error { _, err := a.KickMember(t.Context(), r); return err }
	}
	announce := func(text string, to any) func() error {
		return func() error { _, err := a.Announce(t.Context(), announcement(text, to)); return err }
	}
	list := func(r *singoffv1.ListConnectionsRequest) func() error {
		return func() error { _, err := a.ListConnections(t.Context(), r); return err }
	}
	all := &singoffv1.AnnounceRequest_All{All: true}
	for name, test := range map[string]struct {
		do    func() error
		field string
	}{
		"kick in no room":        {kick(&singoffv1.KickMemberRequest{MemberId: "m"}), "room_id: is missing"},
		"kick in a wrong room":   {kick(&singoffv1.KickMemberRequest{RoomId: "금요일", MemberId: "m"}), "room_id: has"},
		"kick in a wrong space":  {kick(&singoffv1.KickMemberRequest{Namespace: "a b", RoomId: "r", MemberId: "m"}), "namespace: has"},
		"kick nobody":            {kick(&singoffv1.KickMemberRequest{RoomId: "r"}), "member_id: is missing"},
		"kick a long id":         {kick(&singoffv1.KickMemberRequest{RoomId: "r", MemberId: strings.Repeat("m", 65)}), "member_id: has 65 bytes"},
		"kept out for too long":  {kick(&singoffv1.KickMemberRequest{RoomId: "r", MemberId: "m", KeepOut: durationpb.New(25 * time.Hour)}), "keep_out: is 25h0m0s"},
		"kept out for no time":   {kick(&singoffv1.KickMemberRequest{RoomId: "r", MemberId: "m", KeepOut: durationpb.New(0)}), "keep_out: is 0s"},
		"kept out for less":      {kick(&singoffv1.KickMemberRequest{RoomId: "r", MemberId: "m", KeepOut: durationpb.New(-1)}), "keep_out: is"},
		"no duration":            {kick(&singoffv1.KickMemberRequest{RoomId: "r", MemberId: "m", KeepOut: &durationpb.Duration{Seconds: 1, Nanos: -1}}), "keep_out: is"},
		"close no room":          {func() error { _, err := a.CloseRoom(t.Context(), &singoffv1.CloseRoomRequest{}); return err }, "room_id: is missing"},
		"say nothing":            {announce(" \n", all), "text: is empty"},
		"say too much":           {announce(strings.Repeat("가", 2001), all), "text: has 2001 characters"},
		"say a control":          {announce("a\x1b[2J", all), "text: has the control character U+001B"},
		"say to nobody":          {announce("a", nil), "to: says to nobody"},
		"say to not all":         {announce("a", &singoffv1.AnnounceRequest_All{}), "to: says to nobody"},
		"say in no room":         {announce("a", &singoffv1.AnnounceRequest_Room{}), "room.room_id: is missing"},
		"say in a wrong space":   {announce("a", &singoffv1.AnnounceRequest_Namespace{Namespace: "a b"}), "namespace: has"},
		"list a wrong space":     {list(&singoffv1.ListConnectionsRequest{Namespace: "a b"}), "namespace: has"},
		"list a room of nowhere": {list(&singoffv1.ListConnectionsRequest{RoomId: "r"}), "namespace: is missing"},
		"list a wrong room":      {list(&singoffv1.ListConnectionsRequest{Namespace: "n", RoomId: "r r"}), "room_id: has"},
		"list too many":          {list(&singoffv1.ListConnectionsRequest{PageSize: 1001}), "page_size: is 1001"},
		"list fewer than none":   {list(&singoffv1.ListConnectionsRequest{PageSize: -1}), "page_size: is -1"},
		"list after nothing":     {list(&singoffv1.ListConnectionsRequest{PageToken: "!"}), "page_token: "},
		"list after another": {list(&singoffv1.ListConnectionsRequest{
			Namespace: "n", PageToken: base64.RawURLEncoding.EncodeToString([]byte("connections///7"))}), "page_token: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.do()
			if status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(status.Convert(err).Message(), test.field) {
				t.Errorf("got %v, want INVALID_ARGUMENT, %q", err, test.field)
			}
		})
	}
	if o.asked != "" {
		t.Errorf("got %q done, want nothing", o.asked)
	}
	if err := announce(strings.Repeat("가", 2000), all)(); err != nil {
		t.Errorf("got %v for 2,000 characters, want them said", err)
	}
}

func TestAdminListsInPages(t *testing.T) {
	t.Parallel()
	o := &operated{}
	for id := range uint64(250) {
		o.connections = append(o.connections, room.Connection{ID: 3*id + 1, Behind: id, Lag: time.Second})
	}
	a, log := newAdmin(t, rpc.AdminConfig{Rooms: o})
	for _, size := range []int32{0, 1, 99, 250, 1000} {
		log.Reset()
		token, next, pages := "", uint64(0), 0
		for {
			page, err := a.ListConnections(t.Context(), &singoffv1.ListConnectionsRequest{PageSize: size, PageToken: token})
			if err != nil {
				t.Fatal(err)
			}
			pages++
			if page.GetTotalSize() != 250 || len(page.GetConnections()) == 0 {
				t.Fatalf("got %d of %d on a page", len(page.GetConnections()), page.GetTotalSize())
			}
			for _, c := range page.GetConnections() {
				if c.GetLagEvents() != next || c.GetMemberId() != "" {
					t.Fatalf("got connection %v, want number %d", c, next)
				}
				next++
			}
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		want := 1
		if per := int(size); per == 0 {
			want = 3
		} else if per < 250 {
			want = (250 + per - 1) / per
		}
		if next != 250 || pages != want || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("size %d: got %d on %d pages, want 250 on %d, and one line in the log: %s", size, next, pages, want, log)
		}
	}
}

func TestAdminConfig(t *testing.T) {
	t.Parallel()
	for _, cfg := range []rpc.AdminConfig{{}, {Rooms: &operated{}, Patience: -1}} {
		if _, err := rpc.NewAdmin(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

// FuzzConnectionsToken: a page token is a client's bytes; whatever isn't ours is refused.
func FuzzConnectionsToken(f *testing.F) {
	for _, text := range []string{"connections///7", "connections/n/r/18446744073709551615", "rooms/default/a", "connections///07", "/"} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(text)))
	}
	o := &operated{connections: []room.Connection{{ID: 1}}}
	a, _ := newAdmin(f, rpc.AdminConfig{Rooms: o})
	f.Fuzz(func(t *testing.T, token string) {
		_, err := a.ListConnections(t.Context(), &singoffv1.ListConnectionsRequest{PageToken: token})
		if err != nil && status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: got %v", token, err)
		}
	})
}
