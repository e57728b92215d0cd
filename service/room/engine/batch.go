package engine

import (
	"slices"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// Open decides the RoomOpened that must be kept before anybody is told anything. It is the first thing to do.
func (e *Engine) Open(now time.Time, epoch uint64) Append {
	b := rules.Begin(e.draft, &e.cfg, now)
	b.Open(epoch)
	b.Tick()
	return e.hold(b, nil, Output{})
}

// Decide takes the inputs that wait, within the bounds of a batch, and decides them and what is due. If something must be appended, it
// says what; the output is told only when that is kept. Otherwise the output can be told at once. No append may be under way.
func (e *Engine) Decide(now time.Time) (Append, bool, Output) {
	b, inputs, out := e.draw(now)
	if len(b.Records) == 0 {
		out.Ended = b.Ended
		e.cheer(now, &out)
		return Append{}, false, out
	}
	return e.hold(b, inputs, out), true, Output{}
}

// Probe is Decide, but appends a batch that is empty too: the answer says whether a log that refused takes appends again.
func (e *Engine) Probe(now time.Time) Append {
	b, inputs, out := e.draw(now)
	return e.hold(b, inputs, out)
}

// draw decides a batch on the draft.
func (e *Engine) draw(now time.Time) (*rules.Batch, []Input, Output) {
	before := e.draft.Seq()
	b := rules.Begin(e.draft, &e.cfg, now)
	b.Tick()
	inputs := e.take()
	out := Output{}
	for _, in := range inputs {
		tells := len(out.Tells)
		e.decide(b, in, &out)
		for i := range out.Tells[tells:] {
			out.Tells[tells+i].After = int(e.draft.Seq() - before)
		}
	}
	return b, inputs, out
}

// take gives what is owed and what waits, up to the bounds of a batch. A connection's Hello and what follows it never stand in
// one batch: the Welcome shows the room after the batch, so what comes later must be seen as an event.
func (e *Engine) take() []Input {
	size, n := 0, 0
	var greeted map[rules.Connection]bool
	for ; n < len(e.inbox) && n < MaxBatchCommands; n++ {
		in := &e.inbox[n]
		if n > 0 && size+in.Size > MaxBatchBytes || greeted[in.Connection] {
			break
		}
		size += in.Size
		if in.Hello != nil {
			if greeted == nil {
				greeted = map[rules.Connection]bool{}
			}
			greeted[in.Connection] = true
		}
	}
	inputs := slices.Concat(e.owed, e.inbox[:n])
	e.owed = nil
	clear(e.inbox[:n])
	if n == len(e.inbox) {
		e.inbox = e.inbox[:0]
	} else {
		e.inbox = e.inbox[n:]
	}
	return inputs
}

func (e *Engine) decide(b *rules.Batch, in Input, out *Output) {
	switch {
	case in.Hello != nil:
		if e.lost[in.Connection] {
			return // its stream has ended: nobody waits for the answer
		}
		a, refused := b.Hello(in.Connection, *in.Hello)
		if refused != nil {
			b.Ended = append(b.Ended, rules.Ended{Connection: in.Connection, Goaway: refused})
			return
		}
		out.Welcomes = append(out.Welcomes, Welcome{in.Connection, in.Hello.User, in.Hello.Instance, *a})
		for _, v := range a.Votes {
			out.Tells = append(out.Tells, Tell{Connection: v.Connection, Event: v.Event})
		}
	case in.Command != nil:
		out.Answered = append(out.Answered, in.Connection)
		a := b.Command(in.Connection, *in.Command)
		switch {
		case a.Event != nil:
			a.Event.Time = timestamp(b.Now())
			out.Tells = append(out.Tells, Tell{Connection: in.Connection, Event: a.Event})
		case a.Relay != nil:
			out.Tells = append(out.Tells, Tell{Connection: a.To, Event: a.Relay})
		case a.Cheer != nil:
			out.cheers = append(out.cheers, a.Cheer)
		}
	case in.Act != nil:
		out.Acted = append(out.Acted, Acted{in.Act.ID, b.Act(in.Act.Act)})
	case in.HalfClosed:
		b.HalfClosed(in.Connection)
	default:
		delete(e.lost, in.Connection)
		b.Lost(in.Connection, in.Lost)
	}
}

// hold encodes the batch and keeps it until its append is done with.
func (e *Engine) hold(b *rules.Batch, inputs []Input, out Output) Append {
	entry, items := encode(b, e.draft, e.newBatch())
	out.Items = items
	out.Ended = b.Ended
	for _, r := range b.Records {
		out.Changed = out.Changed || r.Event != nil && rules.Changes(r.Event)
		if p := r.Event.GetPresence(); p.GetChange() == singoffv1.Presence_CHANGE_RENAMED {
			out.Renamed = append(out.Renamed, p.GetMember())
		}
	}
	e.pending = &pending{append: Append{After: e.position, Entry: entry}, inputs: inputs, batch: b, out: out}
	return e.pending.append
}
