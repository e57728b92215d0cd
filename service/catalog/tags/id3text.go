package tags

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/singoff/singoff/service/catalog/charset"
)

// Encodings of ID3v2's text.
const (
	latin1    = 0
	utf16Mark = 1
	utf16BE   = 2
	utf8Text  = 3
)

// decode gives a frame's text by its label. What isn't UTF-8 under that label is guessed at. Bytes of UTF-16 that lack their other
// half are left out, as are the marks that stand before each of several values.
func (c *collector) decode(encoding byte, b []byte) string {
	switch encoding {
	case utf16Mark, utf16BE:
		return strings.ReplaceAll(fromUTF16(b, encoding == utf16BE), "\uFEFF", "")
	case utf8Text:
		if utf8.Valid(b) {
			return string(b)
		}
		if s, _, err := charset.Decode(bytes.TrimRight(b, "\x00"), c.charset); err == nil {
			return s
		}
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return fromLatin1(b)
}

func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, x := range b {
		runes[i] = rune(x)
	}
	return string(runes)
}

// fromUTF16 goes by the mark, else by what the label says, else by what makes sense.
func fromUTF16(b []byte, bigEndian bool) string {
	b = b[:len(b)&^1]
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		bigEndian = false
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		bigEndian = true
	case !bigEndian:
		bigEndian = sense(units(b, true)) > sense(units(b, false))
	}
	return string(utf16.Decode(units(b, bigEndian)))
}

func units(b []byte, bigEndian bool) []uint16 {
	u := make([]uint16, len(b)/2)
	for i := range u {
		lo, hi := b[2*i], b[2*i+1]
		if bigEndian {
			lo, hi = hi, lo
		}
		u[i] = uint16(hi)<<8 | uint16(lo)
	}
	return u
}

// sense counts units that songs' titles are made of: Latin, Hangul, kana.
func sense(u []uint16) int {
	n := 0
	for _, x := range u {
		if x >= 0x20 && x < 0x250 || x >= 0xAC00 && x < 0xD7A4 || x >= 0x3040 && x < 0x3100 {
			n++
		}
	}
	return n
}

// terminated cuts b behind the first string in an encoding; without an end all of it is the string.
func terminated(encoding byte, b []byte) (str, rest []byte) {
	if encoding != utf16Mark && encoding != utf16BE {
		str, rest, _ = bytes.Cut(b, []byte{0})
		return str, rest
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i], b[i+2:]
		}
	}
	return b, nil
}
