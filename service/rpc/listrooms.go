package rpc

import (
	"context"

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
		return nil, invalidField("namespace", "%s", wrong)
	}
	if wrong := who.keptOutOf(namespace); wrong != "" {
		return nil, status.Error(codes.Unauthenticated, "namespace: "+wrong)
	}
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	after := ""
	if token := req.GetPageToken(); token != "" {
		var ok bool
		if after, ok = roomsPages(namespace).next(token); !ok || names.CheckID(after) != "" {
			return nil, invalidField("page_token", "isn't the next_page_token of a page of this namespace")
		}
	}
	found := r.cfg.Manager.Rooms(namespace, after, size+1)
	if len(found) <= size {
		return &singoffv1.ListRoomsResponse{Rooms: found}, nil
	}
	found = found[:size]
	return &singoffv1.ListRoomsResponse{
		Rooms:         found,
		NextPageToken: roomsPages(namespace).token(found[size-1].GetRoomId()),
	}, nil
}

func pageSize(asked int32) (int, error) {
	switch {
	case asked == 0:
		return roomsPage, nil
	case asked < 0 || asked > roomsPageMax:
		return 0, invalidField("page_size", "is %d, must be 1 to %d, or 0 for %d", asked, roomsPageMax, roomsPage)
	}
	return int(asked), nil
}

// roomsPages are the rooms of a namespace; a page begins after a room's id.
func roomsPages(namespace string) pages { return pages{"rooms", namespace} }
