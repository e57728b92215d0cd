package tui

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// editor is a line that a person types. What is typed or pasted is kept as it came; the cursor moves by grapheme clusters, and deleting takes
// whole ones. The cursor may stand inside of a cluster while its parts come one by one: then what follows goes where it's expected.
type editor struct {
	text   string
	cursor int // in bytes
}

func (e *editor) insert(text string) {
	e.text = e.text[:e.cursor] + text + e.text[e.cursor:]
	e.cursor += len(text)
}

func (e *editor) set(text string) { e.text, e.cursor = text, len(text) }

// before is where the cluster begins that ends at a place or holds it.
func (e *editor) before(place int) int {
	begin := 0
	for at := 0; at < place; {
		begin = at
		cluster, _ := ansi.FirstGraphemeCluster(e.text[at:], ansi.GraphemeWidth)
		at += len(cluster)
	}
	return begin
}

// after is where the cluster ends that begins at a place or holds it.
func (e *editor) after(place int) int {
	at := 0
	for at <= place && at < len(e.text) {
		cluster, _ := ansi.FirstGraphemeCluster(e.text[at:], ansi.GraphemeWidth)
		at += len(cluster)
	}
	return at
}

func (e *editor) left()  { e.cursor = e.before(e.cursor) }
func (e *editor) right() { e.cursor = e.after(e.cursor) }
func (e *editor) home()  { e.cursor = 0 }
func (e *editor) end()   { e.cursor = len(e.text) }

// wordBefore is where the word begins that ends before the cursor.
func (e *editor) wordBefore() int {
	text := strings.TrimRightFunc(e.text[:e.cursor], unicode.IsSpace)
	return len(strings.TrimRightFunc(text, func(r rune) bool { return !unicode.IsSpace(r) }))
}

// wordAfter is where the word ends that begins after the cursor.
func (e *editor) wordAfter() int {
	text := strings.TrimLeftFunc(e.text[e.cursor:], unicode.IsSpace)
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		text = text[i:]
	} else {
		text = ""
	}
	return len(e.text) - len(text)
}

// remove takes away what is between two places; the cursor stands there then.
func (e *editor) remove(from, to int) {
	e.text = e.text[:from] + e.text[to:]
	e.cursor = from
}

func (e *editor) backspace() { e.remove(e.before(e.cursor), e.cursor) }
func (e *editor) delete()    { e.remove(e.cursor, e.after(e.cursor)) }

// view is the part of the line around the cursor that fits into so many cells, and the cursor's cell in it.
func (e *editor) view(r ruler, cells int) (shown string, cursor int) {
	ahead := 0
	for rest := e.text[:e.cursor]; len(rest) > 0; {
		cluster, _ := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		ahead += r.width(display(cluster))
		rest = rest[len(cluster):]
	}
	skip := 0
	for step := max(cells/2, 1); ahead-skip >= cells; {
		skip += step
	}
	column, skipped := 0, 0
	var b strings.Builder
	for rest := e.text; len(rest) > 0; {
		cluster, _ := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		rest = rest[len(cluster):]
		sign := display(cluster)
		width := r.width(sign)
		if column < skip {
			column += width
			skipped = column
			continue
		}
		if column+width-skipped > cells {
			break
		}
		column += width
		b.WriteString(sign)
	}
	return b.String(), min(max(ahead-skipped, 0), max(cells-1, 0))
}
