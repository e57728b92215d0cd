package tui

import (
	"fmt"
	"strings"

	"github.com/singoff/singoff/clients/cli/show"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// seats is who is there, on stage first, in a window beside what is said.
func (m *Model) seats(w window) []string {
	room := m.state.Room
	counts, seats := room.GetCounts(), room.GetSeats()
	rows := []string{m.heading("SINGERS", counts.GetSingers(), seats.GetSingers(), w.width)}
	for _, who := range m.state.InRole(singoffv1.Role_ROLE_SINGER) {
		rows = append(rows, m.singer(who, w.width)...)
	}
	rows = append(rows, "", m.heading("WATCHERS", counts.GetWatchers(), seats.GetWatchers(), w.width))
	for _, who := range m.state.InRole(singoffv1.Role_ROLE_WATCHER) {
		rows = append(rows, m.seat(who, watcher.Styled, m.away(who), w.width))
	}
	if n := counts.GetObservers(); n > 0 {
		rows = append(rows, "", faint.Styled(plural(int(n), "observer")))
	}
	if hidden := len(rows) - w.height; hidden > 0 {
		rows = append(rows[:max(w.height-1, 0)], faint.Styled("… more: /who"))
	}
	for i, row := range rows {
		rows[i] = m.ruler.fit(row, w.width)
	}
	for len(rows) < w.height {
		rows = append(rows, spaces(w.width))
	}
	return rows[:w.height]
}

func (m *Model) heading(what string, taken, all uint32, width int) string {
	return faint.Styled(m.ruler.ends(what, fmt.Sprintf("%d of %d", taken, all), width))
}

// singer is a singer's rows: who and the tally, whether they're away, the pick, how the votes are made up, cheers.
func (m *Model) singer(who *singoffv1.Member, width int) []string {
	tally := m.state.Tally(who.GetMemberId())
	rows := []string{m.seat(who, singer.Styled, m.votes(who.GetMemberId()), width)}
	under := func(text string) { rows = append(rows, "  "+m.ruler.cut(text, width-2)) }
	if away := m.away(who); away != "" {
		under(away)
	}
	if who.GetPick() != nil {
		under("♪ " + m.track(who.GetPick()))
	} else {
		under(faint.Styled("no song picked"))
	}
	if tally.GetUpSignedIn()+tally.GetDownSignedIn() > 0 && tally.GetUpGuests()+tally.GetDownGuests() > 0 {
		under(faint.Styled(fmt.Sprintf("signed in △%d ▽%d, guests △%d ▽%d",
			tally.GetUpSignedIn(), tally.GetDownSignedIn(), tally.GetUpGuests(), tally.GetDownGuests())))
	}
	if cheers := m.cheered(who.GetMemberId()); cheers != "" {
		under(cheers)
	}
	return rows
}

// seat is a row with somebody's seat and name, and something at its end.
func (m *Model) seat(who *singoffv1.Member, style func(string) string, end string, width int) string {
	marks := m.marks(who)
	number := fmt.Sprintf("%d ", who.GetSeat())
	room := width - len(number) - m.ruler.width(marks) - m.ruler.width(end) - 1
	name := m.ruler.cut(m.ruler.sure(who.GetNickname()), max(room, 1))
	if who.GetAway() || who.GetHidden() {
		style = faint.Styled
	}
	return m.ruler.ends(number+style(name)+faint.Styled(marks), end, width)
}

// marks are who is oneself, and who the host.
func (m *Model) marks(who *singoffv1.Member) string {
	text := ""
	if who.GetMemberId() == m.state.SelfID {
		text += " you"
	}
	if who.GetMemberId() == m.state.Room.GetHostMemberId() {
		text += " host"
	}
	return text
}

// away is how long the seat of somebody who is away is still held; empty: they are there.
func (m *Model) away(who *singoffv1.Member) string {
	if !who.GetAway() {
		return ""
	}
	held := who.GetHeldUntil().AsTime().Sub(m.now.Server)
	if who.GetHeldUntil() == nil || held <= 0 {
		return warning.Styled("AWAY")
	}
	return warning.Styled(fmt.Sprintf("AWAY, held %d s", ceil(held)))
}

// votes are a singer's, with one's own filled in.
func (m *Model) votes(singerID string) string {
	t := m.state.Tally(singerID)
	up, down := "△", "▽"
	switch m.state.OwnVote(singerID) {
	case singoffv1.Vote_CHOICE_UP:
		up = "▲"
	case singoffv1.Vote_CHOICE_DOWN:
		down = "▼"
	}
	return good.Styled(fmt.Sprintf("%s%d", up, t.GetUpSignedIn()+t.GetUpGuests())) + " " +
		bad.Styled(fmt.Sprintf("%s%d", down, t.GetDownSignedIn()+t.GetDownGuests()))
}

// compactSeats are the seats in as few rows as a screen of this size wants.
func (m *Model) compactSeats(width, height int) []string {
	singers, watchers := m.state.InRole(singoffv1.Role_ROLE_SINGER), m.state.InRole(singoffv1.Role_ROLE_WATCHER)
	var rows []string
	for _, who := range singers {
		rows = append(rows, m.compactSinger(who, width))
	}
	if most := max(height/4, 2); len(rows) > most {
		hidden := len(rows) - most + 1
		rows = append(rows[:most-1], faint.Styled(fmt.Sprintf("… and %s more: /who", plural(hidden, "singer"))))
	}
	if height < 12 {
		return rows
	}
	names := make([]string, len(watchers))
	for i, who := range watchers {
		names[i] = watcher.Styled(display(who.GetNickname())) + faint.Styled(m.marks(who))
		if away := m.away(who); away != "" {
			names[i] = faint.Styled(display(who.GetNickname())) + " " + away
		}
	}
	c := m.state.Room.GetCounts()
	front := fmt.Sprintf("%d of %d %s: ", c.GetWatchers(), m.state.Room.GetSeats().GetWatchers(), show.Role(singoffv1.Role_ROLE_WATCHER)+"s")
	if c.GetObservers() > 0 {
		front = plural(int(c.GetObservers()), "observer") + ", " + front
	}
	return append(rows, m.ruler.cut(faint.Styled(front)+strings.Join(names, ", "), width))
}

// compactSinger is a singer in one row.
func (m *Model) compactSinger(who *singoffv1.Member, width int) string {
	end := m.votes(who.GetMemberId())
	if cheers := m.cheered(who.GetMemberId()); cheers != "" {
		end = cheers + " " + end
	}
	name, style := m.ruler.sure(who.GetNickname()), singer.Styled
	if who.GetAway() {
		style = faint.Styled
	}
	text := fmt.Sprintf("%d ", who.GetSeat()) + style(name) + faint.Styled(m.marks(who))
	if away := m.away(who); away != "" {
		text += " " + away
	} else if who.GetPick() != nil {
		text += " ♪ " + m.track(who.GetPick())
	}
	return m.ruler.ends(text, end, width)
}
