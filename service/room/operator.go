package room

import (
	"context"
	"errors"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// What an act of the operator comes to, beside what the rules say of it.
var (
	// ErrNoRoom: no such room is loaded, so nobody is in it.
	ErrNoRoom = errors.New("room: no such room is open")
	// ErrNotDone: the room can't keep it at the moment, for instance because its log refuses; surely nothing was done.
	ErrNotDone = engine.ErrNotKept
	// ErrUnsettled: the log hasn't answered in time; it may be done, now or later.
	ErrUnsettled = errors.New("room: the log hasn't answered; it may be done, now or later")
)

// act is one that the operator waits for.
type act struct {
	room  *room
	id    uint64
	taken bool                 // by the loop: only the log can tell what becomes of it; protected by room.mu
	done  chan rules.ActResult // has room for the only result
}

// Kick removes a member's user from a room, and gives the member as it was. Errors: ErrNoRoom, ErrNotDone, ErrUnsettled, and the rules'
// ErrNoSuchMember and ErrManyBans. The end of ctx ends the waiting.
func (m *Manager) Kick(ctx context.Context, key eventlog.Key, k rules.Kick) (*singoffv1.Member, error) {
	r := m.act(ctx, key, rules.Act{Kick: &k})
	return r.Member, r.Err
}

// CloseRoom ends a room and sends everybody away; it gives how many had to go. Errors: ErrNoRoom, ErrNotDone, ErrUnsettled, and the
// rules' ErrNobodyThere: the room isn't made. The end of ctx ends the waiting.
func (m *Manager) CloseRoom(ctx context.Context, key eventlog.Key) (members int, err error) {
	r := m.act(ctx, key, rules.Act{Close: true})
	return r.Members, r.Err
}

// Announce says something to all who are in a room. Errors: ErrNoRoom, ErrNotDone, ErrUnsettled, and the rules' ErrNobodyThere. The end
// of ctx ends the waiting.
func (m *Manager) Announce(ctx context.Context, key eventlog.Key, text string) error {
	return m.act(ctx, key, rules.Act{Announce: text}).Err
}

// AnnounceAll says something in all rooms of a namespace that somebody is in, or in those of all namespaces if it is empty. Each room
// decides by itself, and none waits for another. said counts the rooms that have kept it, failed those that haven't until ctx ended.
func (m *Manager) AnnounceAll(ctx context.Context, namespace, text string) (said, failed int) {
	var acts []*act
	count := func(err error) {
		switch {
		case err == nil:
			said++
		case !errors.Is(err, rules.ErrNobodyThere) && !errors.Is(err, ErrNoRoom):
			failed++
		}
	}
	for _, r := range m.open(namespace) {
		if a, err := r.ask(rules.Act{Announce: text}); err != nil {
			count(err)
		} else {
			acts = append(acts, a)
		}
	}
	for _, a := range acts {
		count(a.wait(ctx).Err)
	}
	return said, failed
}

// open gives the rooms of a namespace that are loaded, or all.
func (m *Manager) open(namespace string) (rooms []*room) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, r := range m.rooms {
		if namespace == "" || key.Namespace == namespace {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

func (m *Manager) act(ctx context.Context, key eventlog.Key, what rules.Act) rules.ActResult {
	m.mu.Lock()
	r := m.rooms[key]
	m.mu.Unlock()
	if r == nil {
		return rules.ActResult{Err: ErrNoRoom}
	}
	a, err := r.ask(what)
	if err != nil {
		return rules.ActResult{Err: err}
	}
	return a.wait(ctx)
}

// ask hands an act to the loop.
func (r *room) ask(what rules.Act) (*act, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed.Load():
		return nil, ErrNoRoom
	case r.away:
		return nil, ErrNotDone
	}
	r.lastAct++
	a := &act{room: r, id: r.lastAct, done: make(chan rules.ActResult, 1)}
	r.acts[a.id] = a
	r.newActs++
	r.pushLocked(engine.Input{Act: &engine.Act{ID: a.id, Act: what}, Size: 256 + len(what.Announce)})
	return a, nil
}

// wait gives what an act came to. When ctx ends before that, one that the loop hasn't taken is withdrawn.
func (a *act) wait(ctx context.Context) rules.ActResult {
	select {
	case result := <-a.done:
		return result
	case <-ctx.Done():
	}
	a.room.mu.Lock()
	defer a.room.mu.Unlock()
	delete(a.room.acts, a.id)
	select {
	case result := <-a.done:
		return result
	default:
	}
	if a.taken {
		return rules.ActResult{Err: ErrUnsettled}
	}
	return rules.ActResult{Err: ErrNotDone}
}

// takeLocked notes which acts are among inputs that the loop takes, and leaves out those that were withdrawn.
func (r *room) takeLocked(inputs []engine.Input) []engine.Input {
	if r.newActs == 0 {
		return inputs
	}
	r.newActs = 0
	kept := inputs[:0]
	for _, in := range inputs {
		if in.Act != nil {
			a := r.acts[in.Act.ID]
			if a == nil {
				continue
			}
			a.taken = true
		}
		kept = append(kept, in)
	}
	clear(inputs[len(kept):])
	return kept
}

// actedLocked answers acts, if somebody still waits.
func (r *room) actedLocked(acted []engine.Acted) {
	for _, x := range acted {
		if a := r.acts[x.ID]; a != nil {
			delete(r.acts, x.ID)
			a.done <- x.ActResult
		}
	}
}

// dropActs answers all acts of a room in which surely none of them was done.
func (r *room) dropActs() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endActsLocked(ErrNotDone)
}

// endActsLocked answers all acts of a room that is over: taken says what those come to that the loop has taken.
func (r *room) endActsLocked(taken error) {
	for id, a := range r.acts {
		err := ErrNotDone
		if a.taken {
			err = taken
		}
		delete(r.acts, id)
		a.done <- rules.ActResult{Err: err}
	}
}
