// Package engine is a room's loop without its goroutine: it takes what connections ask for, decides a batch, says what to append,
// and, once it is told what became of that, says whom to tell what.
// It is deterministic: time, randomness and the log's answers come in as values. Its driver (package room, or a test) owns the
// goroutine, the clock and the log.
package engine

import (
	"errors"
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

// Input is something that a connection asks for or that happened to it, or an act of the operator. Exactly one of Hello, Command, Lost,
// HalfClosed and Act is set.
type Input struct {
	Connection rules.Connection
	Hello      *rules.Hello
	Command    *rules.Command
	// Lost: the connection broke, or was ended by somebody else than the rules, for this reason.
	Lost singoffv1.Presence_Reason
	// HalfClosed: its input ended cleanly.
	HalfClosed bool
	// Act is the operator's, and of no connection.
	Act *Act
	// Size in bytes, for the bound of a batch.
	Size int
}

// Act is something that the operator wants of the room.
type Act struct {
	// ID names it in the output.
	ID uint64
	rules.Act
}

// Acted is what an act came to; it is told only once that is kept.
type Acted struct {
	ID uint64
	rules.ActResult
}

// ErrNotKept is what an act of the operator comes to that surely wasn't kept, for instance because the log refused: nothing was done.
var ErrNotKept = errors.New("engine: the room can't keep anything at the moment; nothing was done")

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
	// Begins is the id of the track that begins with it; empty: none does. Set for what was just decided, not for what is read again.
	Begins string
}

// Tell is an event for one connection alone: an answer to a command of its own, or a signal from somebody else.
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

// Output is what is to be told. A connection that is welcomed gets none of the items, and its tells after its welcome; one that has
// ended gets the items up to the seq of its end, then its goodbye.
type Output struct {
	Items    []Item
	Tells    []Tell
	Welcomes []Welcome
	// Ended are the connections that are over, with their goodbye.
	Ended []rules.Ended
	// Answered names a connection once for each of its commands that is done with.
	Answered []rules.Connection
	// Acted are the operator's acts that are done with.
	Acted []Acted
	// Renamed are members who have another nickname now.
	Renamed []*singoffv1.Member
	// Changed says that the room's summary may be another one now.
	Changed bool

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

// Push hands in what a connection asks for; a connection's inputs come in their order, Hello first, and Lost at most once.
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
