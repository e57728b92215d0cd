package rpc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/forget"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/room/rules"
)

// Forgetter forgets people. A *forget.Forgetter is one, and documents the methods.
type Forgetter interface {
	WhoWas(ctx context.Context, room eventlog.Key, memberID string) (rules.User, error)
	Forget(ctx context.Context, namespace string, user rules.User) (rooms, events int, err error)
	ForgetMember(ctx context.Context, room eventlog.Key, memberID string) (rooms, events int, err error)
}

// maxSubject is the longest subject of a token, in bytes.
const maxSubject = 255

// ForgetUser implements singoffv1.AdminServiceServer. It takes as long as it takes; the line about it says nothing of who was forgotten but the member, if
// that is how they were named.
func (a *Admin) ForgetUser(ctx context.Context, req *singoffv1.ForgetUserRequest) (resp *singoffv1.ForgetUserResponse, err error) {
	if a.cfg.Forgetter == nil {
		return a.UnimplementedAdminServiceServer.ForgetUser(ctx, req)
	}
	defer func() {
		a.cfg.Logger.Info().EmbedObject(done{PeerOf(ctx).Addr, eventlog.Key{}, err}).Str("namespace", req.GetNamespace()).
			Str("member_id", req.GetMember().GetMemberId()).Int32("rooms", resp.GetRooms()).Int32("events", resp.GetEvents()).Msg("operator: forget")
	}()
	if wrong := names.CheckID(req.GetNamespace()); req.GetNamespace() != "" && wrong != "" {
		return nil, invalidField("namespace", "%s", wrong)
	}
	switch asked := req.GetUser().(type) {
	case *singoffv1.ForgetUserRequest_UserId:
		user, err := parseUserID(asked.UserId)
		if err != nil {
			return nil, err
		}
		return a.forgetUser(ctx, req.GetNamespace(), user)
	case *singoffv1.ForgetUserRequest_Member:
		return a.forgetWhoeverWas(ctx, req.GetNamespace(), asked.Member)
	}
	return nil, invalidField("user", "names nobody; give user_id or member")
}

func (a *Admin) forgetUser(ctx context.Context, namespace string, user rules.User) (*singoffv1.ForgetUserResponse, error) {
	rooms, events, err := a.cfg.Forgetter.Forget(ctx, namespace, user)
	if namespace != "" && errors.Is(err, forget.ErrNobody) {
		return nil, status.Error(codes.NotFound, "user: no room of the namespace "+namespace+" knows them")
	}
	if err != nil {
		return nil, a.forgetStatus(ctx, err, rooms)
	}
	return &singoffv1.ForgetUserResponse{Rooms: int32(rooms), Events: int32(events)}, nil
}

// forgetWhoeverWas forgets a member's user, or the member alone if that isn't known any more.
func (a *Admin) forgetWhoeverWas(ctx context.Context, namespace string, member *singoffv1.MemberName) (*singoffv1.ForgetUserResponse, error) {
	key := eventlog.Key{Namespace: namespaceOf(member.GetNamespace()), Room: member.GetRoomId()}
	if err := checkRoom("member.", key); err != nil {
		return nil, err
	}
	if member.GetMemberId() == "" {
		return nil, invalidField("member.member_id", "is missing")
	}
	if wrong := checkBytes(member.GetMemberId(), memberIDBytes); wrong != "" {
		return nil, invalidField("member.member_id", "%s", wrong)
	}
	user, err := a.cfg.Forgetter.WhoWas(ctx, key, member.GetMemberId())
	if err == nil {
		return a.forgetUser(ctx, namespace, user)
	}
	if !errors.Is(err, forget.ErrNoMember) {
		return nil, a.forgetStatus(ctx, err, 0)
	}
	if namespace != "" && namespace != key.Namespace {
		return nil, status.Error(codes.NotFound, "member_id: nothing that is kept tells who that was, so that no other namespace can be searched for them")
	}
	rooms, events, err := a.cfg.Forgetter.ForgetMember(ctx, key, member.GetMemberId())
	if err != nil {
		return nil, a.forgetStatus(ctx, err, rooms)
	}
	return &singoffv1.ForgetUserResponse{Rooms: int32(rooms), Events: int32(events), MemberAlone: true}, nil
}

// parseUserID reads `u:` and a token's subject, or `g:` and the hash of a guest's key.
func parseUserID(id string) (user rules.User, err error) {
	const field = "user_id"
	if subject, signedIn := strings.CutPrefix(id, "u:"); signedIn {
		if subject == "" || len(subject) > maxSubject {
			return user, invalidField(field, "the subject has %d bytes, must have 1 to %d", len(subject), maxSubject)
		}
		return rules.SignedIn(subject), nil
	}
	hash, guest := strings.CutPrefix(id, "g:")
	if !guest {
		return user, invalidField(field, "begins neither with u: nor with g:")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(hash, "="))
	if err != nil || len(raw) != len(user) {
		return user, invalidField(field, "what follows g: must be %d bytes in base64url", len(user))
	}
	return rules.User(raw), nil
}

func (a *Admin) forgetStatus(ctx context.Context, err error, rooms int) error {
	switch {
	case errors.Is(err, forget.ErrNobody):
		return status.Error(codes.NotFound, "user: the log knows no such user")
	case errors.Is(err, forget.ErrNoNamespace):
		return status.Error(codes.NotFound, "namespace: there never was a room in it")
	case errors.Is(err, forget.ErrNoRoom):
		return status.Error(codes.NotFound, "room_id: there never was such a room")
	case errors.Is(err, forget.ErrNoMember):
		return status.Error(codes.NotFound, "member_id: nobody was that member, as far back as the room's history is kept")
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	}
	a.cfg.Logger.Error().Err(err).Msg("somebody isn't wholly forgotten")
	return status.Error(codes.Unavailable, fmt.Sprintf("not wholly forgotten; %d rooms were changed. Try again when the cause is gone: %v", rooms, err))
}
