package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/clients/cli/show"
)

// kept is how many lines of the past can be scrolled back to.
const kept = 2000

// transcript is what was said and what happened, oldest first, and how far it's scrolled back.
type transcript struct {
	lines []show.Line
	back  int // rows below the lowest one shown
}

// add appends lines. Whoever has scrolled back goes on seeing the same rows.
func (t *transcript) add(r ruler, width int, lines ...show.Line) {
	for _, l := range lines {
		l.Text = norm.NFC.String(l.Text)
		t.lines = append(t.lines, l)
		if t.back > 0 {
			t.back += len(rows(r, l, width))
		}
	}
	if gone := len(t.lines) - kept; gone > 0 {
		t.lines = append([]show.Line(nil), t.lines[gone:]...)
	}
}

// scroll goes so many rows back, or forth.
func (t *transcript) scroll(r ruler, width, height, by int) {
	total := 0
	for i := len(t.lines) - 1; i >= 0 && total < t.back+by+height; i-- {
		total += len(rows(r, t.lines[i], width))
	}
	t.back = max(0, min(t.back+by, total-height))
}

// view is what stands in a window of so many cells and rows, filled up from above with empty rows.
func (t *transcript) view(r ruler, width, height int) []string {
	var found [][]string // newest first
	total := 0
	for i := len(t.lines) - 1; i >= 0 && total < t.back+height; i-- {
		found = append(found, rows(r, t.lines[i], width))
		total += len(found[len(found)-1])
	}
	all := make([]string, 0, total)
	for _, some := range slices.Backward(found) {
		all = append(all, some...)
	}
	end := max(len(all)-t.back, min(height, len(all)))
	all = all[max(end-height, 0):end]
	return append(make([]string, height-len(all)), all...)
}

// rows is a line in so many cells: the time, then the text, whose further rows stand below its first.
func rows(r ruler, l show.Line, width int) []string {
	when := short(l.Time, width)
	if when == "" {
		return r.wrap(l.Text, width)
	}
	indent := r.width(when) + 1
	wrapped := r.wrap(l.Text, width-indent)
	for i, row := range wrapped {
		if i == 0 {
			wrapped[i] = faint.Styled(when) + " " + row
		} else {
			wrapped[i] = spaces(indent) + row
		}
	}
	return wrapped
}

// short is as much of a time as there is room for.
func short(time string, width int) string {
	switch {
	case width < 30:
		return ""
	case width < 60:
		if i := strings.LastIndexByte(time, ':'); i > 0 {
			time = time[:i]
		}
		if width < 45 {
			time = time[strings.LastIndexByte(time, ' ')+1:]
		}
	}
	return time
}

// The styles of everything here, in the sixteen colours every terminal has.
var (
	faint   = ansi.Style{}.Faint()
	strong  = ansi.Style{}.Bold()
	singer  = ansi.Style{}.Bold().ForegroundColor(ansi.Magenta)
	watcher = ansi.Style{}.Bold().ForegroundColor(ansi.Cyan)
	good    = ansi.Style{}.ForegroundColor(ansi.Green)
	warning = ansi.Style{}.ForegroundColor(ansi.Yellow)
	bad     = ansi.Style{}.ForegroundColor(ansi.Red)
)
