package index

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Hangul syllables are laid out by initial consonant, vowel and final consonant.
const (
	firstSyllable = 0xAC00
	lastSyllable  = 0xD7A3
	perInitial    = 21 * 28
	firstChoseong = 0x1100 // conjoining initials, in the same order
)

// compat are the compatibility jamo (those of keyboards) of the 19 initial consonants.
var compat = []rune("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")

// clusters are consonants that only end a syllable; keyboards make them of two initials typed one after the other.
var clusters = map[rune]string{
	'ㄳ': "ㄱㅅ", 'ㄵ': "ㄴㅈ", 'ㄶ': "ㄴㅎ", 'ㄺ': "ㄹㄱ", 'ㄻ': "ㄹㅁ", 'ㄼ': "ㄹㅂ", 'ㄽ': "ㄹㅅ", 'ㄾ': "ㄹㅌ", 'ㄿ': "ㄹㅍ", 'ㅀ': "ㄹㅎ", 'ㅄ': "ㅂㅅ",
}

// initialOf gives a character's initial consonant, or itself.
func initialOf(r rune) rune {
	switch {
	case r >= firstSyllable && r <= lastSyllable:
		return compat[(r-firstSyllable)/perInitial]
	case r >= firstChoseong && int(r-firstChoseong) < len(compat):
		return compat[r-firstChoseong]
	}
	return r
}

// initials shortens 창모 to ㅊㅁ; what isn't Hangul stays, spaces go.
func initials(s string) string {
	var b strings.Builder
	for _, r := range folding.String(norm.NFKC.String(s)) {
		if r == ' ' {
			continue
		}
		b.WriteRune(initialOf(r))
	}
	return b.String()
}

// asInitials says whether a word is made of initial consonants alone, and gives it as initials does.
func asInitials(word string) (string, bool) {
	for _, r := range word {
		consonant := initialOf(halfwidth(r))
		if isSyllable(r) || !isInitial(consonant) && clusters[consonant] == "" {
			return "", false
		}
	}
	return compatible(word), true
}

// compatible writes consonants of any form as compatibility jamo.
func compatible(word string) string {
	var b strings.Builder
	for _, r := range word {
		r = initialOf(halfwidth(r))
		if parts, ok := clusters[r]; ok {
			b.WriteString(parts)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// halfwidth gives the full form of a half-width consonant.
func halfwidth(r rune) rune {
	if r < 0xFFA1 || r > 0xFFBE {
		return r
	}
	return []rune(norm.NFKC.String(string(r)))[0]
}

func isInitial(r rune) bool { return strings.ContainsRune(string(compat), r) }

func isSyllable(r rune) bool { return r >= firstSyllable && r <= lastSyllable }

// finals are the final consonants, by what they are typed as while the next syllable hasn't its vowel yet: the last consonant is an initial, the
// one before it stays a final.
var finals = map[rune]string{
	'\u11A8': "\u1100", '\u11A9': "\u1101", '\u11AA': "\u11A8\u1109", '\u11AB': "\u1102", '\u11AC': "\u11AB\u110C", '\u11AD': "\u11AB\u1112",
	'\u11AE': "\u1103", '\u11AF': "\u1105", '\u11B0': "\u11AF\u1100", '\u11B1': "\u11AF\u1106", '\u11B2': "\u11AF\u1107", '\u11B3': "\u11AF\u1109",
	'\u11B4': "\u11AF\u1110", '\u11B5': "\u11AF\u1111", '\u11B6': "\u11AF\u1112", '\u11B7': "\u1106", '\u11B8': "\u1107", '\u11B9': "\u11B8\u1109",
	'\u11BA': "\u1109", '\u11BB': "\u110A", '\u11BC': "\u110B", '\u11BD': "\u110C", '\u11BE': "\u110E", '\u11BF': "\u110F", '\u11C0': "\u1110",
	'\u11C1': "\u1111", '\u11C2': "\u1112",
}
