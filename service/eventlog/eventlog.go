// Package eventlog is the ordered, durable log of rooms: what it must do, not how.
// Each room has its own entries; an entry is a batch of records that are kept together or not at all, and is addressed by a
// Position of the store and by the seqs of the events it holds. Stores live in packages of their own and pass eventlogtest.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Key names a room's log.
type Key struct {
	Namespace string
	Room      string
}

// String is `namespace/room`.
func (k Key) String() string { return k.Namespace + "/" + k.Room }

// Position is a store's own place of an entry: opaque, rising within a room only, changed by export and import.
// The zero Position is before a room's first entry.
type Position uint64

// BatchID makes an append recognisable when it is tried again: random, never used twice.
type BatchID [16]byte

// Entry is one append. FirstSeq to FirstSeq+Count-1 are the seqs it holds; with Count 0 it holds none, and FirstSeq is the next free one.
// Seqs are dense from 1: Append refuses an entry whose FirstSeq isn't the room's next free seq.
type Entry struct {
	Batch    BatchID
	FirstSeq uint64
	Count    uint32
	// Data is opaque to the store, which neither changes it nor keeps a reference to it after Append has returned.
	Data []byte
}

// LastSeq is the newest seq up to and including the entry.
func (e Entry) LastSeq() uint64 { return e.FirstSeq + uint64(e.Count) - 1 }

// Stored is an entry with the position it was kept at.
type Stored struct {
	Entry
	Position Position
}

// Snapshot is a room's state after the entry at Position, whose newest seq is Seq.
type Snapshot struct {
	Position Position
	Seq      uint64
	Data     []byte
}

// Head is what is needed to open a room: the newest snapshot, if there is one, and all entries after it, oldest first.
// Position is that of the newest entry, or of the snapshot if none follows it; zero for a room that never was.
type Head struct {
	Snapshot *Snapshot
	Entries  []Stored
	Position Position
}

// Rewriting changes what a room's log says, and nothing of what it counts: so that something can be forgotten.
type Rewriting struct {
	// After is the position that the caller knows to be the room's last.
	After Position
	// Entries are kept ones with other Data; Position, Batch, FirstSeq and Count are theirs. Those that were trimmed are left out.
	Entries []Stored
	// Entry is appended, so that whoever has the room open finds out by a conflict.
	Entry Entry
	// Snapshot is the data of the state after Entry. It takes the place of every older one.
	Snapshot []byte
}

// Limits are a store's bounds.
type Limits struct {
	// EntryBytes is the largest Entry.Data; Append refuses more.
	EntryBytes int
	// SnapshotBytes is the largest Snapshot.Data; StoreSnapshot refuses more.
	SnapshotBytes int
	// FreeBytes is about how much can still be kept before appends are refused; negative: not known to be bounded.
	FreeBytes int64
	// Survives says what an answered append survives.
	Survives Survival
}

// Survival is what an entry that Append has answered survives.
type Survival int

// What an answered append survives.
const (
	// SurvivesNothing: it is gone with the process.
	SurvivesNothing Survival = iota
	// SurvivesProcess: a killed process, but not a machine that loses power.
	SurvivesProcess
	// SurvivesPower: a machine that loses power.
	SurvivesPower
)

// String names it.
func (s Survival) String() string {
	switch s {
	case SurvivesNothing:
		return "nothing"
	case SurvivesProcess:
		return "process"
	case SurvivesPower:
		return "power"
	}
	return fmt.Sprintf("Survival(%d)", int(s))
}

// What the calls of a Log answer, to be told apart with errors.Is.
var (
	// ErrConflict: the entry isn't kept and never will be, since another one has the place after the given position. Where that place
	// was trimmed a store answers this too, without looking whose it was: the room has gone on, and the caller must open it again.
	ErrConflict = errors.New("eventlog: another entry has that place")
	// ErrRefused: the entry or snapshot is surely not kept. The cause is wrapped. It speaks of the entry, not of the attempt: a store
	// that may have kept it in an earlier attempt doesn't answer this to a later one, whether it is full, cancelled or not.
	ErrRefused = errors.New("eventlog: refused")
	// ErrUnknown: the entry may or may not be kept, now or later. Only the same append, tried again, tells.
	ErrUnknown = errors.New("eventlog: outcome unknown")
	// ErrTrimmed: entries that were asked for are no longer there.
	ErrTrimmed = errors.New("eventlog: trimmed")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("eventlog: closed")
)

// Log keeps the entries of many rooms. All its methods may be called concurrently, for one room and for many.
type Log interface {
	// Open gives what is needed to rebuild a room. It is only a proposal: whoever opens a room must append to it before telling
	// anybody anything, and open again on a conflict. It reads a snapshot and a short tail, never history.
	Open(ctx context.Context, room Key) (Head, error)

	// Append keeps the entry directly after the position that the caller knows to be the room's last, and answers with the
	// new last position. If that place is taken by an entry of the same batch, it answers as the first time: kept.
	// Otherwise the error is one of ErrConflict, ErrRefused, ErrUnknown; a cancelled context is unknown unless the entry was
	// surely not handed on. Not promised: that an append that answered unknown doesn't succeed later, without any limit of time.
	Append(ctx context.Context, room Key, after Position, entry Entry) (Position, error)

	// Read gives the entries from the one that holds seq `from` on, oldest first, up to the newest at the time of the call or later. If `from` was
	// trimmed, or what comes next is trimmed meanwhile, it yields ErrTrimmed and ends. Beyond the newest there is nothing, and no error. A read never proves that an
	// append whose outcome is unknown wasn't kept.
	Read(ctx context.Context, room Key, from uint64) iter.Seq2[Stored, error]

	// StoreSnapshot keeps a snapshot for Open. An older one never replaces a newer one, and that is no error. One at a position that
	// no entry has is refused.
	StoreSnapshot(ctx context.Context, room Key, snapshot Snapshot) error

	// Trim forgets entries whose every seq is below `seq` and which the newest snapshot covers; others stay, and that is no error.
	Trim(ctx context.Context, room Key, seq uint64) error

	// Rewrite makes a change of the room's past: all of it or nothing. It answers as an Append of its Entry does, and is refused too where no entry
	// of that batch and those seqs has a Position. Tried again with the same Entry it is made once.
	Rewrite(ctx context.Context, room Key, change Rewriting) (Position, error)

	// Scrub returns when nothing is left in the store of what was rewritten, replaced or trimmed before the call: no byte in a file. What was
	// copied elsewhere isn't touched. It may hold up appends for as long as writing the whole log anew takes.
	Scrub(ctx context.Context) error

	// Rooms gives the names of all rooms there ever were, in no order.
	Rooms(ctx context.Context) ([]Key, error)

	// Ends gives the oldest seq of a room that can be read, and the next free one; they are the same where nothing can be read, and 1 for a
	// room that never was.
	Ends(ctx context.Context, room Key) (oldest, next uint64, err error)

	// Limits tells the store's bounds as they are now.
	Limits() Limits

	// Close ends the log; every later call answers ErrClosed.
	Close() error
}
