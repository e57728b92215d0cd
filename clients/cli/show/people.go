package show

import (
	"fmt"
	"strings"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func (p *Printer) presence(ev *singoffv1.Event, pr *singoffv1.Presence) string {
	m := pr.GetMember()
	old := p.members[m.GetMemberId()]
	if old == nil || ev.GetSeq() > p.replay {
		p.members[m.GetMemberId()] = m
	}
	who := p.name(m.GetMemberId())
	switch pr.GetChange() {
	case singoffv1.Presence_CHANGE_JOINED:
		return p.joins(who, pr)
	case singoffv1.Presence_CHANGE_LEFT:
		return conjugate(who, "has") + " left" + because(pr.GetReason())
	case singoffv1.Presence_CHANGE_AWAY:
		return conjugate(who, "is") + " away" + because(pr.GetReason()) + p.held(ev, m)
	case singoffv1.Presence_CHANGE_RETURNED:
		return conjugate(who, "is") + " back"
	case singoffv1.Presence_CHANGE_RENAMED:
		if who != "you" {
			if old == nil || old.GetNickname() == m.GetNickname() { // history: the room calls them by the new one already
				return who + " has taken this nickname"
			}
			who = harmless.Text(old.GetNickname())
		}
		return conjugate(who, "is") + " now called " + harmless.Text(m.GetNickname())
	case singoffv1.Presence_CHANGE_HOST:
		return conjugate(who, "is") + " the host now"
	case singoffv1.Presence_CHANGE_HIDDEN:
		if m.GetHidden() {
			return conjugate(who, "looks") + " elsewhere"
		}
		return conjugate(who, "looks") + " here again"
	}
	return ""
}

func (p *Printer) joins(who string, pr *singoffv1.Presence) string {
	m := pr.GetMember()
	as := " as an observer"
	if m.GetSeat() > 0 {
		as = fmt.Sprintf(" as %s %d", Role(m.GetRole()), m.GetSeat())
	} else if strings.HasSuffix(who, "observer") {
		as = "" // that's said already
	}
	text := conjugate(who, "joins") + as
	if pr.GetRoomTitle() != "" {
		text = conjugate(who, "opens") + " the room " + harmless.Text(pr.GetRoomTitle()) + "," + as
	}
	if c := pr.GetCounts(); c != nil && p.seats != nil {
		text += fmt.Sprintf(" (singers %d of %d, watchers %d of %d)", c.GetSingers(), p.seats.GetSingers(), c.GetWatchers(), p.seats.GetWatchers())
	}
	return text
}

// held tells how long the seat of somebody who is away is theirs alone.
func (p *Printer) held(ev *singoffv1.Event, m *singoffv1.Member) string {
	if m.GetHeldUntil() == nil {
		return ""
	}
	until := m.GetHeldUntil().AsTime()
	return fmt.Sprintf("; the seat is held for %s, until %s", seconds(until.Sub(ev.GetTime().AsTime())), p.clock(until))
}

func because(r singoffv1.Presence_Reason) string {
	switch r {
	case singoffv1.Presence_REASON_CONNECTION_LOST:
		return ": the connection was lost"
	case singoffv1.Presence_REASON_HOLD_OVER:
		return ": away too long while somebody waited for the place"
	case singoffv1.Presence_REASON_AWAY_TOO_LONG:
		return ": away for too long"
	case singoffv1.Presence_REASON_SEAT_FREED:
		return ": the host freed the seat"
	case singoffv1.Presence_REASON_REPLACED:
		return ": a newer connection took another place"
	case singoffv1.Presence_REASON_KICKED:
		return ": kicked"
	case singoffv1.Presence_REASON_BANNED:
		return ": banned"
	case singoffv1.Presence_REASON_NODE_LOST:
		return ": the server was lost"
	case singoffv1.Presence_REASON_SHUT_DOWN:
		return ": the server shut down"
	case singoffv1.Presence_REASON_ADMIN:
		return ": removed by the operator"
	}
	return ""
}

func (p *Printer) moderation(who string, m *singoffv1.Moderation) string {
	whom := harmless.Text(m.GetNickname())
	switch {
	case m.GetMemberId() == p.self:
		whom = "you"
	case whom == "":
		whom = p.name(m.GetMemberId())
	}
	switch m.GetAction() {
	case singoffv1.Moderation_ACTION_PASS_HOST:
		return conjugate(who, "makes") + " " + whom + " the host"
	case singoffv1.Moderation_ACTION_KICK:
		return conjugate(who, "kicks") + " " + whom + " until " + p.clock(m.GetUntil().AsTime())
	case singoffv1.Moderation_ACTION_BAN:
		return conjugate(who, "bans") + " " + whom
	case singoffv1.Moderation_ACTION_UNBAN:
		return conjugate(who, "lets") + " " + whom + " come back"
	case singoffv1.Moderation_ACTION_LOCK:
		return conjugate(who, "locks") + " the room: nobody new gets in"
	case singoffv1.Moderation_ACTION_UNLOCK:
		return conjugate(who, "unlocks") + " the room"
	case singoffv1.Moderation_ACTION_FREE_SEAT:
		return conjugate(who, "frees") + " the seat of " + whom
	}
	return ""
}
