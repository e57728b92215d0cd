package rules

import (
	"fmt"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Answer is what a command's connection is told that isn't a record, once the batch is kept.
type Answer struct {
	// Event is for this connection alone (seq 0), or nil: the record answers, or nobody does.
	Event *singoffv1.Event
	// Cheer is a Reaction that was taken.
	Cheer *singoffv1.Reaction
	// Relay is a Signal that was taken, as it is to be told to the connection To.
	Relay *singoffv1.Event
	To    Connection
}

// Command decides a command of a connection. A connection that isn't its member's current one gets no answer.
func (b *Batch) Command(conn Connection, c Command) Answer {
	m := b.state.byConn[conn]
	if m == nil {
		return Answer{}
	}
	if c.Number != 0 {
		last, _ := b.state.LastNumber(m.user, m.instance)
		if c.Number <= last {
			return Answer{Event: private(c.Number, &singoffv1.Event{Body: &singoffv1.Event_Ack{Ack: &singoffv1.Ack{Repeated: true}}})}
		}
		if c.Number != last+1 {
			return Answer{Event: NotTaken(c.Number, last+1, singoffv1.Rejected_CAUSE_OUT_OF_STEP)}
		}
		b.command = &CommandKey{m.user, m.instance, c.Number}
		defer func() { b.command = nil }()
	}
	before := len(b.Records)
	answer, refusal := b.decide(m, c)
	b.settle()
	switch {
	case refusal != nil:
		return b.answer(m, c.Number, &singoffv1.Event{Body: &singoffv1.Event_Rejected{Rejected: &singoffv1.Rejected{
			Reason: refusal.Reason, Field: refusal.Field, Message: refusal.Message,
		}}})
	case len(b.Records) == before && answer.Cheer == nil && answer.Relay == nil:
		return b.answer(m, c.Number, &singoffv1.Event{Body: &singoffv1.Event_Ack{Ack: &singoffv1.Ack{}}})
	}
	return answer
}

// answer leaves a numbered command's answer as its record, seen by its user alone; another's is for the connection alone.
func (b *Batch) answer(m *member, number uint64, e *singoffv1.Event) Answer {
	if number == 0 {
		return Answer{Event: private(0, e)}
	}
	b.emit(b.own(&Record{Event: m.author(e), Audience: []User{m.user}}))
	return Answer{}
}

func private(number uint64, e *singoffv1.Event) *singoffv1.Event {
	e.Number = number
	return e
}

// NotTaken answers a command that uses up no number.
func NotTaken(number, next uint64, cause singoffv1.Rejected_Cause) *singoffv1.Event {
	r := &singoffv1.Rejected{Reason: singoffv1.Rejected_REASON_NOT_TAKEN, Cause: cause, NextNumber: next, Field: "number"}
	switch cause {
	case singoffv1.Rejected_CAUSE_OUT_OF_STEP:
		r.Message = fmt.Sprintf("number %d is out of step: the next command has number %d", number, next)
	default:
		r.Field, r.Message = "", "the room's log can't keep anything at the moment; nothing was done"
	}
	return private(number, &singoffv1.Event{Body: &singoffv1.Event_Rejected{Rejected: r}})
}

func refuse(reason singoffv1.Rejected_Reason, field, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Field: field, Message: fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) *Refusal {
	return refuse(singoffv1.Rejected_REASON_INVALID, field, format, args...)
}

func (b *Batch) decide(m *member, c Command) (Answer, *Refusal) {
	if c.Refusal != nil {
		return Answer{}, c.Refusal
	}
	switch body := c.Body.(type) {
	case *singoffv1.ChatMessage:
		return Answer{}, b.chat(m, body)
	case *singoffv1.Vote:
		return Answer{}, b.vote(m, body)
	case *singoffv1.MusicSelected:
		return Answer{}, b.pick(m, body, c.Track)
	case *singoffv1.Presence:
		return Answer{}, b.change(m, body)
	case *singoffv1.Playback:
		return Answer{}, b.steer(m, body, c.Gone)
	case *singoffv1.Moderation:
		return Answer{}, b.moderate(m, body)
	case *singoffv1.Reaction:
		return b.cheer(m, body, c.Number)
	case *singoffv1.Signal:
		return b.signal(m, body, c.Number)
	case *singoffv1.Renew:
		return Answer{}, nil // the receiver has found the token good; that it was taken is all there is to keep
	case *singoffv1.Leave:
		b.leave(m, singoffv1.Presence_REASON_LEFT, goaway(singoffv1.Goaway_REASON_LEFT, "", "you have left"))
		return Answer{}, nil
	}
	return Answer{}, invalid("command", "the command is missing or not known here")
}

// singer finds the singer whom somebody votes for or cheers at.
func (b *Batch) singer(field, id string) (*member, *Refusal) {
	to := b.state.byID[id]
	if to == nil || to.role != singoffv1.Role_ROLE_SINGER {
		return nil, refuse(singoffv1.Rejected_REASON_NO_SUCH_MEMBER, field, "no singer here has that id")
	}
	return to, nil
}

func (b *Batch) vote(m *member, v *singoffv1.Vote) *Refusal {
	if !m.seated() {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "vote", "an observer doesn't vote")
	}
	if v.Choice < singoffv1.Vote_CHOICE_UP || v.Choice > singoffv1.Vote_CHOICE_NONE {
		return invalid("vote.choice", "the choice is UP, DOWN or NONE")
	}
	to, refusal := b.singer("vote.singer_member_id", v.SingerMemberId)
	if refusal != nil {
		return refusal
	}
	if to.user == m.user {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "vote.singer_member_id", "nobody votes for themselves")
	}
	all, key, want := b.state.votes, ballot{m.user, to.user}, choiceOf(v.Choice, m.signedIn)
	had, standing := all.standing[key]
	if want == nil && !standing || want != nil && standing && *want == had {
		return nil
	}
	if want != nil && !standing {
		if _, counted := all.tallies[to.user]; len(all.standing) >= MaxVotes || !counted && len(all.tallies) >= MaxVotedFor {
			return refuse(singoffv1.Rejected_REASON_ROOM_LIMIT, "vote", "the room holds %d votes, for %d singers, at most", MaxVotes, MaxVotedFor)
		}
	}
	b.emit(b.own(&Record{
		Fact: &Voted{Voter: m.user, SignedIn: m.signedIn, Singer: to.user},
		Event: m.author(&singoffv1.Event{Body: &singoffv1.Event_Vote{Vote: &singoffv1.Vote{
			SingerMemberId: to.id, Choice: v.Choice, Tally: all.after(key, want).proto(),
		}}}),
	}))
	return nil
}

func (b *Batch) cheer(m *member, r *singoffv1.Reaction, number uint64) (Answer, *Refusal) {
	if number != 0 {
		return Answer{}, invalid("number", "a reaction has number 0")
	}
	if !m.seated() {
		return Answer{}, refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "reaction", "an observer has no voice")
	}
	if _, known := singoffv1.Reaction_Kind_name[int32(r.Kind)]; !known || r.Kind == singoffv1.Reaction_KIND_UNSPECIFIED {
		return Answer{}, invalid("reaction.kind", "the kind of the reaction is missing or not known here")
	}
	if r.Count > MaxReactionCount {
		return Answer{}, invalid("reaction.count", "%d at once is more than %d", r.Count, MaxReactionCount)
	}
	to, refusal := b.singer("reaction.singer_member_id", r.SingerMemberId)
	if refusal != nil {
		return Answer{}, refusal
	}
	return Answer{Cheer: &singoffv1.Reaction{SingerMemberId: to.id, Kind: r.Kind, Count: max(r.Count, 1)}}, nil
}

func (b *Batch) signal(m *member, g *singoffv1.Signal, number uint64) (Answer, *Refusal) {
	if number != 0 {
		return Answer{}, invalid("number", "a signal has number 0")
	}
	if _, known := singoffv1.Signal_Kind_name[int32(g.Kind)]; !known || g.Kind == singoffv1.Signal_KIND_UNSPECIFIED {
		return Answer{}, invalid("signal.kind", "the kind of the signal is missing or not known here")
	}
	if n := len(g.Payload); n == 0 || n > MaxSignalSize {
		return Answer{}, invalid("signal.payload", "the payload has %d bytes, not 1 to %d", n, MaxSignalSize)
	}
	to := b.state.byID[g.ToMemberId]
	switch {
	case to == nil || to == m:
		return Answer{}, refuse(singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "signal.to_member_id", "nobody else here has that id")
	case to.away():
		return Answer{}, refuse(singoffv1.Rejected_REASON_NOT_CONNECTED, "signal.to_member_id", "%s isn't connected", to.nickname)
	}
	return Answer{To: to.conn, Relay: m.author(&singoffv1.Event{
		Time: stamp(b.now),
		Body: &singoffv1.Event_Signal{Signal: &singoffv1.Signal{ToMemberId: to.id, Kind: g.Kind, Payload: g.Payload}},
	})}, nil
}
