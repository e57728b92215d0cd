package tags

import (
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fileName is what a file's name says.
type fileName struct {
	title  string // never empty
	artist string
	track  int
}

var (
	// placed is a number before the rest: `01 - `, `01. `, `1-03 `.
	placed = regexp.MustCompile(`^(?:\d{1,2}-)?(\d{1,3})\s*(?:[.)]\s*|\s[-–—]\s)(.+)$`)
	dashed = regexp.MustCompile(`\s+[-–—]\s+`)
	// nothing are titles that programs make up.
	nothing = regexp.MustCompile(`(?i)^(?:(?:audio ?)?track|트랙|音轨|トラック|unknown(?: title)?|untitled|no title|제목 ?없음)\s*\d*$|^(?:https?://|www\.)\S+$`)
)

// parseName reads `artist - title`, with or without a number before it.
func parseName(name string) fileName {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	stem := strings.TrimSuffix(base, path.Ext(base))
	if !strings.Contains(stem, " ") {
		stem = strings.ReplaceAll(stem, "_", " ")
	}
	n := fileName{title: Clean(stem)}
	if m := placed.FindStringSubmatch(n.title); m != nil {
		n.track, _ = strconv.Atoi(m[1])
		n.title = m[2]
	}
	if parts := dashed.Split(n.title, 2); len(parts) == 2 && parts[0] != "" && parts[1] != "" {
		n.artist, n.title = parts[0], parts[1]
	}
	if n.title == "" {
		n.title = "?"
		if valid := strings.ToValidUTF8(base, ""); valid != "" {
			n.title = valid
		}
	}
	return n
}

func saysNothing(title string) bool { return nothing.MatchString(title) }

// MaxText is how many characters of a title, an artist or an album are kept.
const MaxText = 200

// Clean makes a text fit to be shown, or empty if it isn't text: NFC, on one line, without controls and what turns the direction
// of what follows, at most MaxText characters.
func Clean(s string) string {
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
