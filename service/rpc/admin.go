package rpc

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

// Operated is what the operator acts on. A *room.Manager is one, and documents the methods.
type Operated interface {
	Kick(ctx context.Context, key eventlog.Key, k rules.Kick) (*singoffv1.Member, error)
	CloseRoom(ctx context.Context, key eventlog.Key) (members int, err error)
	Announce(ctx context.Context, key eventlog.Key, text string) error
	AnnounceAll(ctx context.Context, namespace, text string) (said, failed int)
	Connections(which room.Which) (list []room.Connection, total int, more bool)
}

// AdminConfig of an Admin.
type AdminConfig struct {
	// Rooms are acted on. Required.
	Rooms Operated
	// Recorder makes flight records, for RecordRoom; nil: that is UNIMPLEMENTED.
	Recorder Recorder
	// Forgetter forgets people, for ForgetUser; nil: that is UNIMPLEMENTED.
	Forgetter Forgetter
	// Backup makes a copy of the log, for Backup; nil: there is nothing to copy.
	Backup Backuper
	// Patience is how long an act may wait for the rooms' log. Default 5 s.
	Patience time.Duration
	// Logger gets a line at info for each act: who, what, and what came of it.
	Logger zerolog.Logger
}

// Admin is AdminService. Whoever reaches it may do anything: serve it where only the operator can, or with RequireToken. All its methods may be
// called concurrently.
type Admin struct {
	singoffv1.UnimplementedAdminServiceServer

	cfg AdminConfig
}

// NewAdmin makes an AdminService.
func NewAdmin(cfg AdminConfig) (*Admin, error) {
	if cfg.Patience == 0 {
		cfg.Patience = 5 * time.Second
	}
	switch {
	case cfg.Rooms == nil:
		return nil, errors.New("rpc: AdminConfig.Rooms is missing")
	case cfg.Patience < 0:
		return nil, errors.New("rpc: AdminConfig.Patience must not be negative")
	}
	return &Admin{cfg: cfg}, nil
}

// KickMember implements singoffv1.AdminServiceServer.
func (a *Admin) KickMember(ctx context.Context, req *singoffv1.KickMemberRequest) (_ *singoffv1.KickMemberResponse, err error) {
	key := eventlog.Key{Namespace: namespaceOf(req.GetNamespace()), Room: req.GetRoomId()}
	defer func() {
		a.cfg.Logger.Info().EmbedObject(done{PeerOf(ctx).Addr, key, err}).Str("member_id", req.GetMemberId()).Stringer("keep_out", req.GetKeepOut().AsDuration()).Msg("operator: kick")
	}()
	if err := checkKick(key, req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Patience)
	defer cancel()
	member, err := a.cfg.Rooms.Kick(ctx, key, rules.Kick{MemberID: req.GetMemberId(), KeepOut: req.GetKeepOut().AsDuration()})
	if err != nil {
		return nil, actStatus(err)
	}
	return &singoffv1.KickMemberResponse{Member: member}, nil
}

// CloseRoom implements singoffv1.AdminServiceServer.
func (a *Admin) CloseRoom(ctx context.Context, req *singoffv1.CloseRoomRequest) (_ *singoffv1.CloseRoomResponse, err error) {
	key, members := eventlog.Key{Namespace: namespaceOf(req.GetNamespace()), Room: req.GetRoomId()}, 0
	defer func() {
		a.cfg.Logger.Info().EmbedObject(done{PeerOf(ctx).Addr, key, err}).Int("members", members).Msg("operator: close")
	}()
	if err := checkRoom("", key); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Patience)
	defer cancel()
	if members, err = a.cfg.Rooms.CloseRoom(ctx, key); err != nil {
		return nil, actStatus(err)
	}
	return &singoffv1.CloseRoomResponse{Members: int32(members)}, nil
}

// Announce implements singoffv1.AdminServiceServer.
func (a *Admin) Announce(ctx context.Context, req *singoffv1.AnnounceRequest) (resp *singoffv1.AnnounceResponse, err error) {
	to, err := announceTo(req)
	defer func() {
		a.cfg.Logger.Info().EmbedObject(done{PeerOf(ctx).Addr, to, err}).Str("text", req.GetText()).Int32("rooms", resp.GetRooms()).Int32("failed", resp.GetFailed()).Msg("operator: announce")
	}()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Patience)
	defer cancel()
	if to.Room != "" {
		if err := a.cfg.Rooms.Announce(ctx, to, req.GetText()); err != nil {
			return nil, actStatus(err)
		}
		return &singoffv1.AnnounceResponse{Rooms: 1}, nil
	}
	said, failed := a.cfg.Rooms.AnnounceAll(ctx, to.Namespace, req.GetText())
	return &singoffv1.AnnounceResponse{Rooms: int32(said), Failed: int32(failed)}, nil
}

// ListConnections implements singoffv1.AdminServiceServer. Only the first page of a list is logged.
func (a *Admin) ListConnections(ctx context.Context, req *singoffv1.ListConnectionsRequest) (_ *singoffv1.ListConnectionsResponse, err error) {
	if req.GetPageToken() == "" {
		defer func() {
			a.cfg.Logger.Info().EmbedObject(done{PeerOf(ctx).Addr, eventlog.Key{Namespace: req.GetNamespace(), Room: req.GetRoomId()}, err}).Msg("operator: list connections")
		}()
	}
	which, err := whichConnections(req)
	if err != nil {
		return nil, err
	}
	list, total, more := a.cfg.Rooms.Connections(which)
	resp := &singoffv1.ListConnectionsResponse{TotalSize: int32(total)}
	for _, c := range list {
		resp.Connections = append(resp.Connections, shown(c))
	}
	if more {
		resp.NextPageToken = connectionsPages(which).numberToken(list[len(list)-1].ID)
	}
	return resp, nil
}

func shown(c room.Connection) *singoffv1.Connection {
	return &singoffv1.Connection{
		Namespace:     c.Room.Namespace,
		RoomId:        c.Room.Room,
		MemberId:      c.Member.GetMemberId(),
		Nickname:      c.Member.GetNickname(),
		Role:          c.Member.GetRole(),
		RemoteAddress: c.About.RemoteAddr,
		UserAgent:     c.About.UserAgent,
		Client:        c.About.Client,
		Transport:     c.About.Transport,
		Since:         timestamppb.New(c.Since),
		LagEvents:     c.Behind,
		Lag:           durationpb.New(c.Lag),
	}
}

// done is what every line about an act says.
type done struct {
	who string
	key eventlog.Key // of the room, or of less
	err error
}

// MarshalZerologObject implements zerolog.LogObjectMarshaler.
func (d done) MarshalZerologObject(line *zerolog.Event) {
	line.Str("who", d.who)
	if d.key.Namespace != "" {
		line.Str("namespace", d.key.Namespace)
	}
	if d.key.Room != "" {
		line.Str("room", d.key.Room)
	}
	if d.err != nil {
		line.Str("outcome", "refused").Err(d.err)
	} else {
		line.Str("outcome", "done")
	}
}
