// Package table prints columns that stand under each other in any script: a Hangul letter is two cells wide, an emoji of seven
// code points too.
package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

const (
	// gap between columns, in cells.
	gap = 2
	// narrow is how wide a shortened column is at least, in cells.
	narrow = 16
)

// Fit shortens cells, so that rows are at most width cells wide: those of the widest column first, but never those of the first one, which
// says what the row is of. Where that isn't enough the rows stay too wide.
func Fit(rows [][]string, width int) [][]string {
	widths := columns(rows)
	excess := -width - gap
	for _, w := range widths {
		excess += w + gap
	}
	for ; excess > 0 && len(widths) > 1; excess-- {
		widest := 1
		for i := range widths[1:] {
			if widths[i+1] >= widths[widest] {
				widest = i + 1
			}
		}
		if widths[widest] <= narrow {
			break
		}
		widths[widest]--
	}
	fit := make([][]string, len(rows))
	for i, row := range rows {
		for column, cell := range row {
			fit[i] = append(fit[i], shorten(cell, widths[column]))
		}
	}
	return fit
}

// shorten cuts a text to so many cells, the last of which tells that it was cut.
func shorten(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	kept, left := 0, width-1
	for clusters := uniseg.NewGraphemes(text); clusters.Next() && clusters.Width() <= left; left -= clusters.Width() {
		_, kept = clusters.Positions()
	}
	return text[:kept] + "…"
}

// columns gives the width of each column's widest cell.
func columns(rows [][]string) (widths []int) {
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	return widths
}

// Write prints rows, the first of which is the heading, with each column as wide as its widest cell. Cells must be harmless.
func Write(w io.Writer, rows [][]string) error {
	widths := columns(rows)
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+gap))
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("the table can't be written: %w", err)
	}
	return nil
}
