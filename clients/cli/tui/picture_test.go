package tui_test

import (
	"fmt"
	"html"
	"image/color"
	"os"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

const (
	pictureStory = "testdata/picture.txt"
	pictureFile  = "../../../docs/terminal.svg"
)

// The README's picture is the last screen of a story. Run the test with -rewrite to draw it anew.
func TestPicture(t *testing.T) {
	t.Parallel()
	story, err := os.ReadFile(pictureStory)
	if err != nil {
		t.Fatal(err)
	}
	_, s := tell(t, string(story))
	view := s.model.View()
	got := draw(view.Content, 104, 24, view.Cursor.X, view.Cursor.Y)
	if *rewrite {
		if err := os.WriteFile(pictureFile, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(pictureFile)
	if err != nil || got != string(want) {
		t.Errorf("%s isn't the last screen of %s (%v): run the test with -rewrite", pictureFile, pictureStory, err)
	}
}

// The picture's measures, in pixels, and its colours.
const (
	cellWidth, cellHeight = 8.4, 18.0
	margin                = 16.0
	background, ink, dim  = "#16181d", "#d5d8df", "#7d828e"
)

var palette = map[color.Color]string{
	ansi.Red: "#f07178", ansi.Green: "#8fce6f", ansi.Yellow: "#e6c063", ansi.Magenta: "#d38ae8", ansi.Cyan: "#6cc7d9",
}

// draw makes an SVG of a screen. Each sign stands in its own cells, whatever the width that the reader's fonts give it.
func draw(content string, width, height, cursorX, cursorY int) string {
	screen := uv.NewScreenBuffer(width, height)
	screen.Method = ansi.GraphemeWidth
	uv.NewStyledString(content).Draw(screen, screen.Bounds())
	var b strings.Builder
	w, h := float64(width)*cellWidth+2*margin, float64(height)*cellHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %.1f" font-size="14" `, w, h)
	b.WriteString(`font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK KR', monospace">` + "\n")
	b.WriteString("<title>singoff join in a terminal: seats, tallies, what plays, and chat</title>\n")
	fmt.Fprintf(&b, `<rect width="%.1f" height="%.1f" rx="10" fill="%s"/>`+"\n", w, h, background)
	fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n",
		left(cursorX), top(cursorY), cellWidth, cellHeight, ink)
	for y := range height {
		drawRow(&b, screen, y)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func isLine(content string) bool { return strings.ContainsAny(content, "─━│┬") }

func left(x int) float64 { return margin + float64(x)*cellWidth }
func top(y int) float64  { return margin + float64(y)*cellHeight }

// drawRow draws runs of narrow signs of one style, and each wide sign by itself.
func drawRow(b *strings.Builder, screen uv.ScreenBuffer, y int) {
	for x := 0; x < screen.Width(); {
		cell := screen.CellAt(x, y)
		switch {
		case cell == nil || cell.Width == 0 || cell.Content == " ":
			x++
		case cell.Width > 1:
			fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle"%s>%s</text>`+"\n",
				left(x)+float64(cell.Width)*cellWidth/2, top(y)+13.5, style(cell), html.EscapeString(cell.Content))
			x += cell.Width
		case isLine(cell.Content):
			x += drawLine(b, screen, x, y)
		default:
			x += drawRun(b, screen, x, y)
		}
	}
}

// run is how many cells from x on are narrow, of one style, and, by `same`, alike.
func run(screen uv.ScreenBuffer, x, y int, same func(content string) bool) int {
	first, n := screen.CellAt(x, y), 0
	for x+n < screen.Width() {
		cell := screen.CellAt(x+n, y)
		if cell == nil || cell.Width != 1 || !cell.Style.Equal(&first.Style) || !same(cell.Content) {
			break
		}
		n++
	}
	return n
}

func drawRun(b *strings.Builder, screen uv.ScreenBuffer, x, y int) int {
	n := run(screen, x, y, func(content string) bool { return !isLine(content) })
	var text strings.Builder
	for i := range n {
		text.WriteString(screen.CellAt(x+i, y).Content)
	}
	shown := strings.TrimRight(text.String(), " ")
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve"%s>%s</text>`+"\n",
		left(x), top(y)+13.5, float64(len([]rune(shown)))*cellWidth, style(screen.CellAt(x, y)), html.EscapeString(shown))
	return n
}

// drawLine draws box drawing as lines, which meet in every font.
func drawLine(b *strings.Builder, screen uv.ScreenBuffer, x, y int) int {
	cell := screen.CellAt(x, y)
	n := run(screen, x, y, func(content string) bool { return content == cell.Content })
	middle, thick := top(y)+cellHeight/2, 1.0
	if cell.Content == "━" {
		thick = 3
	}
	if cell.Content != "│" {
		line(b, cell, [4]float64{left(x), middle, left(x + n), middle}, thick)
	}
	if cell.Content == "┬" {
		line(b, cell, [4]float64{left(x) + cellWidth/2, middle, left(x) + cellWidth/2, top(y + 1)}, thick)
	}
	if cell.Content == "│" {
		line(b, cell, [4]float64{left(x) + cellWidth/2, top(y), left(x) + cellWidth/2, top(y + 1)}, thick)
	}
	return n
}

func line(b *strings.Builder, cell *uv.Cell, ends [4]float64, thick float64) {
	fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-width="%.0f"/>`+"\n", ends[0], ends[1], ends[2], ends[3], paint(cell), thick)
}

func style(cell *uv.Cell) string {
	text := ` fill="` + paint(cell) + `"`
	if cell.Style.Attrs&uv.AttrBold != 0 {
		text += ` font-weight="bold"`
	}
	return text
}

func paint(cell *uv.Cell) string {
	if shade, ok := palette[cell.Style.Fg]; ok {
		return shade
	}
	if cell.Style.Attrs&uv.AttrFaint != 0 {
		return dim
	}
	return ink
}
