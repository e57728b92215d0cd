package lyrics

import (
	"strings"
	"time"
)

// Stamped is a piece of text with its time, as ID3's SYLT and other tags hold them: a line begins where a piece begins with a line
// break.
type Stamped struct {
	// At is when it begins.
	At time.Duration
	// Text is a syllable, a word or a line; line breaks at its beginning or end are the text's.
	Text string
}

// FromStamped makes lyrics of pieces. Where none holds a line break each is a line of its own. Errors are ErrEmpty and ErrTooLong.
func FromStamped(pieces []Stamped) (Lyrics, error) {
	breaks := false
	for i, p := range pieces {
		p.Text = newlines.Replace(trimMarks(p.Text))
		pieces[i] = p
		breaks = breaks || strings.Contains(strings.Trim(p.Text, "\n"), "\n") ||
			strings.HasSuffix(p.Text, "\n") && i+1 < len(pieces) || strings.HasPrefix(p.Text, "\n") && i > 0
	}
	b := builder{whole: !breaks}
	for _, p := range pieces {
		b.add(p)
	}
	b.end()
	if len(b.lines) == 0 {
		return Lyrics{}, ErrEmpty
	}
	return arrange(b.lines).bounded()
}

// builder gathers pieces into lines.
type builder struct {
	whole bool // each piece is a line
	lines []Line
	line  []Word
}

func (b *builder) add(p Stamped) {
	at := min(max(p.At, 0), maxTime)
	for i, part := range strings.Split(p.Text, "\n") {
		if i > 0 || b.whole {
			b.end()
		}
		if len(b.lines) > MaxLines {
			return
		}
		if text := plain(part); text != "" {
			b.line = append(b.line, Word{Start: at, Text: text})
		}
	}
}

// end makes a line; one of a single piece has no words of its own.
func (b *builder) end() {
	if len(b.line) == 0 {
		return
	}
	l := timed(b.line[0].Start, b.line)
	if len(l.Words) < 2 {
		l.Words, l.End = nil, 0
	}
	b.lines = append(b.lines, l)
	b.line = nil
}
