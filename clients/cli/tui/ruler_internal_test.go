package tui

import (
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Wrapping breaks lines and leaves out the spaces there; it was feared to drop what it can't place, as other ways to cut do.
func FuzzWrap(f *testing.F) {
	for _, text := range []string{"a b c", "안녕하세요 여러분 반갑습니다", "👨‍👩‍👧‍👦 👍🏽👍🏽👍🏽 🇰🇷🇰🇷", "one-two-three four", "  two  spaces  ", "e\u0301\u0301 x", "a\u200db", "\u1161\u1161"} {
		f.Add(text, uint8(9))
		f.Add(text, uint8(40))
	}
	f.Fuzz(func(t *testing.T, text string, width uint8) {
		cells := max(int(width), 8) // the widest sign by code points that people use
		text = display(strings.ToValidUTF8(text, "?"))
		for _, method := range []ansi.Method{ansi.WcWidth, ansi.GraphemeWidth} {
			r := ruler{method}
			if widest(r, text) > cells {
				continue
			}
			rows := r.wrap("\x1b[33m* "+text+"\x1b[0m", cells)
			for _, row := range rows {
				if r.width(row) > cells || unclosed(row) != "" {
					t.Errorf("%q by %d is wrapped into %q", text, cells, rows)
				}
			}
			if got, want := letters(ansi.Strip(strings.Join(rows, ""))), letters("* "+text); got != want {
				t.Errorf("%q by %d: got %q, want %q", text, cells, got, want)
			}
		}
	})
}

func widest(r ruler, text string) (most int) {
	for text != "" {
		cluster, _ := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		most = max(most, r.width(cluster))
		text = text[len(cluster):]
	}
	return most
}

func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}
