// Package table prints columns that stand under each other in any script: a Hangul letter is two cells wide, an emoji of seven
// code points too.
package table

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// gap between columns, in cells.
const gap = 2

// Write prints rows, the first of which is the heading, with each column as wide as its widest cell. Cells must be harmless.
func Write(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
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
