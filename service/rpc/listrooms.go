package rpc

import (
	"context"
	"encoding/base64"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/names"
)

// The sizes of a page of rooms.
const (
	roomsPage    = 50
	roomsPageMax = 100
)

// ListRooms implements singoffv1.RoomServiceServer.
func (r *Room) ListRooms(ctx context.Context, req *singoffv1.ListRoomsRequest) (*singoffv1.ListRoomsResponse, error) {
	who, err := r.cfg.Door.enter(ctx)
	if err != nil {
		return nil, err
	}
	namespace := namespaceOf(req.GetNamespace())
	if wrong := names.CheckID(namespace); wrong != "" {
		return nil, status.Error(codes.InvalidArgument, "namespace: "+wrong)
	}
	if wrong := who.keptOutOf(namespace); wrong != "" {
		return nil, status.Error(codes.Unauthenticated, "namespace: "+wrong)
	}
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	after, err := decodeRoomsToken(namespace, req.GetPageToken())
	if err != nil {
		return nil, err
	}
	found := r.cfg.Manager.Rooms(namespace, after, size+1)
	if len(found) <= size {
		return &singoffv1.ListRoomsResponse{Rooms: found}, nil
	}
	found = found[:size]
	return &singoffv1.ListRoomsResponse{
		Rooms:         found,
		NextPageToken: encodeRoomsToken(namespace, found[size-1].GetRoomId()),
	}, nil
}

func pageSize(asked int32) (int, error) {
	switch {
	case asked == 0:
		return roomsPage, nil
	case asked < 0 || asked > roomsPageMax:
		return 0, status.Errorf(codes.InvalidArgument, "page_size: is %d, must be 1 to %d, or 0 for %d", asked, roomsPageMax, roomsPage)
	}
	return int(asked), nil
}

// A page token is `rooms/`, the namespace, and the id of the last room shown, in base64url.
const tokenPrefix = "rooms/"

func encodeRoomsToken(namespace, last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenPrefix + namespace + "/" + last))
}

// decodeRoomsToken gives the id after which the page begins.
func decodeRoomsToken(namespace, token string) (after string, err error) {
	if token == "" {
		return "", nil
	}
	invalid := status.Error(codes.InvalidArgument, "page_token: isn't the next_page_token of a page of this namespace")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", invalid
	}
	after, ok := strings.CutPrefix(string(raw), tokenPrefix+namespace+"/")
	if !ok || names.CheckID(after) != "" || encodeRoomsToken(namespace, after) != token {
		return "", invalid
	}
	return after, nil
}
