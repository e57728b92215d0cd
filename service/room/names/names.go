// Package names holds the rules of nicknames: how one is cleaned, what is refused, and when two are the same; and the form of ids.
// People write names in every script, with loose jamo, symbols and emoji; refused is only what is invisible, what changes the
// text around it, and what piles up. A refusal is a sentence that names the character and where it is.
package names

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a nickname as it is shown.
const (
	// MaxCharacters counts what people see as one character: grapheme clusters.
	MaxCharacters = 32
	// MaxBytes counts UTF-8.
	MaxBytes = 512
	// MaxMarks is how many marks may stand on one base.
	MaxMarks = 4
	// MaxCodePoints is how many code points one character may be made of; the largest emoji of the standard have ten.
	MaxCodePoints = 16
)

// maxTyped bounds the work on what somebody typed, in bytes of UTF-8: decomposed text may be longer than it is shown.
const maxTyped = 4 * MaxBytes

// Clean gives a typed nickname as it is shown: in NFC, without white space around it, and with one plain space for each run of
// space characters within. What is cleaned already stays as it is. The error is an *Error.
func Clean(typed string) (shown string, err error) {
	if len(typed) > maxTyped {
		return "", tooLong(len(typed), "bytes", MaxBytes)
	}
	if !utf8.ValidString(typed) {
		return "", notUTF8(typed)
	}
	shown = foldSpaces(strings.TrimSpace(norm.NFC.String(typed)))
	if shown == "" {
		return "", &Error{Reason: ErrEmpty}
	}
	if n := uniseg.GraphemeClusterCount(shown); n > MaxCharacters {
		return "", tooLong(n, "characters", MaxCharacters)
	}
	if err := check(shown); err != nil {
		return "", err
	}
	if len(shown) > MaxBytes {
		return "", tooLong(len(shown), "bytes", MaxBytes)
	}
	return shown, nil
}

// Key gives a nickname as it is compared: two with the same key are the same name. Case, width and other forms of compatibility
// (NFKC), the kind and number of spaces, and whether a symbol asks for its colourful form make no difference. A key is
// never shown.
func Key(shown string) string {
	s := foldSpaces(shown)
	if !strings.ContainsFunc(s, intricate) {
		return strings.TrimSpace(strings.ToLower(s))
	}
	s = strings.Map(visible, s)
	// Unicode's compatibility caseless match (D146), composed in the end.
	s = fold(norm.NFD.String(s))
	s = fold(norm.NFKD.String(s))
	return strings.TrimSpace(foldSpaces(norm.NFKC.String(s)))
}

// intricate tells code points that Key has to look at closely: all but ASCII, Hangul syllables and the commonest ideographs. A
// name without them, as most are, is its own key but for its case.
func intricate(r rune) bool {
	return r >= utf8.RuneSelf && (r < '\uac00' || r > '\ud7a3') && (r < '\u4e00' || r > '\u9fff')
}

func fold(s string) string { return cases.Fold().String(s) }

// visible drops what a cleaned name may have but nobody sees by itself.
func visible(r rune) rune {
	if r == zeroWidthJoiner || unicode.Is(unicode.Variation_Selector, r) {
		return -1
	}
	return r
}

// foldSpaces makes one plain space of each run of space characters (Zs). Controls, line ends among them, stay to be refused.
func foldSpaces(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Zs, r) }) {
		return s
	}
	var b strings.Builder
	space := false
	for _, r := range s {
		if unicode.Is(unicode.Zs, r) {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}
