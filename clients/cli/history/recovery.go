package history

import singoffv1 "github.com/singoff/singoff/gen/singoff/v1"

// welcomeLocked begins a new span, or goes on with the one there is if the stream was resumed.
func (s *Stay) welcomeLocked(w *singoffv1.Welcome) {
	s.noteMemberLocked(w)
	if !w.GetInstanceKnown() {
		s.numbers = nil
	}
	for _, wrong := range overfull(w.GetRoom()) {
		s.reportLocked(Seats, w.GetSnapshotSeq(), "%s", wrong)
	}
	var last *span
	if n := len(s.spans); n > 0 {
		last = s.spans[n-1]
	}
	recovery, seq := w.GetRecovery(), w.GetSnapshotSeq()
	logLost := recovery.GetCause() == singoffv1.Recovery_CAUSE_LOG_LOST
	if last != nil && !logLost {
		s.room.sameLog(s.epoch, w.GetEpoch())
		if seq < last.to {
			s.reportLocked(State, seq, "a Welcome's snapshot is of seq %d, and seq %d had come before", seq, last.to)
		}
	}
	s.replay = nil
	if recovery.GetKind() != singoffv1.Recovery_KIND_RESUMED {
		s.epoch = w.GetEpoch()
		s.spans = append(s.spans, &span{epoch: s.epoch, from: seq, to: seq})
		s.fold = newFold(w.GetRoom())
		return
	}
	if last == nil {
		s.reportLocked(State, seq, "RESUMED, though nothing was there to resume from")
		s.spans = append(s.spans, &span{epoch: s.epoch, from: 0, to: 0})
	}
	s.replay = &replay{welcome: w, left: recovery.GetEvents()}
	s.replayEndLocked()
}

func (s *Stay) noteMemberLocked(w *singoffv1.Welcome) {
	mine := s.room.members[s.about.Person]
	if mine == nil {
		mine = map[string]bool{}
		s.room.members[s.about.Person] = mine
	}
	mine[w.GetSelf().GetMemberId()] = true
}

// replayedLocked counts an event off the replay under way, before it's noted.
func (s *Stay) replayedLocked(ev *singoffv1.Event) {
	if s.replay == nil {
		return
	}
	if ev.GetSeq() <= s.replay.welcome.GetSnapshotSeq() {
		s.replay.left--
		return
	}
	s.reportLocked(Gap, ev.GetSeq(), "a live event came while %d of the %d of the RESUMED were missing",
		s.replay.left, s.replay.welcome.GetRecovery().GetEvents())
	s.settleLocked()
}

// replayEndLocked ends a replay that's through: what the events led to must be what the Welcome said.
func (s *Stay) replayEndLocked() {
	if s.replay == nil || s.replay.left > 0 {
		return
	}
	w := s.replay.welcome
	if s.fold.known {
		if wrong := s.fold.differs(w.GetRoom()); wrong != "" {
			s.reportLocked(State, w.GetSnapshotSeq(), "%s", wrong)
		}
	}
	s.settleLocked()
}

// settleLocked goes on from the state of the Welcome whose replay is over.
func (s *Stay) settleLocked() {
	w := s.replay.welcome
	s.replay = nil
	s.epoch = w.GetEpoch()
	s.fold = newFold(w.GetRoom())
	if current := s.spans[len(s.spans)-1]; current.to < w.GetSnapshotSeq() {
		current.to = w.GetSnapshotSeq()
	}
}
