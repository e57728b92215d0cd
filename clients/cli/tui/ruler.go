package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/clients/cli/harmless"
)

// ruler measures texts in the terminal's cells, and cuts them between grapheme clusters alone. Its method must be the one by which the
// renderer draws: by clusters where the terminal says it does so too (mode 2027), else by code points.
type ruler struct {
	method ansi.Method
}

// display is a text as it's drawn: nothing in it that a terminal obeys, and composed, as terminals draw loose jamo at several widths.
func display(text string) string { return norm.NFC.String(harmless.Text(text)) }

// sure is a text as it's drawn where something stands to the right of it. Of clusters that terminals without mode 2027 draw at different
// widths (families, skin tones, hearts) only the first sign is left there.
func (r ruler) sure(text string) string {
	text = display(text)
	if r.method == ansi.GraphemeWidth {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		cluster, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		if ansi.StringWidthWc(cluster) != width {
			for _, first := range cluster {
				b.WriteRune(first)
				break
			}
		} else {
			b.WriteString(cluster)
		}
		text = text[len(cluster):]
	}
	return b.String()
}

// width of a text in cells.
func (r ruler) width(text string) int { return r.method.StringWidth(text) }

// fit is a text in exactly so many cells: cut off with an ellipsis, or filled with spaces.
func (r ruler) fit(text string, cells int) string {
	text = r.cut(text, cells)
	return text + spaces(cells-r.width(text))
}

// cut is a text in at most so many cells, with an ellipsis where something is left out. The library's own truncation measures some clusters
// differently from its widths when it counts by code points.
func (r ruler) cut(text string, cells int) string {
	if cells <= 0 {
		return ""
	}
	if r.width(text) <= cells {
		return text
	}
	var b strings.Builder
	for taken := 0; text != ""; {
		if colour := colourAt(text); colour != "" {
			b.WriteString(colour)
			text = text[len(colour):]
			continue
		}
		cluster, _ := ansi.FirstGraphemeCluster(text, r.method)
		if taken += r.width(cluster); taken > cells-1 {
			b.WriteString("…")
			break
		}
		b.WriteString(cluster)
		text = text[len(cluster):]
	}
	if unclosed(b.String()) != "" {
		b.WriteString(ansi.ResetStyle)
	}
	return b.String()
}

// colourAt is the sequence that changes colours at the beginning of a text; empty: there is none. Texts hold no others.
func colourAt(text string) string {
	if !strings.HasPrefix(text, "\x1b[") {
		return ""
	}
	return text[:strings.IndexByte(text, 'm')+1]
}

// ends is a line of so many cells with one text at its beginning and one at its end; the first gives way.
func (r ruler) ends(left, right string, cells int) string {
	right = r.cut(right, cells)
	room := cells - r.width(right)
	if right != "" && left != "" {
		return r.fit(left, room-1) + spaces(min(room, 1)) + right
	}
	return r.fit(left, room) + right
}

// wrap breaks a text into rows of at most so many cells, at spaces where it can. Each row holds its colours whole. The library's own wrapping
// gives rows that are too wide at hyphens.
func (r ruler) wrap(text string, cells int) []string {
	w := wrapping{ruler: r, cells: cells}
	for text != "" {
		sign := colourAt(text)
		if sign == "" {
			sign, _ = ansi.FirstGraphemeCluster(text, r.method)
		}
		text = text[len(sign):]
		w.add(sign)
	}
	w.end(len(w.row), len(w.row))
	rows, open := w.rows, ""
	for i, row := range rows {
		row = r.cut(open+row, cells)
		if open = unclosed(row); open != "" {
			row += ansi.ResetStyle
		}
		rows[i] = row
	}
	return rows
}

// wrapping is a text that is being broken into rows.
type wrapping struct {
	ruler ruler
	cells int
	rows  []string
	row   []string // clusters and colours
	width int      // of row
}

// add takes a cluster or a colour.
func (w *wrapping) add(sign string) {
	width := w.ruler.width(sign)
	for width > 0 && w.width > 0 && w.width+width > w.cells {
		if sign == " " {
			w.end(len(w.row), len(w.row))
			return
		}
		if space := w.lastSpace(); space > 0 {
			w.end(space, space+1)
		} else {
			w.end(len(w.row), len(w.row))
		}
	}
	w.row = append(w.row, sign)
	w.width += width
}

// lastSpace is where the last space is that has something before it; 0: there is none.
func (w *wrapping) lastSpace() int {
	for i := len(w.row) - 1; i > 0; i-- {
		if w.row[i] == " " {
			return i
		}
	}
	return 0
}

// end ends the row at a place, and begins the next one at another.
func (w *wrapping) end(at, next int) {
	w.rows = append(w.rows, strings.Join(w.row[:at], ""))
	w.row = append([]string(nil), w.row[next:]...)
	w.width = w.ruler.width(strings.Join(w.row, ""))
}

// unclosed is the colour that is still on at the end of a text; colours don't nest.
func unclosed(text string) string {
	from := strings.LastIndex(text, "\x1b[")
	if from < 0 {
		return ""
	}
	colour := colourAt(text[from:])
	if colour == "\x1b[m" || colour == "\x1b[0m" {
		return ""
	}
	return colour
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }
