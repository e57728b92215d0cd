// Package charset reads text of unknown encoding: song texts and tags as people's Windows machines have left them. UTF-8 is
// never guessed at; a byte order mark is believed; everything else is read in the encoding that is expected of the library,
// CP949 by default, unless it makes no sense in it. Where nothing makes sense it says so instead of showing rubbish.
package charset

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

var (
	// ErrNotText is returned for bytes that are no text in any encoding.
	ErrNotText = errors.New("not text")
	// ErrUnclear is returned for text whose encoding can't be told.
	ErrUnclear = errors.New("not UTF-8, and its encoding can't be told")
	// ErrUnknownName is returned by ParseName.
	ErrUnknownName = errors.New("no such encoding")
)

// Name names an encoding. The zero value stands for CP949.
type Name string

// Encodings that Decode finds. Others can be expected by ParseName.
const (
	UTF8     Name = "UTF-8"
	UTF16LE  Name = "UTF-16LE"
	UTF16BE  Name = "UTF-16BE"
	CP949    Name = "CP949" // EUC-KR with all 11,172 syllables
	CP1252   Name = "CP1252"
	GB18030  Name = "GB18030" // and with it GBK
	ShiftJIS Name = "Shift_JIS"
	EUCJP    Name = "EUC-JP"
)

// Labels that people write and the index of HTML doesn't know.
var labels = map[string]string{
	"cp949": "euc-kr", "uhc": "euc-kr", "ms949": "euc-kr", "cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252",
	"cp932": "shift_jis", "cp936": "gbk", "cp950": "big5", "utf8": "utf-8",
}

// ParseName takes a name as people write it: `cp949`, `EUC-KR`, `windows-1252`, `GBK`. Empty is CP949. Unknown ones are
// ErrUnknownName.
func ParseName(s string) (Name, error) {
	if s == "" {
		return CP949, nil
	}
	label := strings.ToLower(strings.TrimSpace(s))
	if l, ok := labels[label]; ok {
		label = l
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		return "", fmt.Errorf("%w: %.40q; CP949, GB18030, Shift_JIS and windows-1252 are some", ErrUnknownName, s)
	}
	canonical, err := htmlindex.Name(e)
	if err != nil {
		return "", fmt.Errorf("%w: %.40q", ErrUnknownName, s)
	}
	switch canonical {
	case "euc-kr":
		return CP949, nil
	case "windows-1252":
		return CP1252, nil
	case "utf-8":
		return UTF8, nil
	}
	return Name(canonical), nil
}

// encoding of a name that ParseName gave, or a constant.
func (n Name) encoding() encoding.Encoding {
	label := strings.ToLower(string(n))
	if label == "" {
		label = "cp949"
	}
	if l, ok := labels[label]; ok {
		label = l
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		return encoding.Replacement
	}
	return e
}

// Decode gives the text of b without a byte order mark, and the encoding it was in. fallback is what text that isn't UTF-8 is
// expected to be in. Errors are ErrNotText and ErrUnclear, with what was found.
func Decode(b []byte, fallback Name) (text string, from Name, err error) {
	switch {
	case bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")):
		b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	case bytes.HasPrefix(b, []byte("\xFF\xFE")):
		return utf16(b[2:], UTF16LE)
	case bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return utf16(b[2:], UTF16BE)
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		if order := zeros(b); order != "" {
			return utf16(b, order)
		}
		return "", "", fmt.Errorf("%w: a zero byte at %d", ErrNotText, i)
	}
	if utf8.Valid(b) {
		return string(b), UTF8, nil
	}
	if fallback == "" {
		fallback = CP949
	}
	return guess(b, fallback)
}

// utf16 decodes pairs of bytes.
func utf16(b []byte, order Name) (string, Name, error) {
	endian := unicode.LittleEndian
	if order == UTF16BE {
		endian = unicode.BigEndian
	}
	b = b[:len(b)&^1] // the odd last byte that some editors leave
	out, err := unicode.UTF16(endian, unicode.IgnoreBOM).NewDecoder().Bytes(b)
	if err != nil {
		return "", "", fmt.Errorf("%w: as %s: %w", ErrNotText, order, err)
	}
	text := strings.TrimPrefix(string(out), "\uFEFF")
	if strings.ContainsRune(text, utf8.RuneError) || strings.ContainsRune(text, 0) {
		return "", "", fmt.Errorf("%w: broken %s", ErrNotText, order)
	}
	return text, order, nil
}

// zeros tells UTF-16 without a mark by where the zero bytes of its ASCII stand: all even, or all odd.
func zeros(b []byte) Name {
	var at [2]int
	for i, c := range b {
		if c == 0 {
			at[i&1]++
		}
	}
	switch enough := max(1, len(b)/10); {
	case at[0] == 0 && at[1] > enough:
		return UTF16LE
	case at[1] == 0 && at[0] > enough:
		return UTF16BE
	}
	return ""
}
