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

// cut is a text in at most so many cells, with an ellipsis where something is left out.
func (r ruler) cut(text string, cells int) string {
	if cells <= 0 {
		return ""
	}
	if r.width(text) <= cells {
		return text
	}
	return r.method.Truncate(text, cells, "…")
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

// wrap breaks a text into lines of at most so many cells, between words where it can. Each line holds its colours whole.
func (r ruler) wrap(text string, cells int) []string {
	lines := strings.Split(r.method.Wrap(text, max(cells, 2), ""), "\n")
	open := ""
	for i, line := range lines {
		line = open + line
		if open = unclosed(line); open != "" {
			line += ansi.ResetStyle
		}
		lines[i] = line
	}
	return lines
}

// unclosed is the colour that is still on at the end of a text; colours don't nest.
func unclosed(text string) string {
	from := strings.LastIndex(text, "\x1b[")
	if from < 0 {
		return ""
	}
	to := strings.IndexByte(text[from:], 'm')
	switch sequence := text[from : from+to+1]; sequence {
	case "\x1b[m", "\x1b[0m":
		return ""
	default:
		return sequence
	}
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }
