package room_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// all gives what has come so far.
func (s *stream) all() []*singoffv1.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// live gives what has come after the Welcome and its replay.
func (s *stream) live() (events []*singoffv1.Event) {
	after := s.welcome().GetSnapshotSeq()
	for _, ev := range s.all() {
		if ev.GetWelcome() == nil && (ev.GetSeq() == 0 || ev.GetSeq() > after) {
			events = append(events, ev)
		}
	}
	return events
}

// welcome is the Welcome that has come; nil: none has.
func (s *stream) welcome() *singoffv1.Welcome {
	if all := s.all(); len(all) > 0 {
		return all[0].GetWelcome()
	}
	return nil
}

func (s *stream) id() string { return s.welcome().GetSelf().GetMemberId() }

// seqs are those of all kept events that have come.
func (s *stream) seqs() (seqs []uint64) {
	for _, ev := range s.all() {
		if ev.GetSeq() != 0 {
			seqs = append(seqs, ev.GetSeq())
		}
	}
	return seqs
}

// place is where this client would resume.
func (s *stream) place() *singoffv1.Resume {
	w := s.welcome()
	p := &singoffv1.Resume{Epoch: w.GetEpoch(), LastSeq: w.GetSnapshotSeq()}
	for _, ev := range s.live() {
		p.LastSeq = max(p.LastSeq, ev.GetSeq())
		if o := ev.GetRoomOpened(); o != nil {
			p.Epoch = o.GetEpoch()
		}
	}
	return p
}

// ended is the goodbye with which the stream has ended; nil: it was lost. It fails the test if the stream is still open.
func (s *stream) ended(t *testing.T) *singoffv1.Goaway {
	t.Helper()
	select {
	case <-s.over:
	default:
		t.Fatalf("%s's stream is still open", s.g.name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.events); s.bye != nil && s.events[n-1].GetGoaway().GetReason() != s.bye.GetReason() {
		t.Errorf("the last event is %v, not the goodbye %v", s.events[n-1], s.bye)
	}
	return s.bye
}

// wantEnd checks the reason of the goodbye.
func (s *stream) wantEnd(t *testing.T, reason singoffv1.Goaway_Reason) {
	t.Helper()
	if bye := s.ended(t); bye == nil || bye.GetReason() != reason {
		t.Errorf("%s: got goodbye %v, want %v", s.g.name, bye, reason)
	}
}

// wantOpen checks that the stream goes on.
func (s *stream) wantOpen(t *testing.T) {
	t.Helper()
	select {
	case <-s.over:
		t.Fatalf("%s's stream has ended: %v", s.g.name, s.bye)
	default:
	}
}

// short says in a word what an event is.
func short(ev *singoffv1.Event) string {
	number := ""
	if ev.GetNumber() != 0 {
		number = fmt.Sprintf("%d:", ev.GetNumber())
	}
	switch {
	case ev.GetWelcome() != nil:
		return "welcome " + word(ev.GetWelcome().GetRecovery().GetKind().String())
	case ev.GetGoaway() != nil:
		return "goaway " + word(ev.GetGoaway().GetReason().String())
	case ev.GetChatMessage() != nil:
		return number + ev.GetChatMessage().GetText()
	case ev.GetPresence() != nil:
		p := ev.GetPresence()
		return number + p.GetMember().GetNickname() + " " + word(p.GetChange().String())
	case ev.GetRejected() != nil:
		return number + "rejected " + word(ev.GetRejected().GetReason().String())
	case ev.GetPlayback() != nil:
		return number + "playback " + word(ev.GetPlayback().GetAction().String())
	}
	name := ev.ProtoReflect().WhichOneof(ev.ProtoReflect().Descriptor().Oneofs().ByName("body")).Name()
	return number + string(name)
}

func word(name string) string {
	_, name, _ = strings.Cut(strings.ToLower(name), "_")
	return name
}

func shorts(events []*singoffv1.Event) (all []string) {
	for _, ev := range events {
		all = append(all, short(ev))
	}
	return all
}

// wantEvents compares in short.
func wantEvents(t *testing.T, who string, got []*singoffv1.Event, want ...string) {
	t.Helper()
	if s := shorts(got); !slices.Equal(s, want) {
		t.Errorf("%s:\n got %q\nwant %q", who, s, want)
	}
}

// wantRecovery checks how a stream was recovered.
func (s *stream) wantRecovery(t *testing.T, kind singoffv1.Recovery_Kind, cause singoffv1.Recovery_Cause, events int) {
	t.Helper()
	r := s.welcome().GetRecovery()
	if r.GetKind() != kind || r.GetCause() != cause || int(r.GetEvents()) != events {
		t.Errorf("%s: got recovery %v, want %v, %v, %d events", s.g.name, r, kind, cause, events)
	}
}

const (
	fresh, resumed, snapshot = singoffv1.Recovery_KIND_NEW, singoffv1.Recovery_KIND_RESUMED, singoffv1.Recovery_KIND_SNAPSHOT

	noCause, trimmed = singoffv1.Recovery_CAUSE_UNSPECIFIED, singoffv1.Recovery_CAUSE_TRIMMED
	logLost, tooFar  = singoffv1.Recovery_CAUSE_LOG_LOST, singoffv1.Recovery_CAUSE_TOO_FAR_BEHIND
)

// lastSeq is the newest seq of the battle's log.
func (h *house) lastSeq() uint64 {
	head, err := h.log.below.Open(h.t.Context(), battle)
	if err != nil {
		h.t.Fatal(err)
	}
	if n := len(head.Entries); n > 0 {
		return head.Entries[n-1].LastSeq()
	}
	if head.Snapshot != nil {
		return head.Snapshot.Seq
	}
	return 0
}
