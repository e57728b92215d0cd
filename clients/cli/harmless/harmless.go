// Package harmless makes texts that others wrote safe to print on a terminal.
// What could move the cursor, change colours, forge a line, hide, or turn the order of letters is shown as a visible
// escape: `\n`, `\x1b`, `\u{202e}`. Everything people write with (every script, emoji with joiners, flags) stays as it is.
package harmless

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	zeroWidthNonJoiner = '\u200c' // needed to write Persian
	zeroWidthJoiner    = '\u200d' // holds emoji together
	blackFlag          = '\U0001f3f4'
	firstTag           = '\U000e0020'
	cancelTag          = '\U000e007f'
)

// Text is s on one line, with everything that a terminal could obey shown as a visible escape. A backslash that s itself
// holds stays as it is.
func Text(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	inFlag := false
	for i, width := 0, 0; i < len(s); i += width {
		r, n := utf8.DecodeRuneInString(s[i:])
		width = n
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
			inFlag = false
			continue
		}
		tag := r >= firstTag && r <= cancelTag
		inFlag = r == blackFlag || inFlag && tag
		if dangerous(r) && (!tag || !inFlag) {
			b.WriteString(escape(r))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// dangerous tells what isn't printed as it is: controls, line and paragraph separators, and format characters (bidi
// overrides among them) but those that are needed to write or that are themselves visible.
func dangerous(r rune) bool {
	switch {
	case r == zeroWidthJoiner, r == zeroWidthNonJoiner:
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u{%x}`, r)
}
