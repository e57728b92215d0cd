package history

import "slices"

// check compares a stay with what all others of its room saw.
func (s *Stay) check() []Violation {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	found := slices.Clone(s.found)
	report := func(kind Kind, seq uint64, format string, args ...any) {
		before := len(s.found)
		s.reportLocked(kind, seq, format, args...)
		found = append(found, s.found[before:]...)
		s.found = s.found[:before]
	}
	if s.replay != nil && s.replay.welcome.GetSnapshotSeq() <= s.through {
		report(Gap, s.replay.welcome.GetSnapshotSeq(), "%d of the %d events of the RESUMED never came",
			s.replay.left, s.replay.welcome.GetRecovery().GetEvents())
	}
	for i, sp := range s.spans {
		to := sp.to
		if i == len(s.spans)-1 {
			to = max(to, s.through)
		}
		s.checkSpan(sp, to, report)
	}
	for _, a := range s.answered {
		if !s.sawSeq(a.seq) && a.seq <= max(s.newest(), s.through) {
			report(Lost, a.seq, "it answered a command (%s), and its author never saw it", a.what)
		}
	}
	return found
}

func (s *Stay) checkSpan(sp *span, to uint64, report func(kind Kind, seq uint64, format string, args ...any)) {
	for _, f := range s.room.between(sp.epoch, sp.from, to) {
		saw, may := sp.has(f.seq), s.room.may(s.about.Person, f)
		switch {
		case !saw && may:
			report(Lost, f.seq, "%s saw it, and this member didn't", f.by)
		case saw && !may && f.from != "":
			report(Leaked, f.seq, "it is between %s and %s alone", f.from, f.to)
		}
	}
}

func (s *Stay) sawSeq(seq uint64) bool {
	return slices.ContainsFunc(s.spans, func(sp *span) bool { return sp.has(seq) })
}

func (s *Stay) newest() uint64 {
	if len(s.spans) == 0 {
		return 0
	}
	return s.spans[len(s.spans)-1].to
}
