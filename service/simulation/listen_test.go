package simulation

import (
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// listen takes note of what a person was told.
func (p *person) listen() {
	s := p.stream
	if s == nil {
		return
	}
	s.mu.Lock()
	events := s.events
	s.events = nil
	s.mu.Unlock()
	for _, e := range events {
		p.hear(s, e)
	}
	select {
	case <-s.over:
		p.ended()
	default:
	}
}

func (p *person) hear(s *stream, e *singoffv1.Event) {
	if e.GetSeq() != 0 {
		s.seqs = append(s.seqs, e.GetSeq())
		p.lastSeq = max(p.lastSeq, e.GetSeq())
		if opened := e.GetRoomOpened(); opened != nil {
			p.epoch = opened.GetEpoch()
		}
	}
	switch body := e.GetBody().(type) {
	case *singoffv1.Event_Welcome:
		p.welcomed(s, body.Welcome)
	case *singoffv1.Event_Goaway:
		p.refused(body.Goaway)
	}
	if c := p.commands[e.GetNumber()]; c != nil && e.GetNumber() != 0 {
		delete(p.commands, e.GetNumber())
		p.answered(c, e)
	}
}

func (p *person) welcomed(s *stream, w *singoffv1.Welcome) {
	p.w.reached[w.GetRecovery().GetKind().String()]++
	s.welcome = w
	p.next = w.GetLastNumber() + 1
	if w.GetRecovery().GetKind() != singoffv1.Recovery_KIND_RESUMED {
		p.lastSeq, p.epoch = w.GetSnapshotSeq(), w.GetEpoch()
		s.after = w.GetSnapshotSeq()
	}
	read := *p.join
	read.input = asks{}
	p.w.done("number of "+p.name, &read, w.GetLastNumber())
	names := map[string]string{}
	for _, m := range w.GetRoom().GetMembers() {
		names[m.GetMemberId()] = p.w.nameOf(m)
	}
	for _, t := range w.GetRoom().GetTallies() {
		p.w.done("votes for "+names[t.GetSingerMemberId()], &read, tallyOf(t.GetTally()))
	}
	if p.role == singoffv1.Role_ROLE_SINGER {
		p.w.done("seats", p.join, int(w.GetSelf().GetSeat()))
	}
	p.join = nil
}

// nameOf is a member's name, also when it was forgotten.
func (w *world) nameOf(m *singoffv1.Member) string {
	if name := w.members[m.GetMemberId()]; name != "" {
		return name
	}
	return m.GetNickname()
}

// refused: with FULL, two others had the seats.
func (p *person) refused(g *singoffv1.Goaway) {
	p.w.reached[g.GetReason().String()]++
	if p.join != nil && g.GetReason() == singoffv1.Goaway_REASON_FULL && p.role == singoffv1.Role_ROLE_SINGER {
		p.w.done("seats", p.join, full{})
		p.join = nil
	}
}

// answered: a record, a repeat, or not taken.
func (p *person) answered(c *command, e *singoffv1.Event) {
	number := "number of " + p.name
	rejected := e.GetRejected()
	switch {
	case e.GetAck().GetRepeated():
		p.w.done(number, &c.number, repeated{})
		return // without any effect
	case rejected.GetReason() == singoffv1.Rejected_REASON_NOT_TAKEN:
		p.w.reached[rejected.GetCause().String()]++
		p.next = rejected.GetNextNumber()
		if rejected.GetCause() == singoffv1.Rejected_CAUSE_OUT_OF_STEP {
			p.w.done(number, &c.number, outOfStep{rejected.GetNextNumber()})
		}
		return // a vote that wasn't taken is no operation at all
	}
	p.w.reached["taken"]++
	if c.text != "" && rejected == nil {
		p.said = append(p.said, c.text)
	}
	p.w.done(number, &c.number, taken{})
	if c.vote != nil && rejected == nil {
		output := any(unchanged{})
		if v := e.GetVote(); v != nil {
			output = tallyOf(v.GetTally())
			p.w.reached["voted"]++
		}
		p.w.done("votes for "+c.of, c.vote, output)
	}
	if p.role == singoffv1.Role_ROLE_SINGER {
		read := c.number
		read.input = sits{p.name}
		p.w.done("seats", &read, int(p.stream.welcome.GetSelf().GetSeat()))
	}
}
