package tui

import (
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// singsFrom is how many rows a screen has at least that shows what is sung.
const singsFrom = 9

// sings tells whether there's a row for what is sung: the song that plays has lyrics with times.
func (m *Model) sings() bool {
	now := m.state.Room.GetNowPlaying().GetTrack()
	return m.height >= singsFrom && now != nil && now.GetTrackId() == m.lyrics.TrackID &&
		m.lyrics.Lyrics.GetKind() >= singoffv1.LyricsKind_LYRICS_KIND_LINES
}

// sung is the row of the line that is sung, the words that have been sung painted, and the next line behind it.
func (m *Model) sung() string {
	position, _ := m.state.Position(m.now.Server)
	line, next := lineAt(m.lyrics.Lyrics.GetLines(), position)
	row := "♪ "
	if text := m.line(line, position); text != "" {
		row += text + "   "
	}
	row += faint.Styled(m.ruler.sure(next.GetText()))
	return m.ruler.fit(row, m.width)
}

// lineAt finds the line that is sung at a position, nil in a pause, and the next one that says something.
func lineAt(lines []*singoffv1.LyricsLine, position time.Duration) (line, next *singoffv1.LyricsLine) {
	for _, l := range lines {
		switch start := l.GetStart().AsDuration(); {
		case start <= position:
			line = l
		case l.GetText() != "":
			next = l
		}
		if next != nil {
			break
		}
	}
	if line.GetText() == "" || line.GetEnd() != nil && line.GetEnd().AsDuration() <= position {
		line = nil
	}
	return line, next
}

// line is a line as it stands at a position, and what is sung together with it.
func (m *Model) line(l *singoffv1.LyricsLine, position time.Duration) string {
	if l == nil {
		return ""
	}
	sung, coming := l.GetText(), ""
	if words := l.GetWords(); len(words) > 0 {
		sung = ""
		for _, w := range words {
			if w.GetStart().AsDuration() <= position {
				sung += w.GetText()
			} else {
				coming += w.GetText()
			}
		}
	}
	text := ""
	if sung = m.ruler.sure(sung); sung != "" {
		text = strong.Styled(sung)
	}
	text += m.ruler.sure(coming)
	for _, t := range l.GetTogether() {
		text += " / " + m.ruler.sure(t)
	}
	return text
}
