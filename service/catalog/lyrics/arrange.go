package lyrics

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxTogether is how many lines without a stamp may follow one with a stamp: a translation or two. More is text of its own.
const maxTogether = 3

// arrange puts timed lines in order, those of one time together, and makes their times rise.
func arrange(lines []Line) Lyrics {
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.Start, b.Start) })
	out := make([]Line, 0, len(lines))
	for _, l := range lines {
		if last := len(out) - 1; last >= 0 && out[last].Start == l.Start {
			out[last].join(l)
			continue
		}
		out = append(out, l)
	}
	kind := Lines
	for i := range out {
		if out[i].Words != nil {
			kind = Words
		}
		if i+1 < len(out) && out[i].End > out[i+1].Start {
			out[i].End = 0
		}
	}
	return Lyrics{Kind: kind, Lines: out}
}

// join takes in a line of the same time: what says something comes first, what says the same is left out.
func (l *Line) join(other Line) {
	switch {
	case l.Text == "":
		other.Together = append(l.Together, other.Together...)
		*l = other
		return
	case other.Text != "" && other.Text != l.Text && !slices.Contains(l.Together, other.Text):
		l.Together = append(l.Together, other.Text)
	}
	for _, t := range other.Together {
		if t != l.Text && !slices.Contains(l.Together, t) {
			l.Together = append(l.Together, t)
		}
	}
}

// timed makes a line of its pieces: outer space goes, times rise, a piece of nothing ends the one before it.
func timed(start time.Duration, pieces []Word) Line {
	l := Line{Start: start}
	last := start
	for _, p := range pieces {
		last = max(last, p.Start)
		p.Start = last
		if p.End != 0 && p.End < p.Start {
			p.End = 0
		}
		if n := len(l.Words); n == 0 {
			p.Text = strings.TrimLeft(p.Text, " ")
		} else if p.Text == "" {
			if l.Words[n-1].End == 0 {
				l.Words[n-1].End = p.Start
			}
			continue
		} else if strings.HasPrefix(p.Text, " ") { // the space belongs to the piece before
			if !strings.HasSuffix(l.Words[n-1].Text, " ") {
				l.Words[n-1].Text += " "
			}
			if p.Text = strings.TrimLeft(p.Text, " "); p.Text == "" {
				if l.Words[n-1].End == 0 {
					l.Words[n-1].End = p.Start
				}
				continue
			}
		}
		if p.Text != "" {
			l.Words = append(l.Words, p)
		}
	}
	if n := len(l.Words); n > 0 {
		l.Words[n-1].Text = strings.TrimRight(l.Words[n-1].Text, " ")
		l.End = l.Words[n-1].End
	}
	var whole strings.Builder
	for _, w := range l.Words {
		whole.WriteString(w.Text)
	}
	l.Text = whole.String()
	return l
}

// shifted is the line moved by d, not before the song's beginning.
func (l Line) shifted(d time.Duration) Line {
	move := func(t time.Duration) time.Duration { return min(max(0, t+d), maxTime) }
	end := func(t time.Duration) time.Duration {
		if t == 0 {
			return 0
		}
		return move(t)
	}
	out := Line{Start: move(l.Start), End: end(l.End), Text: l.Text, Together: slices.Clone(l.Together)}
	for _, w := range l.Words {
		out.Words = append(out.Words, Word{Start: move(w.Start), End: end(w.End), Text: w.Text})
	}
	return out
}
