package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// lively is a room in which most things have happened.
func lively(t tb) *battle {
	b := newBattle(t)
	b.must(b.ara, vote(b.ids["mina"], singoffv1.Vote_CHOICE_UP))
	b.must(b.mina, &singoffv1.ChatMessage{Text: "psst", ToMemberId: b.ids["ara"]})
	b.pickAndStart(b.jun)
	b.must(b.mina, moderation(singoffv1.Moderation_ACTION_KICK, b.ids["bo"]))
	b.must(b.mina, moderation(singoffv1.Moderation_ACTION_UNBAN, b.ids["bo"]))
	b.must(b.mina, moderation(singoffv1.Moderation_ACTION_BAN, b.ids["ara"]))
	b.reopen()
	return b
}

// FuzzFromSnapshot reads any bytes as a room: it is refused, or it can be looked at, written again, and opened.
func FuzzFromSnapshot(f *testing.F) {
	f.Add(marshal(f, lively(f).state.Snapshot()))
	f.Add(marshal(f, newBattle(f).state.Snapshot()))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &logv1.Snapshot{}
		if proto.Unmarshal(data, p) != nil {
			return
		}
		s, err := rules.FromSnapshot("default", "battle", p)
		if err != nil {
			return
		}
		look(s)
		if !throughSnapshot(t, s).Equal(s) {
			t.Errorf("a room read from bytes is another after its snapshot")
		}
	})
}

// look asks for all that a room tells.
func look(s *rules.State) {
	for _, m := range s.Room("").Members {
		s.Room(m.MemberId)
		s.Self(m.MemberId)
	}
	cfg := rules.DefaultConfig()
	s.Summary()
	s.Due(&cfg)
	s.RecentChat(rules.User{})
	s.EpochAt(s.Seq())
	s.Clone()
}

// FuzzFromProto reads any bytes as the next record of a lively room: it is refused, or it can be applied or is refused then.
func FuzzFromProto(f *testing.F) {
	for _, rec := range lively(f).log {
		var event []byte
		if rec.Event != nil {
			rec.Event.Seq = 1 << 20 // of no room: the fuzzer's records are given the next seq below
			event = marshal(f, rec.Event)
		}
		f.Add(marshal(f, rec.Proto(event)))
	}
	room := lively(f).state
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &logv1.Record{}
		if proto.Unmarshal(data, p) != nil {
			return
		}
		r, err := rules.FromProto(p)
		if err != nil {
			return
		}
		s := room.Clone()
		if r.Event != nil {
			r.Event.Seq = s.Seq() + 1
		}
		if s.Apply(r) == nil {
			look(s)
			r.VisibleTo(rules.User{})
		}
	})
}
