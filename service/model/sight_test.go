package model

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/roomstate"
	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// sight is what a client saw of the room, checked as it comes against nothing but itself; the log is compared at the end.
type sight struct {
	c       *client
	state   roomstate.State
	members []string
	runs    []run
}

// run is what came between two breaks in the sequence: everything visible from after on.
type run struct {
	after  uint64 // seq that the client had before
	upTo   uint64 // seq up to which nothing may be missing
	events []*singoffv1.Event
	era    int
}

func (s *sight) take(class session.Class, e *singoffv1.Event) {
	switch class {
	case session.Start:
		s.state = roomstate.Of(e.GetWelcome())
	case session.Live, session.Aside:
		s.state = s.state.Apply(e)
	}
	switch class {
	case session.Start:
		w := e.GetWelcome()
		s.members = nil
		for _, m := range w.Room.Members {
			s.members = append(s.members, m.MemberId)
		}
		if w.Recovery.Kind == singoffv1.Recovery_KIND_RESUMED {
			// The replay must go on exactly where the last run stopped, and must be whole once it has come.
			s.runs = append(s.runs, run{after: s.last(), upTo: s.last(), era: s.c.era})
			s.expect(w)
			return
		}
		s.runs = append(s.runs, run{after: w.SnapshotSeq, upTo: w.SnapshotSeq, era: s.c.era})
	case session.History, session.Live:
		if len(s.runs) == 0 {
			s.c.w.fail("%s: an event before any Welcome", s.c.name)
			return
		}
		r := &s.runs[len(s.runs)-1]
		if e.Seq <= r.upTo && class == session.Live {
			s.c.w.fail("%s: live seq %d after %d", s.c.name, e.Seq, r.upTo)
		}
		r.events = append(r.events, e)
		r.upTo = max(r.upTo, e.Seq)
		if p := e.GetPresence(); p.GetChange() == singoffv1.Presence_CHANGE_JOINED {
			s.members = append(s.members, p.Member.MemberId)
		}
	}
}

// expect checks that the session resumes from what this client has really seen.
func (s *sight) expect(w *singoffv1.Welcome) {
	if r := s.c.w.resumeOf(s.c.link); r.GetLastSeq() != s.last() {
		s.c.w.fail("%s: resumes from %d, has seen %d", s.c.name, r.GetLastSeq(), s.last())
	}
	if w.Recovery.Events == 0 {
		s.runs[len(s.runs)-1].upTo = w.SnapshotSeq
	}
}

// caughtUp notes that a replay has come whole: nothing up to S may be missing.
func (s *sight) caughtUp() {
	if len(s.runs) > 0 && s.c.s.Phase() == session.Joined {
		r := &s.runs[len(s.runs)-1]
		r.upTo = max(r.upTo, s.c.s.Resume().GetLastSeq())
	}
}

func (s *sight) last() uint64 {
	if len(s.runs) == 0 {
		return 0
	}
	return s.runs[len(s.runs)-1].upTo
}

func (s *sight) anybody(w *world) string {
	if len(s.members) == 0 {
		return "m-nobody"
	}
	return s.members[w.rnd.IntN(len(s.members))]
}

// check compares every run with the log: the same events, in the same order, none missing, none besides.
func (s *sight) check(eras []*history) {
	for _, r := range s.runs {
		log := eras[r.era]
		got := r.events
		for seq := r.after + 1; seq <= r.upTo; seq++ {
			want, visible := log.event(seq, s.c.user)
			if !visible {
				continue
			}
			if len(got) == 0 || got[0].Seq != seq {
				s.c.w.fail("%s: missed seq %d of (%d, %d], has %v", s.c.name, seq, r.after, r.upTo, got)
				return
			}
			e := proto.CloneOf(got[0])
			if e.Number != 0 && !log.answers(seq, s.c, e.Number) {
				s.c.w.fail("%s: seq %d has number %d, which isn't its own", s.c.name, seq, e.Number)
			}
			e.Number = 0
			if !proto.Equal(e, want) {
				s.c.w.fail("%s: seq %d is %v, the log has %v", s.c.name, seq, e, want)
			}
			got = got[1:]
		}
		if len(got) > 0 {
			s.c.w.fail("%s: saw %v, which the log doesn't show it", s.c.name, got[0])
		}
	}
}

// checkState: replay and live events give what a Welcome would tell now.
func (s *sight) checkState(now *rules.State) {
	got, want := proto.CloneOf(s.state.Room), now.Room(s.state.SelfID)
	got.Bans = slices.DeleteFunc(got.Bans, func(b *singoffv1.Ban) bool { return b.Until != nil && !b.Until.AsTime().After(now.Time()) })
	if !proto.Equal(got, want) {
		s.c.w.fail("%s knows\n%v\nthe room is\n%v", s.c.name, got, want)
	}
	chat, recent := s.state.Chat, now.RecentChat(s.c.user)
	for i := 1; i <= min(len(chat), len(recent)); i++ {
		if got, want := chat[len(chat)-i], recent[len(recent)-i]; !proto.Equal(got, want) {
			s.c.w.fail("%s knows as chat %v, the room has %v", s.c.name, got, want)
			return
		}
	}
}
