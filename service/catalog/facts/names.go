package facts

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxText is how many characters of a title, an artist or an album are kept.
const MaxText = 200

// Stem is a key's last part without its extension.
func Stem(key string) string {
	base := path.Base(key)
	return strings.TrimSuffix(base, path.Ext(base))
}

// clean makes a text fit to be shown, or empty if it isn't text: NFC, on one line, without controls and what turns the direction of what
// follows, at most MaxText characters.
func clean(s string) string {
	if !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
		return ""
	}
	s = strings.ReplaceAll(strings.Trim(s, "\x00"), "\x00", ", ") // several values
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF':
			return -1
		}
		return r
	}, s)
	s = norm.NFC.String(strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > MaxText {
		s = strings.TrimSpace(string(r[:MaxText]))
	}
	return s
}
