package lyrics

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// number is the inside of a stamp: `1:02`, `01:02.3`, `01:02.34`, `01:02.345`, `01:02:34`, `1:02:03.45`, `01:02,34`.
const number = `\s*(\d{1,4})\s*:\s*(\d{1,2})(?:\s*([:.,])\s*(\d{1,9})(?:[.,](\d{1,9}))?)?\s*`

var (
	lineStamp  = regexp.MustCompile(`^\s*(?:\[` + number + `\]|［` + number + `］)`)
	innerStamp = regexp.MustCompile(`[<\[]` + number + `[>\]]`)
	// idTag is `[ar:창모]`, and with it every tag that isn't a stamp.
	idTag = regexp.MustCompile(`^\s*\[\s*(#|[A-Za-z][A-Za-z_]*)\s*:([^\[\]]*)\]\s*$`)
	// backing is a line of the second voice in the A2 form: `[bg: <00:01.00>(oh)]`.
	backing = regexp.MustCompile(`^\s*\[\s*bg\s*:(.*)\]\s*$`)
	// voice says who sings a line: `v1:`.
	voice = regexp.MustCompile(`^\s*v\d{1,2}\s*:\s*`)
	// broken are stamps that nobody could read, and marks that programs leave between lines.
	broken = regexp.MustCompile(`\[[\d\s:.,;+-]*\]|<[\d\s:.,;+-]*:[\d\s:.,;+-]*>|\[\s*(?:ti|ar|al|by|au|re|ve|tool|length|offset|la|id)\s*:[^\[\]]*\]`)
	spaces = regexp.MustCompile(`[ \t\x{00A0}\x{3000}]+`)
)

// instant reads what number has found: minutes and seconds, and hundredths, or hours before them if a fraction follows.
func instant(m []string) (time.Duration, bool) {
	first, _ := strconv.Atoi(m[1]) // four digits at most
	second, _ := strconv.Atoi(m[2])
	minutes, seconds, frac := first, second, m[4]
	switch {
	case m[3] == ":" && m[5] != "":
		s, err := strconv.Atoi(m[4])
		if err != nil {
			return 0, false
		}
		minutes, seconds, frac = first*60+second, s, m[5]
	case m[5] != "":
		return 0, false
	}
	if seconds > 99 {
		return 0, false
	}
	d := time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second + fraction(frac)
	return d, d <= maxTime
}

// fraction reads digits behind the point, whatever their number.
func fraction(s string) time.Duration {
	if s == "" {
		return 0
	}
	s = (s + "000000000")[:9]
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return time.Duration(n)
}

// maxStamp is the longest stamp that is recognised, in bytes, with the space around it.
const maxStamp = 80

// stamps takes the stamps off a line's beginning.
func stamps(line string) (at []time.Duration, rest string) {
	for {
		m := lineStamp.FindStringSubmatch(line[:min(len(line), maxStamp)])
		if m == nil || len(at) > MaxLines {
			return at, line
		}
		if m[1] == "" {
			m = append([]string{m[0]}, m[6:]...)
		}
		if d, ok := instant(m); ok {
			at = append(at, d)
		}
		line = line[len(m[0]):]
	}
}

// maxWords is how many stamps within a line are used.
const maxWords = 1000

// pieces cuts a line at the stamps within it. before is what stands before the first.
func pieces(s string) (before string, words []Word) {
	at := innerStamp.FindAllStringSubmatchIndex(s, maxWords)
	if at == nil {
		return plain(s), nil
	}
	for i, m := range at {
		end := len(s)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		parts := make([]string, 6)
		for g := range parts {
			if from := m[2*g]; from >= 0 {
				parts[g] = s[from:m[2*g+1]]
			}
		}
		d, ok := instant(parts)
		if !ok {
			if len(words) > 0 {
				words[len(words)-1].Text += plain(s[m[1]:end])
			} else {
				before += plain(s[m[1]:end])
			}
			continue
		}
		words = append(words, Word{Start: d, Text: plain(s[m[1]:end])})
	}
	return plain(s[:at[0][0]]) + before, words
}

// plain is text without anything that isn't to be sung: stamps, tags, brackets, controls. Outer space stays, as one.
func plain(s string) string {
	if strings.ContainsAny(s, "[<") {
		s = broken.ReplaceAllString(s, "")
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '[', r == ']', r == '［', r == '］', r == '\uFEFF', r == unicode.ReplacementChar:
			return -1
		case r == '\t' || unicode.Is(unicode.Zs, r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	return cut(spaces.ReplaceAllString(s, " "))
}

// trimMarks takes off byte order marks, which copies of copies have several of.
func trimMarks(s string) string { return strings.TrimLeft(s, "\uFEFF\u200B") }
