package charset

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Repair gives the text that was meant where a tag's label said Latin-1 and its bytes were UTF-8, or what is expected of the
// library (see Decode). French accents stay as they are. sure is false where s may be either; s is then unchanged.
func Repair(s string, fallback Name) (text string, sure bool) {
	if strings.ContainsRune(s, utf8.RuneError) {
		return s, false
	}
	b, high := single(s)
	if b == nil || high == 0 {
		return s, true // ASCII, or characters that no label of Latin-1 gives
	}
	if utf8.Valid(b) {
		return string(b), true
	}
	if fallback == "" {
		fallback = CP949
	}
	latin := plausibleLatin(s)
	meant, ok := strict(b, fallback)
	switch {
	case !ok, fallback == CP1252:
		return s, latin
	case fallback == CP949 && rareShare(b) == 1 && latin: // `Ähnlich`: a letter and its neighbour look like one rare syllable
		return s, true
	case latin && asciiLetters(s) > high:
		return s, true
	case latin:
		return s, false // `ÀÉ` or a syllable
	case fallback == CP949 && doubtful(b, meant):
		return s, false
	}
	return meant, true
}

// single gives the bytes that s was made of, if each character was one byte of CP1252 or Latin-1, and how many aren't ASCII.
func single(s string) (b []byte, high int) {
	b = make([]byte, 0, len(s))
	for _, r := range s {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			if r > 0xFF {
				return nil, 0
			}
			c = byte(r)
		}
		if c >= 0x80 {
			high++
		}
		b = append(b, c)
	}
	return b, high
}

// plausibleLatin says whether s may be meant as it is: accented letters among others, signs that people write, and not more of
// them than of plain letters, but for a name of one or two.
func plausibleLatin(s string) bool {
	var letters, signs int
	for _, r := range s {
		switch {
		case r < 0x80:
		case r < 0xA0:
			return false
		case unicode.IsLetter(r):
			letters++
		case strings.ContainsRune("°½¼¾²³®©«»¿¡’‘“”–—…•™€£\u00A0·´", r):
			signs++
		default:
			return false
		}
	}
	plain := asciiLetters(s)
	if plain > 0 && slices.ContainsFunc(strings.Fields(s), accentsAlone) {
		return false
	}
	return letters <= max(plain, 2) && signs <= 1+plain/4
}

// accentsAlone says whether a word is two accented letters or more and nothing else, which no language writes.
func accentsAlone(word string) bool {
	return utf8.RuneCountInString(word) > 1 && !strings.ContainsFunc(word, func(r rune) bool { return r < 0xC0 || !unicode.IsLetter(r) })
}

func asciiLetters(s string) int {
	n := 0
	for i := range len(s) {
		if c := s[i] | 0x20; c >= 'a' && c <= 'z' {
			n++
		}
	}
	return n
}
