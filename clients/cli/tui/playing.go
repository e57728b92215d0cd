package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/cli/show"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// playing is the row of the song: what, whose, and where it stands by the server's clock.
func (m *Model) playing() string {
	now := m.state.Room.GetNowPlaying()
	if now.GetTrack() == nil {
		return faint.Styled(m.ruler.fit("nothing plays", m.width))
	}
	sign, style := "▶", good.Styled
	if now.GetState() == singoffv1.NowPlaying_STATE_PAUSED {
		sign, style = "‖", warning.Styled
	}
	what := sign + " " + m.track(now.GetTrack())
	if who := m.state.Member(now.GetSingerMemberId()); who != nil {
		what += " (" + m.ruler.sure(who.GetNickname()) + ")"
	}
	position, _ := m.state.Position(m.now.Server)
	where := show.Position(position)
	lead := now.GetStartsAt().AsTime().Sub(m.now.Server)
	if now.GetState() == singoffv1.NowPlaying_STATE_PLAYING && lead > 0 {
		where = fmt.Sprintf("in %d s", ceil(lead))
	}
	if length := now.GetTrack().GetDuration(); length != nil {
		where = m.bar(where, position, length.AsDuration())
	}
	where = m.ruler.cut(where, m.width)
	left := m.ruler.fit(what, max(m.width-m.ruler.width(where)-1, 0))
	return style(left) + spaces(m.width-m.ruler.width(left)-m.ruler.width(where)) + where
}

// bar is a song's position, drawn too where there's room.
func (m *Model) bar(where string, position, length time.Duration) string {
	end := show.Position(length)
	cells := min(m.width/3, 40)
	if m.width < 50 || length <= 0 {
		return where + "/" + end
	}
	done := min(int(int64(cells)*int64(position)/int64(length)), cells)
	return where + " " + good.Styled(strings.Repeat("━", done)) + faint.Styled(strings.Repeat("─", cells-done)) + " " + end
}

// track is a song in few words.
func (m *Model) track(t *singoffv1.Track) string {
	text := m.ruler.sure(t.GetTitle())
	if t.GetArtist() != "" {
		text += " – " + m.ruler.sure(t.GetArtist())
	}
	return text
}

// ceil is a time in whole seconds, as a countdown shows it.
func ceil(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
