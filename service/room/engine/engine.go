// Package engine is a room's loop without its goroutine: it takes what connections ask for, decides a batch, says what to append,
// and, once it is told what became of that, says whom to tell what.
// It is deterministic: time, randomness and the log's answers come in as values. Its driver (package room, or a test) owns the
// goroutine, the clock and the log.
package engine

import (
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/rules"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Bounds of a batch, and how often cheers are told.
const (
	MaxBatchCommands = 256
	MaxBatchBytes    = 256 << 10
	CheerInterval    = 250 * time.Millisecond
)

// Input is something that a connection asks for or that happened to it. Exactly one of Hello, Command, Lost and HalfClosed is set.
type Input struct {
	Connection rules.Connection
	Hello      *rules.Hello
	Command    *rules.Command
	// Lost: the connection broke, or was ended by somebody else than the rules, for this reason.
	Lost singoffv1.Presence_Reason
	// HalfClosed: its input ended cleanly.
	HalfClosed bool
	// Size in bytes, for the bound of a batch.
	Size int
}

// Append is what must be appended, at that place and nowhere else, until it is kept or in conflict.
type Append struct {
	After eventlog.Position
	Entry eventlog.Entry
}

// Item is an event for all who may see it.
type Item struct {
	// Seq of the event; 0: not kept.
	Seq uint64
	// Response is an encoded JoinResponse that holds just this event, without a number.
	Response []byte
	// Audience are the users who may see it; none: everybody.
	Audience []rules.User
	// Command is the numbered command it is the record of; its instance sees the number.
	Command *rules.CommandKey
}

// Tell is an event for one connection alone.
type Tell struct {
	Connection rules.Connection
	Event      *singoffv1.Event
	// After is how many of the output's items come before it.
	After int
}

// Welcome is a connection that is attached now: it gets the room as of the engine's state after this output.
type Welcome struct {
	Connection rules.Connection
	User       rules.User
	Instance   rules.Instance
	rules.Attachment
}

// Output is what is to be told, in this order: items and tells; then welcomes; then ends.
type Output struct {
	Items    []Item
	Tells    []Tell
	Welcomes []Welcome
	// Ended are the connections that are over, with their goodbye.
	Ended []rules.Ended
	// Answered names a connection once for each of its commands that is done with.
	Answered []rules.Connection

	cheers []*singoffv1.Reaction
}

// Engine is one room, opened once. It isn't safe for concurrent use.
type Engine struct {
	cfg      rules.Config
	kept     *rules.State // as the log has it
	draft    *rules.State // kept, and the batch under way
	position eventlog.Position
	newBatch func() eventlog.BatchID

	inbox   []Input
	owed    []Input // lost and half-closed connections that the log refused to keep
	lost    map[rules.Connection]bool
	pending *pending

	cheers   map[cheer]uint32
	cheersAt time.Time // when they are told; zero: there are none
}

type cheer struct {
	singer string
	kind   singoffv1.Reaction_Kind
}

// pending is the batch that is being appended.
type pending struct {
	append Append
	inputs []Input
	batch  *rules.Batch
	out    Output // to be told once it is kept
}

// New is a room whose log ends with that state at that position. newBatch makes an id that is never used twice.
func New(cfg rules.Config, state *rules.State, at eventlog.Position, newBatch func() eventlog.BatchID) *Engine {
	return &Engine{
		cfg: cfg, kept: state, draft: state.Clone(), position: at, newBatch: newBatch,
		lost: map[rules.Connection]bool{}, cheers: map[cheer]uint32{},
	}
}

// State is the room as the log has it. It must not be kept across calls.
func (e *Engine) State() *rules.State { return e.kept }

// Position is the room's last.
func (e *Engine) Position() eventlog.Position { return e.position }

// Push hands in what a connection asks for; a connection's inputs come in their order, Hello first.
func (e *Engine) Push(in Input) {
	if in.Lost != 0 {
		e.lost[in.Connection] = true
	}
	e.inbox = append(e.inbox, in)
}

// Waiting says whether inputs wait to be decided.
func (e *Engine) Waiting() bool { return len(e.inbox) > 0 }

// Owing says whether lost connections wait for the log to take appends again.
func (e *Engine) Owing() bool { return len(e.owed) > 0 }

// Pending is the append that is under way, if one is.
func (e *Engine) Pending() (Append, bool) {
	if e.pending == nil {
		return Append{}, false
	}
	return e.pending.append, true
}

// Wake is when something happens by itself: in the room, or cheers are to be told.
func (e *Engine) Wake() (time.Time, bool) {
	at, any := e.kept.Due(&e.cfg)
	if !e.cheersAt.IsZero() && (!any || e.cheersAt.Before(at)) {
		return e.cheersAt, true
	}
	return at, any
}

// Open decides the RoomOpened that must be kept before anybody is told anything. It is the first thing to do.
func (e *Engine) Open(now time.Time, epoch uint64) Append {
	b := rules.Begin(e.draft, &e.cfg, now)
	b.Open(epoch)
	b.Tick()
	e.hold(b, nil, Output{})
	return e.pending.append
}

// Decide takes the inputs that wait, within the bounds of a batch, and decides them and what is due. If something must be appended, it
// says what; the output is told only when that is kept. Otherwise the output can be told at once. No append may be under way.
func (e *Engine) Decide(now time.Time) (Append, bool, Output) {
	b := rules.Begin(e.draft, &e.cfg, now)
	b.Tick()
	inputs := e.take()
	out := Output{}
	before := e.draft.Seq()
	for _, in := range inputs {
		e.decide(b, in, &out, int(e.draft.Seq()-before))
	}
	if len(b.Records) == 0 {
		out.Ended = b.Ended
		e.cheer(now, &out)
		return Append{}, false, out
	}
	e.hold(b, inputs, out)
	return e.pending.append, true, Output{}
}

// take gives what is owed and what waits, up to the bounds of a batch. A connection's Hello and what follows it never stand in
// one batch: the Welcome shows the room after the batch, so what comes later must be seen as an event.
func (e *Engine) take() []Input {
	inputs := e.owed
	e.owed = nil
	size, n := 0, 0
	greeted := map[rules.Connection]bool{}
	for ; n < len(e.inbox) && n < MaxBatchCommands; n++ {
		in := e.inbox[n]
		if n > 0 && size+in.Size > MaxBatchBytes || greeted[in.Connection] {
			break
		}
		size += in.Size
		if in.Hello != nil {
			greeted[in.Connection] = true
		}
	}
	inputs = append(inputs, e.inbox[:n]...)
	e.inbox = e.inbox[n:]
	if len(e.inbox) == 0 {
		e.inbox = nil
	}
	return inputs
}

// decide decides one input; events is how many events of the batch come before it.
func (e *Engine) decide(b *rules.Batch, in Input, out *Output, events int) {
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
	case in.Command != nil:
		out.Answered = append(out.Answered, in.Connection)
		a := b.Command(in.Connection, *in.Command)
		switch {
		case a.Event != nil:
			a.Event.Time = timestamp(b.Now())
			out.Tells = append(out.Tells, Tell{in.Connection, a.Event, events})
		case a.Relay != nil:
			out.Tells = append(out.Tells, Tell{a.To, a.Relay, events})
		case a.Cheer != nil:
			out.cheers = append(out.cheers, a.Cheer)
		}
	case in.HalfClosed:
		b.HalfClosed(in.Connection)
	default:
		delete(e.lost, in.Connection)
		b.Lost(in.Connection, in.Lost)
	}
}

// hold encodes the batch and keeps it until its append is done with.
func (e *Engine) hold(b *rules.Batch, inputs []Input, out Output) {
	entry, items := encode(b, e.draft.Epoch(), e.newBatch())
	out.Items = items
	out.Ended = b.Ended
	if entry.Count == 0 {
		entry.FirstSeq = e.draft.Seq() + 1
	}
	e.pending = &pending{append: Append{After: e.position, Entry: entry}, inputs: inputs, batch: b, out: out}
}

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
				out.Tells = append(out.Tells, Tell{Connection: in.Connection, Event: ev})
			}
		default:
			e.owed = append(e.owed, in)
		}
	}
	return out
}

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
