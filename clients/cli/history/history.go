// Package history checks what the members of rooms saw: that everybody saw the same events in the same order, nothing was
// lost, nothing came or took effect twice, what was answered is there, and seats were never exceeded.
// A History takes in what each stay saw while it happens, keeps some dozens of bytes of each event, and Check compares all
// of it at the end. It knows the protocol alone, so it judges any client of any server.
package history

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Kind is what was broken.
type Kind int

// Kinds of violations.
const (
	// Lost: an event that others saw, or that answered a command, and that this member should have seen too.
	Lost Kind = iota + 1
	// Gap: a RESUMED didn't replay as many events as it said, or live events came before its end.
	Gap
	// Repeated: an event came twice.
	Repeated
	// Twice: a command took effect more than once, or though it was reported as not done.
	Twice
	// Reordered: an event came after a later one.
	Reordered
	// Differs: two members saw different events under one seq.
	Differs
	// Seats: more members of a role than seats, or two on one seat.
	Seats
	// State: a Welcome's members aren't what the events before it led to, or its snapshot lies before what was seen.
	State
	// Leaked: a member saw what only others may see.
	Leaked
)

var kinds = map[Kind]string{
	Lost: "lost", Gap: "gap", Repeated: "repeated", Twice: "twice", Reordered: "reordered",
	Differs: "differs", Seats: "seats", State: "state", Leaked: "leaked",
}

// String is the kind in a word.
func (k Kind) String() string { return kinds[k] }

// Violation is one broken promise.
type Violation struct {
	Kind   Kind
	Room   string
	Person string // who noticed
	Seq    uint64 // of the event; 0: of none
	Detail string // a sentence for people
}

// String is the violation on one line.
func (v Violation) String() string {
	return fmt.Sprintf("%v: room %s, %s, seq %d: %s", v.Kind, v.Room, v.Person, v.Seq, v.Detail)
}

// History collects what members saw. Its methods, and those of different stays, may be called concurrently.
type History struct {
	mu    sync.Mutex // of what follows; a room's own may be taken under it
	rooms map[string]*room
	stays []*Stay
}

// New makes an empty history.
func New() *History { return &History{rooms: map[string]*room{}} }

// About says whose stay it is.
type About struct {
	// Room names the room, for instance `namespace/room_id`.
	Room string
	// Person names the user: stays of one person in a room share what only they may see.
	Person string
	// Resume is what the stay's first Hello asked to resume from; nil: nothing.
	Resume *singoffv1.Resume
}

// Begin adds a stay: what one Room object of a client sees, through all its connections.
func (h *History) Begin(a About) *Stay {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[a.Room]
	if r == nil {
		r = newRoom(a.Room)
		h.rooms[a.Room] = r
	}
	s := &Stay{about: a, room: r}
	if a.Resume != nil {
		s.epoch = a.Resume.GetEpoch()
		s.spans = []*span{{epoch: s.epoch, from: a.Resume.GetLastSeq(), to: a.Resume.GetLastSeq()}}
	}
	h.stays = append(h.stays, s)
	return s
}

// Check compares everything that was seen so far, and gives what is broken, by room and seq. Stays should have ended.
func (h *History) Check() []Violation {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []Violation
	for _, s := range h.stays {
		found = append(found, s.check()...)
	}
	for _, r := range h.rooms {
		r.mu.Lock()
		found = append(found, r.checkEffects()...)
		r.mu.Unlock()
	}
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Kind, b.Kind))
	})
	return found
}

// Events is how many different kept events were seen in all rooms.
func (h *History) Events() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, r := range h.rooms {
		r.mu.Lock()
		n += len(r.facts)
		r.mu.Unlock()
	}
	return n
}
