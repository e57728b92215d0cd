package history

import (
	"fmt"
	"maps"
	"slices"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// fold is who is in the room, by a Welcome and the events after it.
type fold struct {
	known   bool
	seats   *singoffv1.Seats
	members map[string]*singoffv1.Member
}

func newFold(room *singoffv1.RoomState) fold {
	f := fold{known: true, seats: room.GetSeats(), members: map[string]*singoffv1.Member{}}
	for _, m := range room.GetMembers() {
		f.members[m.GetMemberId()] = m
	}
	return f
}

// apply takes an event in and tells what is wrong with the seats after it.
func (f *fold) apply(ev *singoffv1.Event) (wrong []string) {
	if !f.known {
		return nil
	}
	switch body := ev.GetBody().(type) {
	case *singoffv1.Event_Presence:
		p := body.Presence
		if p.GetChange() == singoffv1.Presence_CHANGE_LEFT {
			delete(f.members, p.GetMember().GetMemberId())
			break
		}
		f.members[p.GetMember().GetMemberId()] = p.GetMember()
		if p.GetChange() == singoffv1.Presence_CHANGE_JOINED {
			wrong = crowded(f.seats, slices.Collect(maps.Values(f.members)))
		}
	case *singoffv1.Event_RoomOpened:
		maps.DeleteFunc(f.members, func(_ string, m *singoffv1.Member) bool { return m.GetRole() == singoffv1.Role_ROLE_OBSERVER })
	}
	return wrong
}

// differs compares the members with those of a Welcome; empty: they're the same, on the same seats, by the same names.
func (f *fold) differs(room *singoffv1.RoomState) string {
	theirs := newFold(room)
	for id, m := range f.members {
		other, ok := theirs.members[id]
		if !ok {
			return fmt.Sprintf("%s (%s) is there by the events, and isn't in the Welcome", m.GetNickname(), id)
		}
		if place, want := placeOf(m), placeOf(other); place != want {
			return fmt.Sprintf("member %s is %s by the events, and %s in the Welcome", id, place, want)
		}
	}
	for id, m := range theirs.members {
		if _, ok := f.members[id]; !ok {
			return fmt.Sprintf("%s (%s) is in the Welcome, and isn't there by the events", m.GetNickname(), id)
		}
	}
	return ""
}

func placeOf(m *singoffv1.Member) string {
	return fmt.Sprintf("%q %v %d", m.GetNickname(), m.GetRole(), m.GetSeat())
}

// overfull tells what is wrong with the seats of a Welcome's room.
func overfull(room *singoffv1.RoomState) []string {
	return crowded(room.GetSeats(), room.GetMembers())
}

// crowded tells of each role that has more members than seats, of each seat that two sit on, and of each name that two have.
func crowded(seats *singoffv1.Seats, members []*singoffv1.Member) (wrong []string) {
	type chair struct {
		role singoffv1.Role
		seat uint32
	}
	taken, count, names := map[chair]string{}, map[singoffv1.Role]uint32{}, map[string]string{}
	for _, m := range members {
		count[m.GetRole()]++
		if m.GetRole() == singoffv1.Role_ROLE_OBSERVER {
			continue
		}
		on := chair{m.GetRole(), m.GetSeat()}
		if other, ok := taken[on]; ok {
			wrong = append(wrong, fmt.Sprintf("%s and %s are both on seat %d of %v", other, m.GetMemberId(), m.GetSeat(), m.GetRole()))
		}
		if other, ok := names[m.GetNickname()]; ok {
			wrong = append(wrong, fmt.Sprintf("%s and %s are both called %q", other, m.GetMemberId(), m.GetNickname()))
		}
		taken[on], names[m.GetNickname()] = m.GetMemberId(), m.GetMemberId()
	}
	for role, free := range map[singoffv1.Role]uint32{
		singoffv1.Role_ROLE_SINGER: seats.GetSingers(), singoffv1.Role_ROLE_WATCHER: seats.GetWatchers(),
	} {
		if count[role] > free {
			wrong = append(wrong, fmt.Sprintf("%d members are %v, and there are %d seats", count[role], role, free))
		}
	}
	return wrong
}
