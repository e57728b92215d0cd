package singoff

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Say says something to the room: 1 to 2,000 characters.
func (r *Room) Say(ctx context.Context, text string) (*singoffv1.Event, error) {
	return r.Whisper(ctx, "", text)
}

// Whisper says something to one seated member alone.
func (r *Room) Whisper(ctx context.Context, toMemberID, text string) (*singoffv1.Event, error) {
	chat := &singoffv1.ChatMessage{Text: text, ToMemberId: toMemberID}
	return r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: chat}})
}

// Vote sets the own user's standing vote for a singer, or withdraws it with CHOICE_NONE.
func (r *Room) Vote(ctx context.Context, singerMemberID string, choice singoffv1.Vote_Choice) (*singoffv1.Event, error) {
	vote := &singoffv1.Vote{SingerMemberId: singerMemberID, Choice: choice}
	return r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Vote{Vote: vote}})
}

// Pick chooses a track (singers); an empty id takes the pick back.
func (r *Room) Pick(ctx context.Context, trackID string) (*singoffv1.Event, error) {
	pick := &singoffv1.MusicSelected{TrackId: trackID}
	return r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_MusicSelected{MusicSelected: pick}})
}

// Start plays one's own pick for all, if nothing plays.
func (r *Room) Start(ctx context.Context) (*singoffv1.Event, error) {
	return r.playback(ctx, &singoffv1.Playback{Action: singoffv1.Playback_ACTION_START})
}

// Pause lets one's song stand still.
func (r *Room) Pause(ctx context.Context) (*singoffv1.Event, error) {
	return r.playback(ctx, &singoffv1.Playback{Action: singoffv1.Playback_ACTION_PAUSE})
}

// Resume lets one's paused song go on.
func (r *Room) Resume(ctx context.Context) (*singoffv1.Event, error) {
	return r.playback(ctx, &singoffv1.Playback{Action: singoffv1.Playback_ACTION_RESUME})
}

// Stop ends one's song; the host may stop anybody's.
func (r *Room) Stop(ctx context.Context) (*singoffv1.Event, error) {
	return r.playback(ctx, &singoffv1.Playback{Action: singoffv1.Playback_ACTION_STOP})
}

// Seek jumps to a position in one's song, counted from its beginning; the server clamps it to the song.
func (r *Room) Seek(ctx context.Context, position time.Duration) (*singoffv1.Event, error) {
	return r.playback(ctx, &singoffv1.Playback{Action: singoffv1.Playback_ACTION_SEEK, Position: durationpb.New(position)})
}

func (r *Room) playback(ctx context.Context, playback *singoffv1.Playback) (*singoffv1.Event, error) {
	return r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Playback{Playback: playback}})
}

// Rename gives oneself another nickname: 1 to 32 grapheme clusters, unique in the room.
func (r *Room) Rename(ctx context.Context, nickname string) (*singoffv1.Event, error) {
	return r.presence(ctx, &singoffv1.Presence{Nickname: nickname})
}

// SetHidden tells whether the person looks elsewhere: the page is in the background.
func (r *Room) SetHidden(ctx context.Context, hidden bool) (*singoffv1.Event, error) {
	return r.presence(ctx, &singoffv1.Presence{Hidden: &hidden})
}

func (r *Room) presence(ctx context.Context, presence *singoffv1.Presence) (*singoffv1.Event, error) {
	return r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Presence{Presence: presence}})
}

// Moderate is an act of the host; memberID is empty for LOCK and UNLOCK.
func (r *Room) Moderate(ctx context.Context, action singoffv1.Moderation_Action, memberID string) (*singoffv1.Event, error) {
	moderation := &singoffv1.Moderation{Action: action, MemberId: memberID}
	return r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Moderation{Moderation: moderation}})
}

// Renew hands in a fresh token of the same user, which later reconnects use too.
func (r *Room) Renew(ctx context.Context, token string) (*singoffv1.Event, error) {
	return r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Renew{Renew: &singoffv1.Renew{Token: token}}})
}

// Leave gives the seat up and ends the Room. If its answer is lost with the connection it isn't repeated: the error is
// ErrUnknownOutcome, and the Room ends all the same. When ctx ends before it was sent, the Room lives on.
func (r *Room) Leave(ctx context.Context) error {
	_, err := r.Do(ctx, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Leave{Leave: &singoffv1.Leave{}}})
	return err
}

// Cheer cheers at a singer, count times at once (1 to 20). It is sent at most once: ErrNotJoined if there is no connection just now.
func (r *Room) Cheer(singerMemberID string, kind singoffv1.Reaction_Kind, count int) error {
	if count < 1 || count > 20 {
		return invalid("count", "is %d; 1 to 20 are allowed", count)
	}
	reaction := &singoffv1.Reaction{SingerMemberId: singerMemberID, Kind: kind, Count: uint32(count)}
	return r.sendOnce(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Reaction{Reaction: reaction}})
}

// Signal relays a WebRTC message of at most 12 KiB to one member. It is sent at most once: ErrNotJoined if there is no connection just now.
func (r *Room) Signal(toMemberID string, kind singoffv1.Signal_Kind, payload string) error {
	signal := &singoffv1.Signal{ToMemberId: toMemberID, Kind: kind, Payload: payload}
	return r.sendOnce(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Signal{Signal: signal}})
}
