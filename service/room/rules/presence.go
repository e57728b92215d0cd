package rules

import (
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/names"
)

// change renames, or hides and shows.
func (b *Batch) change(m *member, p *singoffv1.Presence) *Refusal {
	switch {
	case p.Nickname != "" && p.Hidden != nil:
		return invalid("presence", "either nickname or hidden, not both")
	case p.Nickname != "":
		return b.rename(m, p.Nickname)
	case p.Hidden == nil:
		return invalid("presence", "neither nickname nor hidden is given")
	}
	if *p.Hidden != m.hidden {
		after := *m
		after.hidden = *p.Hidden
		b.presence(b.own(&Record{}), &after, singoffv1.Presence_CHANGE_HIDDEN, singoffv1.Presence_REASON_UNSPECIFIED)
	}
	return nil
}

func (b *Batch) rename(m *member, nickname string) *Refusal {
	if !m.seated() {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "presence.nickname", "an observer has no nickname")
	}
	clean, err := names.Clean(nickname)
	if err != nil {
		return invalid("presence.nickname", "%v", err)
	}
	if clean == m.nickname {
		return nil
	}
	holder := b.state.named(names.Key(clean))
	if holder != nil && holder != m && !b.holdOver(holder) {
		return refuse(singoffv1.Rejected_REASON_NICKNAME_TAKEN, "presence.nickname", "somebody in this room is called %q already", holder.nickname)
	}
	size := b.state.namesSize() - len(m.nickname) + len(clean)
	if holder != nil && holder != m {
		size -= len(holder.nickname)
	}
	if size > MaxNamesSize {
		return refuse(singoffv1.Rejected_REASON_ROOM_LIMIT, "presence.nickname", "all nicknames of the room together are longer than %d bytes", MaxNamesSize)
	}
	if holder != nil && holder != m {
		b.leave(holder, singoffv1.Presence_REASON_HOLD_OVER, nil)
	}
	after := *m
	after.nickname = clean
	b.presence(b.own(&Record{}), &after, singoffv1.Presence_CHANGE_RENAMED, singoffv1.Presence_REASON_UNSPECIFIED)
	return nil
}
