package show

import (
	"fmt"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// welcome says where one is, who is there and what was missed.
func (p *Printer) welcome(w *singoffv1.Welcome) []Line {
	first := !p.joined
	p.joined, p.self, p.seats, p.replay = true, w.GetSelf().GetMemberId(), w.GetRoom().GetSeats(), 0
	for _, m := range w.GetRoom().GetMembers() {
		p.members[m.GetMemberId()] = m
	}
	p.members[p.self] = w.GetSelf()
	recovery := w.GetRecovery()
	var lines []Line
	if first {
		lines = append(lines, p.Note(p.arrival(w)))
	}
	switch recovery.GetKind() {
	case singoffv1.Recovery_KIND_RESUMED:
		p.replay = w.GetSnapshotSeq()
		return append(lines, p.Note(caughtUp(recovery.GetEvents())))
	case singoffv1.Recovery_KIND_SNAPSHOT:
		lines = append(lines, p.Note("back, but what happened meanwhile can't be shown: "+lostBecause(recovery.GetCause())))
	}
	if first || recovery.GetKind() == singoffv1.Recovery_KIND_SNAPSHOT {
		lines = append(lines, p.overview(w)...)
	}
	return lines
}

func (p *Printer) arrival(w *singoffv1.Welcome) string {
	room := w.GetRoom()
	where := room.GetTitle()
	if where == "" {
		where = room.GetRoomId()
	}
	if !strings.EqualFold(where, room.GetRoomId()) {
		where += " (" + room.GetRoomId() + ")"
	}
	self := w.GetSelf()
	if self.GetRole() == singoffv1.Role_ROLE_OBSERVER {
		return "you watch " + harmless.Text(where) + " as an observer"
	}
	return fmt.Sprintf("you are %s, %s %d, in %s", harmless.Text(self.GetNickname()), Role(self.GetRole()), self.GetSeat(), harmless.Text(where))
}

func caughtUp(n uint32) string {
	switch n {
	case 0:
		return "back: nothing was missed"
	case 1:
		return "back: 1 event caught up"
	}
	return fmt.Sprintf("back: %d events caught up", n)
}

func lostBecause(cause singoffv1.Recovery_Cause) string {
	switch cause {
	case singoffv1.Recovery_CAUSE_TRIMMED:
		return "it is no longer kept"
	case singoffv1.Recovery_CAUSE_LOG_LOST:
		return "the server has lost it"
	case singoffv1.Recovery_CAUSE_TOO_FAR_BEHIND:
		return "it is too much"
	}
	return "the server doesn't say why"
}

// overview is the room as a newcomer needs it: the newest chat, who is there, what plays, how the votes stand.
func (p *Printer) overview(w *singoffv1.Welcome) (lines []Line) {
	for _, ev := range w.GetRecentChat() {
		lines = append(lines, p.Event(ev)...)
	}
	if p.brief {
		return lines
	}
	for _, line := range p.Who(w.GetRoom()) {
		lines = append(lines, p.Note(line))
	}
	if now := w.GetRoom().GetNowPlaying(); now.GetTrack() != nil {
		lines = append(lines, p.Note(p.nowPlaying(now, w.GetServerTime().AsTime())))
	}
	return lines
}

// OldRole tells who is a member already, and so keeps the role they have, that it isn't the one they asked for; empty: it is.
func OldRole(w *singoffv1.Welcome, asked singoffv1.Role) string {
	if asked == singoffv1.Role_ROLE_UNSPECIFIED || w.GetSelf().GetRole() == asked {
		return ""
	}
	return fmt.Sprintf("you are still a %s here: to be a %s, /leave and join again", Role(w.GetSelf().GetRole()), Role(asked))
}

// Who tells who is in a room, a line for each role that somebody has, and how their votes stand.
func (p *Printer) Who(room *singoffv1.RoomState) (lines []string) {
	tallies := map[string]*singoffv1.Tally{}
	for _, t := range room.GetTallies() {
		tallies[t.GetSingerMemberId()] = t.GetTally()
	}
	for _, role := range []singoffv1.Role{singoffv1.Role_ROLE_SINGER, singoffv1.Role_ROLE_WATCHER} {
		var people []string
		for _, m := range room.GetMembers() {
			if m.GetRole() == role {
				people = append(people, p.person(m, room.GetHostMemberId(), tallies[m.GetMemberId()]))
			}
		}
		seats := room.GetSeats().GetSingers()
		if role == singoffv1.Role_ROLE_WATCHER {
			seats = room.GetSeats().GetWatchers()
		}
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%ss %d of %d: %s", Role(role), len(people), seats, strings.Join(people, "; ")), ": "))
	}
	if n := room.GetCounts().GetObservers(); n > 0 {
		lines = append(lines, fmt.Sprintf("observers: %d", n))
	}
	if room.GetLocked() {
		lines = append(lines, "the room is locked")
	}
	return lines
}

func (p *Printer) person(m *singoffv1.Member, host string, tally *singoffv1.Tally) string {
	text := harmless.Text(m.GetNickname())
	var about []string
	if m.GetMemberId() == p.self {
		about = append(about, "you")
	}
	if m.GetMemberId() == host {
		about = append(about, "host")
	}
	if m.GetAway() {
		about = append(about, "away, held until "+p.clock(m.GetHeldUntil().AsTime()))
	}
	if m.GetPick() != nil {
		about = append(about, "picked "+Track(m.GetPick()))
	}
	if tally.GetUpGuests()+tally.GetUpSignedIn()+tally.GetDownGuests()+tally.GetDownSignedIn() > 0 {
		about = append(about, Tally(tally))
	}
	if len(about) > 0 {
		text += " (" + strings.Join(about, ", ") + ")"
	}
	return text
}

// NowPlaying says what plays and where it stands at a time of the server's clock.
func (p *Printer) NowPlaying(now *singoffv1.NowPlaying, at time.Time) string {
	if now.GetTrack() == nil {
		return "nothing plays"
	}
	return p.nowPlaying(now, at)
}
