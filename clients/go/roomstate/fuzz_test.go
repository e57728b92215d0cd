package roomstate_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/roomstate"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// FuzzApply applies what a server may say, however wrong: the state before must not change, and the bounds hold.
func FuzzApply(f *testing.F) {
	for _, event := range []*singoffv1.Event{
		presence(singoffv1.Presence_CHANGE_JOINED, member("s3", singer, 3), 3, 1, 1, 0), moderation(singoffv1.Moderation_ACTION_KICK, "w1", 1300),
		vote("w1", "s1", singoffv1.Vote_CHOICE_DOWN, nil), {Body: &singoffv1.Event_RoomOpened{}}, {Body: &singoffv1.Event_Playback{}},
	} {
		event.Seq = 11
		b, err := proto.Marshal(&singoffv1.JoinResponse{Events: []*singoffv1.Event{event}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		response := new(singoffv1.JoinResponse)
		if proto.Unmarshal(b, response) != nil {
			return
		}
		s := start("w1")
		for _, event := range response.GetEvents() {
			before := proto.CloneOf(s.Room)
			next := s.Apply(event)
			if !proto.Equal(s.Room, before) {
				t.Fatalf("%v changed the state it was applied to", event)
			}
			if next.Seq < s.Seq || len(next.Chat) > roomstate.MaxChat {
				t.Fatalf("%v: seq %d after %d, %d lines of chat", event, next.Seq, s.Seq, len(next.Chat))
			}
			s = next
			_, _ = s.Position(start("").Room.GetNowPlaying().GetStartsAt().AsTime())
		}
	})
}
