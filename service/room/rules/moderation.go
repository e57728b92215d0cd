package rules

import (
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// moderate decides an act of the host.
func (b *Batch) moderate(m *member, act *singoffv1.Moderation) *Refusal {
	if b.state.host != m.id {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "moderation", "only the host may do that")
	}
	switch act.Action {
	case singoffv1.Moderation_ACTION_LOCK, singoffv1.Moderation_ACTION_UNLOCK:
		if lock := act.Action == singoffv1.Moderation_ACTION_LOCK; lock != b.state.locked {
			b.act(m, &Record{}, &singoffv1.Moderation{Action: act.Action})
		}
		return nil
	case singoffv1.Moderation_ACTION_UNBAN:
		return b.unban(m, act.MemberId)
	case singoffv1.Moderation_ACTION_PASS_HOST, singoffv1.Moderation_ACTION_FREE_SEAT, singoffv1.Moderation_ACTION_KICK, singoffv1.Moderation_ACTION_BAN:
	default:
		return invalid("moderation.action", "the action is missing or not known here")
	}
	const field = "moderation.member_id"
	to := b.state.byID[act.MemberId]
	if to == nil {
		return refuse(singoffv1.Rejected_REASON_NO_SUCH_MEMBER, field, "nobody here has that id")
	}
	switch act.Action {
	case singoffv1.Moderation_ACTION_PASS_HOST:
		return b.passHost(m, to)
	case singoffv1.Moderation_ACTION_FREE_SEAT:
		return b.freeSeat(m, to)
	}
	return b.expel(m, to, act.Action)
}

// act emits what the host did.
func (b *Batch) act(host *member, r *Record, act *singoffv1.Moderation) {
	r.Event = host.author(&singoffv1.Event{Body: &singoffv1.Event_Moderation{Moderation: act}})
	b.emit(b.own(r))
}

func (b *Batch) passHost(m, to *member) *Refusal {
	const field = "moderation.member_id"
	switch {
	case to == m:
		return nil
	case !to.seated():
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, field, "an observer can't be the host")
	case to.away():
		return refuse(singoffv1.Rejected_REASON_NOT_CONNECTED, field, "%s is away", to.nickname)
	}
	b.act(m, &Record{}, &singoffv1.Moderation{Action: singoffv1.Moderation_ACTION_PASS_HOST, MemberId: to.id, Nickname: to.nickname})
	b.presence(&Record{}, to, singoffv1.Presence_CHANGE_HOST, singoffv1.Presence_REASON_UNSPECIFIED)
	return nil
}

func (b *Batch) freeSeat(m, to *member) *Refusal {
	if !to.away() {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "moderation.member_id", "only the seat of an away member can be freed")
	}
	b.act(m, &Record{}, &singoffv1.Moderation{Action: singoffv1.Moderation_ACTION_FREE_SEAT, MemberId: to.id, Nickname: to.nickname})
	b.leave(to, singoffv1.Presence_REASON_SEAT_FREED, nil)
	return nil
}

// expel removes all members of a user, for a time or for the room's life.
func (b *Batch) expel(m, to *member, action singoffv1.Moderation_Action) *Refusal {
	if to.user == m.user {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "moderation.member_id", "that is you; leave instead")
	}
	if b.bansBeside(to.user, false) >= MaxBans {
		return refuse(singoffv1.Rejected_REASON_ROOM_LIMIT, "moderation", "the room keeps %d users out at most", MaxBans)
	}
	act := &singoffv1.Moderation{Action: action, MemberId: to.id, Nickname: to.nickname}
	removed, reason := &Removed{User: to.user}, singoffv1.Presence_REASON_BANNED
	bye := goaway(singoffv1.Goaway_REASON_BANNED, "", "the host has banned you from this room")
	if action == singoffv1.Moderation_ACTION_KICK {
		removed.Until, reason = b.now+b.cfg.KickTime.Milliseconds(), singoffv1.Presence_REASON_KICKED
		act.Until = stamp(removed.Until)
		bye = b.keptOut(&ban{until: removed.Until})
	}
	voted := b.votedFor(to.user)
	b.act(m, &Record{Fact: removed}, act)
	if action == singoffv1.Moderation_ACTION_BAN {
		for _, x := range voted {
			b.tellTally(x)
		}
	}
	b.leaveAll(to.user, reason, bye)
	return nil
}

// leaveAll removes all members of a user.
func (b *Batch) leaveAll(user User, reason singoffv1.Presence_Reason, bye *singoffv1.Goaway) {
	for _, x := range append([]*member(nil), b.state.members...) {
		if x.user == user {
			b.leave(x, reason, bye)
		}
	}
}

// bansBeside counts those that hold, but for the one that a new one of the same user would replace.
func (b *Batch) bansBeside(user User, operator bool) (n int) {
	for _, x := range b.state.bans {
		if x.holds(b.now) && (x.user != user || x.operator != operator) {
			n++
		}
	}
	return n
}

// votedFor are the singers who are there and have a standing vote of the user.
func (b *Batch) votedFor(voter User) (singers []*member) {
	for _, x := range b.state.members {
		if _, voted := b.state.votes.standing[ballot{voter, x.user}]; voted && x.role == singoffv1.Role_ROLE_SINGER {
			singers = append(singers, x)
		}
	}
	return singers
}

// unban lets the user come back who was removed as that member.
func (b *Batch) unban(m *member, memberID string) *Refusal {
	for _, x := range b.state.bans {
		if x.memberID == memberID && !x.operator && x.holds(b.now) {
			b.act(m, &Record{Fact: &Restored{User: x.user}}, &singoffv1.Moderation{
				Action: singoffv1.Moderation_ACTION_UNBAN, MemberId: memberID, Nickname: x.nickname,
			})
			return nil
		}
	}
	return refuse(singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "moderation.member_id", "nobody was banned or kicked as that member")
}
