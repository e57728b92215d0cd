package rpc_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestListRoomsPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var want []string
	for i := range 120 {
		id := fmt.Sprintf("room-%03d", i)
		want = append(want, id)
		s.manager.summary = append(s.manager.summary, &singoffv1.RoomSummary{RoomId: id})
	}
	for _, size := range []int32{0, 1, 7, 40, 60, 100} {
		var got []string
		token := ""
		for {
			page, err := s.ListRooms(t.Context(), &singoffv1.ListRoomsRequest{PageSize: size, PageToken: token})
			if err != nil {
				t.Fatal(err)
			}
			limit := int(size)
			if size == 0 {
				limit = 50
			}
			if n := len(page.GetRooms()); n == 0 || n > limit {
				t.Fatalf("got a page of %d, want 1 to %d", n, limit)
			}
			for _, r := range page.GetRooms() {
				got = append(got, r.GetRoomId())
			}
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("size %d: got %v, want %v", size, got, want)
		}
	}
}

func TestListRoomsOfNobody(t *testing.T) {
	t.Parallel()
	page, err := newServer(t).ListRooms(t.Context(), &singoffv1.ListRoomsRequest{})
	if err != nil || len(page.GetRooms()) != 0 || page.GetNextPageToken() != "" {
		t.Errorf("got %v, %v, want an empty last page", page, err)
	}
}

func TestListRoomsThatAreRefused(t *testing.T) {
	t.Parallel()
	token := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, test := range map[string]struct {
		req   *singoffv1.ListRoomsRequest
		field string
	}{
		"namespace":             {&singoffv1.ListRoomsRequest{Namespace: "a/b"}, "namespace"},
		"negative size":         {&singoffv1.ListRoomsRequest{PageSize: -1}, "page_size"},
		"too large a page":      {&singoffv1.ListRoomsRequest{PageSize: 101}, "page_size"},
		"garbage":               {&singoffv1.ListRoomsRequest{PageToken: "%%%"}, "page_token"},
		"nothing of ours":       {&singoffv1.ListRoomsRequest{PageToken: token("hello")}, "page_token"},
		"another namespace's":   {&singoffv1.ListRoomsRequest{PageToken: token("rooms/club/a")}, "page_token"},
		"no id in it":           {&singoffv1.ListRoomsRequest{PageToken: token("rooms/default/")}, "page_token"},
		"something else for id": {&singoffv1.ListRoomsRequest{PageToken: token("rooms/default/a b")}, "page_token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newServer(t).ListRooms(t.Context(), test.req)
			if status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(status.Convert(err).Message(), test.field+": ") {
				t.Errorf("got %v, want INVALID_ARGUMENT naming %s", err, test.field)
			}
		})
	}
}

func TestIdentityOfUnaryCalls(t *testing.T) {
	t.Parallel()
	key := []byte{0xfb, 0xff, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	for name, test := range map[string]struct {
		pairs []string
		want  codes.Code
	}{
		"nobody":          {nil, codes.OK},
		"base64url":       {[]string{"singoff-guest-key", base64.RawURLEncoding.EncodeToString(key)}, codes.OK},
		"base64 padded":   {[]string{"singoff-guest-key", base64.StdEncoding.EncodeToString(key)}, codes.OK},
		"short":           {[]string{"singoff-guest-key", "AAAA"}, codes.InvalidArgument},
		"not base64":      {[]string{"singoff-guest-key", "*secret*"}, codes.InvalidArgument},
		"two keys":        {[]string{"singoff-guest-key", "AAAA", "singoff-guest-key", "AAAA"}, codes.InvalidArgument},
		"a token":         {[]string{"authorization", "Bearer x"}, codes.Unauthenticated},
		"a token and key": {[]string{"authorization", "Bearer x", "singoff-guest-key", "AAAA"}, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := metadata.NewIncomingContext(context.Background(), metadata.Pairs(test.pairs...))
			_, err := newServer(t).ListRooms(ctx, &singoffv1.ListRoomsRequest{})
			if status.Code(err) != test.want || strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("got %v, want %v and no key in it", err, test.want)
			}
		})
	}
}
