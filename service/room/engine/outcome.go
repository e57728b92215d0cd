package engine

import (
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/rules"
)

// Kept says that the append under way is kept, and gives what is to be told now.
func (e *Engine) Kept(now time.Time, at eventlog.Position) Output {
	p := e.pending
	e.pending = nil
	e.position = at
	for _, r := range p.batch.Records {
		if err := e.kept.Apply(r); err != nil {
			panic(err) // the draft took it: a bug; the room is given up, not the process
		}
	}
	e.dropSuperseded(&p.out)
	e.cheer(now, &p.out)
	return p.out
}

// dropSuperseded leaves out the Welcome of a connection that ended in the batch that attached it.
func (e *Engine) dropSuperseded(out *Output) {
	current := out.Welcomes[:0]
	for _, w := range out.Welcomes {
		if _, _, ok := e.kept.Attached(w.Connection); ok {
			current = append(current, w)
		}
	}
	out.Welcomes = current
}

// Refused says that the append under way is surely not kept: the state is that before the batch. What was due or lost is decided
// again with the next one; commands of connections that are current now are not taken; joins must come back later.
func (e *Engine) Refused() Output {
	p := e.pending
	e.pending = nil
	e.draft = e.kept.Clone()
	out := Output{}
	for _, in := range p.inputs {
		switch {
		case in.Hello != nil:
			out.Ended = append(out.Ended, rules.Ended{Connection: in.Connection, Goaway: LogUnreachable()})
		case in.Command != nil:
			out.Answered = append(out.Answered, in.Connection)
			if ev := e.notTaken(in); ev != nil {
				ev.Time = timestamp(p.batch.Now())
				out.Tells = append(out.Tells, Tell{Connection: in.Connection, Event: ev})
			}
		case in.Act != nil:
			out.Acted = append(out.Acted, Acted{in.Act.ID, rules.ActResult{Err: ErrNotKept}})
		default:
			e.owed = append(e.owed, in)
		}
	}
	return out
}

// notTaken answers a command of a refused batch; nil: its connection isn't current, so it gets no answer.
func (e *Engine) notTaken(in Input) *singoffv1.Event {
	user, instance, current := e.kept.Attached(in.Connection)
	if !current {
		return nil
	}
	last, _ := e.kept.LastNumber(user, instance)
	if in.Command.Number != 0 && in.Command.Number <= last {
		return &singoffv1.Event{Number: in.Command.Number, Body: &singoffv1.Event_Ack{Ack: &singoffv1.Ack{Repeated: true}}}
	}
	return rules.NotTaken(in.Command.Number, last+1, singoffv1.Rejected_CAUSE_LOG_REFUSED)
}

// LogUnreachable is the goodbye of those whom the log keeps out.
func LogUnreachable() *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_LOG_UNREACHABLE, RetryAfter: duration(time.Second),
		Message: "the room's log can't be reached at the moment; come back in a second",
	}
}
