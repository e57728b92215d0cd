// Package forget blanks a person in the log: what they wrote and were called, in every room, history and snapshots included.
// Who has which seat, votes for whom and which numbers were decided stays: those are tied to 16 bytes of a hash, which stay too. It works on the log alone; rooms
// that are open find out and come back from it.
package forget

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/rules"
)

// What is said of somebody who can't be forgotten.
var (
	// ErrNobody: the log knows no such user, where they were to be forgotten.
	ErrNobody = errors.New("forget: the log knows no such user")
	// ErrNoNamespace: there never was a room in that namespace.
	ErrNoNamespace = errors.New("forget: there never was a room in that namespace")
	// ErrNoRoom: there never was such a room.
	ErrNoRoom = errors.New("forget: there never was such a room")
	// ErrNoMember: nobody was that member, or nothing that is kept tells who.
	ErrNoMember = errors.New("forget: nobody was that member")
)

// Log is what is needed of an eventlog.Log, which documents it.
type Log interface {
	Rooms(ctx context.Context) ([]eventlog.Key, error)
	Ends(ctx context.Context, room eventlog.Key) (oldest, next uint64, err error)
	Open(ctx context.Context, room eventlog.Key) (eventlog.Head, error)
	Read(ctx context.Context, room eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error]
	Rewrite(ctx context.Context, room eventlog.Key, change eventlog.Rewriting) (eventlog.Position, error)
	Scrub(ctx context.Context) error
}

// Open are the rooms that are open. A *room.Manager has them.
type Open interface {
	// Recheck has a room go on only if the log is as it knows it, and returns when it does, or is over.
	Recheck(ctx context.Context, room eventlog.Key) error
}

// Forgetter forgets people, one at a time. It may be used concurrently.
type Forgetter struct {
	log    Log
	open   Open
	logger zerolog.Logger
	turn   chan struct{} // held by the one at work
}

// New is a Forgetter of a log and the rooms that are open on it. The logger gets a line for each room that fails.
func New(log Log, open Open, logger zerolog.Logger) *Forgetter {
	return &Forgetter{log: log, open: open, logger: logger, turn: make(chan struct{}, 1)}
}

// Forget blanks a user in all rooms of a namespace, or of all if it is empty, and gives how many rooms and events were changed. Then nothing of it is left in
// the store. The rooms are changed one after another, each whole or not at all; one that fails doesn't keep the others, and the error names the first and the
// last such. It can be repeated, and must be if there is an error. Errors: ErrNobody, ErrNoNamespace.
func (f *Forgetter) Forget(ctx context.Context, namespace string, user rules.User) (rooms, events int, err error) {
	t := task{
		in:      func(key eventlog.Key) bool { return namespace == "" || key.Namespace == namespace },
		nowhere: ErrNoNamespace,
		who:     func(room string) *person { return newPerson(user, room) },
		nobody:  ErrNobody,
	}
	if namespace == "" {
		t.nowhere = ErrNobody
	}
	return f.do(ctx, t)
}

// ForgetMember blanks a member in their room, as Forget does: for one of whom WhoWas knows nobody, since the history that told it was trimmed. Errors:
// ErrNoRoom, ErrNoMember.
func (f *Forgetter) ForgetMember(ctx context.Context, key eventlog.Key, memberID string) (rooms, events int, err error) {
	return f.do(ctx, task{
		in:      func(k eventlog.Key) bool { return k == key },
		nowhere: ErrNoRoom,
		who:     func(room string) *person { return newMember(memberID, room) },
		nobody:  ErrNoMember,
	})
}

// task is whom to forget, and where.
type task struct {
	in      func(eventlog.Key) bool
	nowhere error // there is no such room
	who     func(room string) *person
	nobody  error // none of the rooms knows them
}

func (f *Forgetter) do(ctx context.Context, t task) (rooms, events int, err error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	keys, err := f.log.Rooms(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("forget: %w", err)
	}
	if keys = slices.DeleteFunc(keys, func(key eventlog.Key) bool { return !t.in(key) }); len(keys) == 0 {
		return 0, 0, t.nowhere
	}
	found := false
	var failed failures
	for _, key := range keys {
		known, n, err := f.room(ctx, key, t.who(key.Room))
		found = found || known
		if err != nil {
			f.logger.Error().Err(err).Stringer("room", key).Msg("nothing was forgotten in a room")
			failed.add(fmt.Errorf("room %v: %w", key, err))
		}
		if n > 0 {
			rooms, events = rooms+1, events+n
		}
		if ctx.Err() != nil {
			break
		}
	}
	if found {
		if err := f.log.Scrub(ctx); err != nil {
			failed.add(fmt.Errorf("what was forgotten may still lie in the store: %w", err))
		}
	} else if failed.n == 0 {
		return 0, 0, t.nobody
	}
	return rooms, events, failed.join()
}

// failures are what went wrong: the first and the last are told, and of those between how many there are, since a disk that is full fails for every room.
type failures struct {
	first, last error
	n           int
}

func (f *failures) add(err error) {
	if f.n++; f.n == 1 {
		f.first = err
		return
	}
	f.last = err
}

func (f *failures) join() error {
	if f.n <= 2 {
		return errors.Join(f.first, f.last)
	}
	return errors.Join(f.first, fmt.Errorf("%d more", f.n-2), f.last)
}

// WhoWas tells the user of a member, of now or of the past. Errors: ErrNoRoom, ErrNoMember.
func (f *Forgetter) WhoWas(ctx context.Context, key eventlog.Key, memberID string) (rules.User, error) {
	head, err := f.log.Open(ctx, key)
	if err != nil {
		return rules.User{}, fmt.Errorf("forget: %w", err)
	}
	if head.Position == 0 {
		return rules.User{}, ErrNoRoom
	}
	oldest, _, err := f.log.Ends(ctx, key)
	if err != nil {
		return rules.User{}, fmt.Errorf("forget: %w", err)
	}
	if head.Snapshot != nil {
		state, err := readSnapshot(head.Snapshot.Data)
		if err != nil {
			return rules.User{}, err
		}
		for link := range state.links() {
			if link.member == memberID {
				return link.user, nil
			}
		}
	}
	for stored, err := range f.log.Read(ctx, key, oldest) {
		if err != nil {
			return rules.User{}, fmt.Errorf("forget: %w", err)
		}
		e, err := readEntry(stored.Data)
		if err != nil {
			return rules.User{}, err
		}
		for _, r := range e.records {
			for link := range r.links() {
				if link.member == memberID {
					return link.user, nil
				}
			}
		}
	}
	return rules.User{}, ErrNoMember
}

// Bounds of the tries at one room, which lives on meanwhile.
const (
	tries     = 20
	tryPause  = 10 * time.Millisecond
	checkTime = 10 * time.Second
)

// room forgets a person in one room, and has it go on from what the log says now if it is open.
func (f *Forgetter) room(ctx context.Context, key eventlog.Key, who *person) (known bool, events int, err error) {
	p := newPast(f.log, key, who)
	for try := 1; ; try++ {
		if err := p.read(ctx); err != nil {
			return p.person.known, 0, err
		}
		if !p.changed() {
			break
		}
		err := f.rewrite(ctx, key, p)
		if err == nil {
			events = p.events
			break
		}
		if !errors.Is(err, eventlog.ErrConflict) || try == tries {
			return true, 0, err
		}
	}
	if !p.person.known {
		return false, 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if err := f.open.Recheck(ctx, key); err != nil {
		return true, events, fmt.Errorf("it is open, and may go on with what it knew until it is closed: %w", err)
	}
	return true, events, nil
}

// rewrite makes the change, or says why it isn't made.
func (f *Forgetter) rewrite(ctx context.Context, key eventlog.Key, p *past) error {
	var batch eventlog.BatchID
	rand.Read(batch[:])
	change, err := p.rewriting(batch)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err := f.log.Rewrite(ctx, key, change)
		if !errors.Is(err, eventlog.ErrUnknown) || try == tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(tryPause):
		case <-ctx.Done():
		}
	}
}

func readEvent(data []byte) (*singoffv1.Event, error) {
	event := &singoffv1.Event{}
	if err := proto.Unmarshal(data, event); err != nil {
		return nil, fmt.Errorf("forget: an event can't be read: %w", err)
	}
	return event, nil
}
