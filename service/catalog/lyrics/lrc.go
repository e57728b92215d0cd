package lyrics

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseLRC reads lines with stamps; text without any is plain.
func parseLRC(text string) (Lyrics, error) {
	f := lrc{maxLines: MaxLines}
	for line := range strings.Lines(newlines.Replace(text)) {
		if !f.line(strings.TrimRight(line, "\n")) {
			return Lyrics{}, fmt.Errorf("%w: more than %d lines, or than %d bytes with what is repeated", ErrTooLong, f.maxLines, maxText)
		}
	}
	if len(f.timed) == 0 || f.loose > maxTogether {
		return f.untimed()
	}
	l := arrange(f.timed)
	for i := range l.Lines {
		l.Lines[i] = l.Lines[i].shifted(-f.offset)
	}
	return l.bounded()
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\v", "\n", "\f", "\n", "\x00", "", "\uFEFF", "")

// lrc is a file as far as it has been read.
type lrc struct {
	maxLines int
	timed    []Line
	written  []string // every line, for the case that it is plain text
	offset   time.Duration
	last     int // how many of timed the last stamped line made
	loose    int // lines without a stamp since
	voices   int // second voices' lines since
	size     int // bytes of all that timed holds
}

// line takes one in; false: it is too much.
func (f *lrc) line(s string) bool {
	if m := backing.FindStringSubmatch(s); m != nil {
		f.second(m[1])
		return f.size <= maxText && len(f.written) <= 2*f.maxLines
	}
	if m := idTag.FindStringSubmatch(s); m != nil && !lineStamp.MatchString(s) {
		f.tag(strings.ToLower(m[1]), strings.TrimSpace(m[2]))
		return true
	}
	at, rest := stamps(s)
	if len(at) > f.maxLines {
		return false
	}
	before, words := pieces(voice.ReplaceAllString(rest, ""))
	l := Line{Text: strings.TrimSpace(before)}
	if len(at) == 0 && len(words) > 0 {
		at = []time.Duration{words[0].Start}
	}
	if len(words) > 0 {
		l = timed(at[0], append([]Word{{Start: at[0], Text: before}}, words...))
	}
	f.written = append(f.written, l.Text)
	switch {
	case len(at) > 0:
		f.stamped(at, l)
	case l.Text != "" && len(f.timed) > 0 && f.loose <= maxTogether:
		f.loose++
		f.beside(l.Text)
	}
	return len(f.timed) <= f.maxLines && len(f.written) <= 2*f.maxLines && f.size <= maxText
}

// stamped adds a line once for each of its stamps. A break begins no group of loose lines that would be its translation.
func (f *lrc) stamped(at []time.Duration, l Line) {
	if f.loose <= maxTogether {
		f.loose = 0
	}
	f.voices = 0
	if f.size += len(at) * l.size(); f.size > maxText { // before it is repeated
		return
	}
	for _, d := range at {
		f.timed = append(f.timed, l.shifted(d-at[0]).startingAt(d))
		if len(f.timed) > f.maxLines {
			return
		}
	}
	f.last = len(at)
}

func (l Line) startingAt(d time.Duration) Line {
	l.Start = d
	return l
}

// beside puts a text below the last line, wherever that is repeated.
func (f *lrc) beside(text string) {
	if f.size += f.last * len(text); f.size > maxText {
		return
	}
	for i := len(f.timed) - f.last; i < len(f.timed); i++ {
		f.timed[i].join(Line{Text: text})
	}
}

// maxVoices is how many lines of second voices may follow one with a stamp; those beyond are left out.
const maxVoices = 16

// second takes in a second voice's line.
func (f *lrc) second(s string) {
	before, words := pieces(s)
	text := before
	for _, w := range words {
		text += w.Text
	}
	text = strings.TrimSpace(text)
	f.written = append(f.written, text)
	if text != "" && len(f.timed) > 0 && f.voices < maxVoices {
		f.voices++
		f.beside(text)
	}
}

// tag reads `[offset:+250]`, by which the text comes earlier, in milliseconds. Other tags are for players' windows.
func (f *lrc) tag(key, value string) {
	if key != "offset" {
		return
	}
	value = strings.TrimSuffix(strings.TrimSpace(value), "ms")
	ms, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimPrefix(value, "+")), 64)
	if err == nil && ms > -3_600_000 && ms < 3_600_000 {
		f.offset = time.Duration(ms * float64(time.Millisecond))
	}
}

// untimed is the text as it is written; more than one empty line is one.
func (f *lrc) untimed() (Lyrics, error) {
	l := Lyrics{Kind: Plain}
	for _, s := range f.written {
		if n := len(l.Lines); s == "" && (n == 0 || l.Lines[n-1].Text == "") {
			continue
		}
		l.Lines = append(l.Lines, Line{Text: s})
	}
	for n := len(l.Lines); n > 0 && l.Lines[n-1].Text == ""; n-- {
		l.Lines = l.Lines[:n-1]
	}
	return l.bounded()
}
