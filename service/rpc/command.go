package rpc

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/room/rules"
)

// asked are those who know what the rules take as given.
type asked struct {
	// track looks a track up by its id, as Config.Track does.
	track func(id string) (*singoffv1.Track, error)
	// gone says whether a track was removed; nil: none was.
	gone func(id string) bool
	// renew takes a fresh token; nil: it was taken.
	renew func(token string) *rules.Refusal
}

// parseCommand makes a message after the Hello the room's. One that is malformed becomes a command that is refused, so that its
// number counts. A Ping never gets here unless it is malformed.
func parseCommand(req *singoffv1.JoinRequest, ask asked) rules.Command {
	cmd := rules.Command{Number: req.GetNumber(), Size: proto.Size(req)}
	switch c := req.GetCommand().(type) {
	case *singoffv1.JoinRequest_ChatMessage:
		cmd.Body = c.ChatMessage
	case *singoffv1.JoinRequest_Vote:
		cmd.Body = c.Vote
	case *singoffv1.JoinRequest_MusicSelected:
		return pick(cmd, c.MusicSelected, ask)
	case *singoffv1.JoinRequest_Presence:
		cmd.Body = c.Presence
	case *singoffv1.JoinRequest_Playback:
		cmd.Body, cmd.Gone = c.Playback, ask.gone
	case *singoffv1.JoinRequest_Moderation:
		cmd.Body = c.Moderation
	case *singoffv1.JoinRequest_Leave:
		cmd.Body = c.Leave
	case *singoffv1.JoinRequest_Reaction:
		return unnumbered(cmd, "reaction", c.Reaction)
	case *singoffv1.JoinRequest_Signal:
		return unnumbered(cmd, "signal", c.Signal)
	case *singoffv1.JoinRequest_Ping:
		return unnumbered(cmd, "ping", nil)
	case *singoffv1.JoinRequest_Renew:
		if cmd.Refusal = ask.renew(c.Renew.GetToken()); cmd.Refusal == nil {
			cmd.Body = &singoffv1.Renew{} // the token is for the receiver alone
		}
	case *singoffv1.JoinRequest_Hello:
		return refused(cmd, singoffv1.Rejected_REASON_INVALID, "hello", "was said before; it is the first message and no other")
	default:
		return refused(cmd, singoffv1.Rejected_REASON_INVALID, "command", "is missing, or is none that this server knows")
	}
	return cmd
}

// pick looks the track up: the room knows no catalogue.
func pick(cmd rules.Command, m *singoffv1.MusicSelected, ask asked) rules.Command {
	cmd.Body = m
	if m.GetTrackId() == "" {
		return cmd
	}
	const field = "music_selected.track_id"
	found, err := ask.track(m.GetTrackId())
	switch {
	case errors.Is(err, catalog.ErrGone):
		return refused(cmd, singoffv1.Rejected_REASON_TRACK_GONE, field, "is a track that was removed")
	case errors.Is(err, catalog.ErrLoading):
		return refused(cmd, singoffv1.Rejected_REASON_NO_SUCH_TRACK, field, "is no track that is known yet: the songs are still being recalled")
	case err != nil:
		return refused(cmd, singoffv1.Rejected_REASON_NO_SUCH_TRACK, field, "is no track of this server's catalogue")
	}
	cmd.Track = found
	return cmd
}

// unnumbered refuses a number where there is nothing to repeat.
func unnumbered(cmd rules.Command, name string, body any) rules.Command {
	if cmd.Number != 0 {
		wrong := fmt.Sprintf("is %d, a %s always has 0: it is never repeated", cmd.Number, name)
		return refused(cmd, singoffv1.Rejected_REASON_INVALID, "number", wrong)
	}
	cmd.Body = body
	return cmd
}

func refused(cmd rules.Command, reason singoffv1.Rejected_Reason, field, message string) rules.Command {
	cmd.Body, cmd.Refusal = nil, &rules.Refusal{Reason: reason, Field: field, Message: message}
	return cmd
}

// kindOf names a message's command for the metrics.
func kindOf(req *singoffv1.JoinRequest) string {
	m := req.ProtoReflect()
	field := m.WhichOneof(commandOneof)
	if field == nil {
		return "unknown"
	}
	return string(field.Name())
}

var commandOneof = (&singoffv1.JoinRequest{}).ProtoReflect().Descriptor().Oneofs().ByName("command")
