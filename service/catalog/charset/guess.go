package charset

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// guess reads b as what is expected, unless that makes no sense, or little and something else much.
func guess(b []byte, fallback Name) (string, Name, error) {
	text, ok := strict(b, fallback)
	if ok && (fallback != CP949 || !doubtful(b, text)) {
		return text, fallback, nil
	}
	for _, other := range []struct {
		name  Name
		sense func(b []byte, text string) bool
	}{{ShiftJIS, japanese}, {EUCJP, japanese}, {GB18030, chinese}, {CP1252, western}} {
		if other.name == fallback {
			continue
		}
		if t, ok := strict(b, other.name); ok && other.sense(b, t) {
			return t, other.name, nil
		}
	}
	if ok && hanjaShare(text) <= maxHanja {
		return text, fallback, nil
	}
	if ok {
		return "", "", fmt.Errorf("%w: as %s it would be rubbish; save it as UTF-8", ErrUnclear, fallback)
	}
	return "", "", fmt.Errorf("%w: it isn't %s either; save it as UTF-8", ErrUnclear, fallback)
}

// strict decodes without replacing anything.
func strict(b []byte, name Name) (string, bool) {
	out, err := name.encoding().NewDecoder().Bytes(b)
	if err != nil {
		return "", false
	}
	text := string(out)
	for _, r := range text {
		if r == utf8.RuneError || r < ' ' && !strings.ContainsRune("\t\n\r\f\v\x1a", r) || r >= 0x7F && r < 0xA0 {
			return "", false
		}
		if unicode.Is(unicode.Co, r) {
			return "", false
		}
	}
	return text, true
}

const (
	// maxHanja is the share of Chinese characters among those and syllables above which a text isn't Korean: songs have a few in
	// brackets, Chinese read as Korean has about half.
	maxHanja = 0.3
	// maxRare is the share of syllables beyond the 2,350 usual ones; writers need them for jokes and dialects.
	maxRare = 0.3
	// maxJamo is the share of loose jamo, which laughter has and Japanese read as Korean is made of.
	maxJamo = 0.5
)

// doubtful says whether Korean may not be what these bytes were meant to be: too many Chinese characters, syllables that hardly any
// word has, or loose jamo, which is what other encodings look like.
func doubtful(b []byte, text string) bool {
	return hanjaShare(text) > maxHanja || rareShare(b) > maxRare || jamoShare(text) > maxJamo
}

// jamoShare is that of loose jamo among them and syllables.
func jamoShare(text string) float64 {
	var loose, all int
	for _, r := range text {
		if unicode.Is(unicode.Hangul, r) {
			all++
			if r >= 0x3131 && r <= 0x318E {
				loose++
			}
		}
	}
	return share(loose, all)
}

func hanjaShare(text string) float64 {
	var han, hangul int
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Hangul, r):
			hangul++
		}
	}
	return share(han, han+hangul)
}

// rareShare walks CP949: the usual syllables and characters have both bytes from A1 up.
func rareShare(b []byte) float64 {
	var rare, all int
	for i := 0; i+1 < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		all++
		if b[i] < 0xA1 || b[i+1] < 0xA1 {
			rare++
		}
		i++
	}
	return share(rare, all)
}

func share(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

// japanese texts are kana by a third at least.
func japanese(_ []byte, text string) bool {
	var kana, wide, half int
	for _, r := range text {
		switch {
		case r >= 0xFF61 && r <= 0xFF9F: // half-width kana are what single bytes look like
			half++
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			kana++
			wide++
		case r >= 0x2E80:
			wide++
		}
	}
	return share(kana, wide) > 1.0/3 && half <= kana/4
}

// usual are the characters that make up a quarter of any Chinese text, a song's included.
const usual = "的一是不了在人有我他这个们中来上大为和地到以说时要就出会可也你对生能而子那得着下自之过后里心爱想天没多么都好看起还去" +
	"她只如果让给再吗情风夜梦笑泪永远走手花开"

// chinese texts are full of the usual characters.
func chinese(_ []byte, text string) bool {
	var known, han int
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			han++
			if strings.ContainsRune(usual, r) {
				known++
			}
		}
	}
	return han > 0 && share(known, han) >= 0.12
}

// western texts are ASCII letters, and now and then something else beside them: an accent, a typographic apostrophe.
func western(b []byte, text string) bool {
	var ascii, high int
	for _, c := range b {
		switch {
		case c >= 0x80:
			high++
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			ascii++
		}
	}
	if ascii < high {
		return false
	}
	runes := []rune(text)
	for i, r := range runes {
		if r < 0x80 || !unicode.IsLetter(r) {
			continue
		}
		beside := i > 0 && unicode.In(runes[i-1], unicode.Latin) || i+1 < len(runes) && unicode.In(runes[i+1], unicode.Latin)
		alone := (i == 0 || !unicode.IsLetter(runes[i-1])) && (i+1 == len(runes) || !unicode.IsLetter(runes[i+1])) &&
			strings.ContainsRune("àÀáÁéÉèÈóÓúÚíÍøØåÅæÆ", r)
		if !unicode.Is(unicode.Latin, r) && r != 'º' && r != 'ª' && r != 'µ' || !beside && !alone {
			return false
		}
	}
	return true
}
