package charset_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/singoff/singoff/service/catalog/charset"
)

func in(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatalf("%q can't be written so: %v", s, err)
	}
	return b
}

const (
	korean1 = "[ti:봄]\n[00:01.00]똠 햏 뷁 펩시\n[00:02.50]창모의 메테오를 부르자\n"
	chinese = "[00:01.00]我们的歌 在这里\n[00:05.00]你说你爱我 不要走\n"
	kana    = "[00:01.00]さくらの花が咲いている\n[00:05.00]ありがとうと言いたい\n"
	french  = "#TITLE:L’été déjà là\n: 0 4 59 Où\n: 4 4 60 est\n: 8 4 60 l’âme\n"
)

// Song texts saved on Windows came out as rubbish elsewhere: read as UTF-8 or Latin-1, or one East Asian code page taken for another.
func TestDecode(t *testing.T) {
	t.Parallel()
	utf16le := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	utf16be := unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	bare := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	bareBE := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	tests := map[string]struct {
		bytes    []byte
		fallback charset.Name
		want     string
		from     charset.Name
	}{
		"ASCII":                        {[]byte("[00:01.00]la la"), "", "[00:01.00]la la", charset.UTF8},
		"empty":                        {nil, "", "", charset.UTF8},
		"UTF-8 of three lines":         {[]byte("가\n나\n다"), "", "가\n나\n다", charset.UTF8},
		"UTF-8 like Latin-1's":         {[]byte("é"), charset.CP1252, "é", charset.UTF8},
		"UTF-8 with a mark":            {[]byte("\xEF\xBB\xBF[00:01.00]가\r\n"), "", "[00:01.00]가\r\n", charset.UTF8},
		"CP949 beyond EUC-KR":          {in(t, korean.EUCKR, korean1), "", korean1, charset.CP949},
		"CP949, the rare alone":        {in(t, korean.EUCKR, "똠 햏 뷁"), "", "똠 햏 뷁", charset.CP949},
		"CP949, one word among Latin":  {in(t, korean.EUCKR, "Love me now and then, 뷁"), "", "Love me now and then, 뷁", charset.CP949},
		"EUC-KR":                       {in(t, korean.EUCKR, "한국 노래"), "", "한국 노래", charset.CP949},
		"EUC-KR with a few hanja":      {in(t, korean.EUCKR, "사랑(愛)이란 무엇인가"), "", "사랑(愛)이란 무엇인가", charset.CP949},
		"UTF-16LE with a mark":         {in(t, utf16le, korean1), "", korean1, "UTF-16LE"},
		"UTF-16BE with a mark":         {in(t, utf16be, korean1), "", korean1, "UTF-16BE"},
		"UTF-16LE without":             {in(t, bare, korean1), "", korean1, "UTF-16LE"},
		"UTF-16BE without":             {in(t, bareBE, korean1), "", korean1, "UTF-16BE"},
		"UTF-16 with half a character": {append(in(t, utf16le, "가나"), 'x'), "", "가나", "UTF-16LE"},
		"GBK":                          {in(t, simplifiedchinese.GBK, chinese), "", chinese, charset.GB18030},
		"Shift_JIS":                    {in(t, japanese.ShiftJIS, kana), "", kana, charset.ShiftJIS},
		"EUC-JP":                       {in(t, japanese.EUCJP, kana), "", kana, charset.EUCJP},
		"CP1252":                       {in(t, charmap.Windows1252, french), "", french, charset.CP1252},
		"CP1252 in upper case":         {in(t, charmap.Windows1252, "Ähnlich wie Österreich, ÀÉÏ"), charset.CP1252, "Ähnlich wie Österreich, ÀÉÏ", charset.CP1252},
		"CP1252, an apostrophe alone":  {in(t, charmap.Windows1252, "[00:01.00]I don’t know\n"), "", "[00:01.00]I don’t know\n", charset.CP1252},
		"Big5 where expected":          {in(t, traditionalchinese.Big5, "我們的歌"), "big5", "我們的歌", "big5"},
		"Cyrillic where expected":      {in(t, charmap.Windows1251, "Подмосковные вечера"), "windows-1251", "Подмосковные вечера", "windows-1251"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, from, err := charset.Decode(tt.bytes, tt.fallback)
			if err != nil || got != tt.want || from != tt.from {
				t.Errorf("got %q from %s, %v, want %q from %s", got, from, err, tt.want, tt.from)
			}
		})
	}
}

func TestDecodeSaysWhy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		bytes []byte
		want  error
		says  string
	}{
		"an MP3's name on another file": {append([]byte("ID3\x03\x00"), make([]byte, 100)...), charset.ErrNotText, "zero byte at 4"},
		"broken UTF-16":                 {[]byte("\xFF\xFE\x00\xD8a\x00"), charset.ErrNotText, "broken UTF-16LE"},
		"noise":                         {[]byte("\x01\x02\xFF\xFE\xFD\x80\x80"), charset.ErrUnclear, "save it as UTF-8"},
		"Chinese that nobody sings":     {in(t, simplifiedchinese.GBK, "锗硒碲铼锇铱镧铈镨钕"), charset.ErrUnclear, "save it as UTF-8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, from, err := charset.Decode(tt.bytes, "")
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %q from %s, %v, want %v with %q", got, from, err, tt.want, tt.says)
			}
		})
	}
}

// Tags written on Korean Windows hold CP949 under the label of Latin-1; guessing broke the accents of French ones.
func TestRepair(t *testing.T) {
	t.Parallel()
	mislabelled := func(e encoding.Encoding, s string) string { // each byte a character, as readers that believe the label do
		out := ""
		for _, c := range in(t, e, s) {
			out += string(rune(c))
		}
		return out
	}
	cp1252, err := charmap.Windows1252.NewDecoder().String(string([]byte("\xC3\xA2\xB8\xF0"))) // 창모
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		s, want string
		sure    bool
	}{
		"ASCII":                    {"Meteor", "Meteor", true},
		"Hangul as it should be":   {"창모", "창모", true},
		"CP949":                    {mislabelled(korean.EUCKR, "창모"), "창모", true},
		"CP949 of a sentence":      {mislabelled(korean.EUCKR, "심장 위로 (MR)"), "심장 위로 (MR)", true},
		"CP949 by CP1252":          {cp1252, "창모", true},
		"CP949 among English":      {mislabelled(korean.EUCKR, "Love 춤 remix"), "Love 춤 remix", true},
		"CP949 with rare ones":     {mislabelled(korean.EUCKR, "똠방각하"), "똠방각하", true},
		"UTF-8":                    {mislabelled(encoding.Nop, "아리랑"), "아리랑", true},
		"UTF-8 of accents":         {"CafÃ© de la gare", "Café de la gare", true},
		"French":                   {"Où est passé l'été déjà", "Où est passé l'été déjà", true},
		"French in capitals":       {"ÉTÉ À LA PLAGE", "ÉTÉ À LA PLAGE", true},
		"German":                   {"Ähnlich groß", "Ähnlich groß", true},
		"Björk":                    {"Björk", "Björk", true},
		"Sigur Rós":                {"Sigur Rós - Ágætis byrjun", "Sigur Rós - Ágætis byrjun", true},
		"a degree":                 {"99° F", "99° F", true},
		"typographic":              {"Don’t – stop", "Don’t – stop", true},
		"Spanish question":         {"¿Dónde está?", "¿Dónde está?", true},
		"two accents or one 춤":     {"Ãã", "Ãã", false},
		"Cyrillic under a Latin-1": {"Êèíî", "Êèíî", false},
		"lost already":             {"a\uFFFDb", "a\uFFFDb", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, sure := charset.Repair(tt.s, ""); got != tt.want || sure != tt.sure {
				t.Errorf("got %q, sure %t, want %q, %t", got, sure, tt.want, tt.sure)
			}
		})
	}
	if got, sure := charset.Repair("Êèíî", "windows-1251"); got != "Кино" || !sure {
		t.Errorf("got %q, sure %t where Cyrillic is expected, want Кино", got, sure)
	}
}

func TestParseName(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]charset.Name{
		"": charset.CP949, "cp949": charset.CP949, "EUC-KR": charset.CP949, "ks_c_5601-1987": charset.CP949, "CP1252": charset.CP1252,
		"latin1": charset.CP1252, "gbk": "gbk", "Shift_JIS": "shift_jis", "UTF8": charset.UTF8,
	} {
		if got, err := charset.ParseName(s); err != nil || got != want {
			t.Errorf("got %q, %v for %q, want %q", got, err, s, want)
		}
	}
	if _, err := charset.ParseName("klingon"); !errors.Is(err, charset.ErrUnknownName) || !strings.Contains(err.Error(), "klingon") {
		t.Errorf("got %v, want %v that names it", err, charset.ErrUnknownName)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(korean1), "")
	f.Add([]byte("\xC3\xA2\xB8\xF0 \xFF\xFEa"), "CP1252")
	f.Add([]byte("\xFF\xFE\x00\xAC"), "gbk")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		fallback, err := charset.ParseName(name)
		if err != nil {
			fallback = ""
		}
		got, _, err := charset.Decode(b, fallback)
		switch {
		case err != nil && !errors.Is(err, charset.ErrNotText) && !errors.Is(err, charset.ErrUnclear):
			t.Errorf("got %v, want one of the declared errors", err)
		case !utf8.ValidString(got):
			t.Errorf("got %q, which isn't UTF-8", got)
		case err == nil && !utf8.Valid(b) && strings.ContainsRune(got, utf8.RuneError):
			t.Errorf("got %q of %q: rubbish that wasn't there", got, b)
		}
	})
}

func FuzzRepair(f *testing.F) {
	f.Add("Ã¢¸ð")
	f.Add("Où")
	f.Fuzz(func(t *testing.T, s string) {
		got, sure := charset.Repair(s, "")
		if !sure && got != s {
			t.Errorf("got %q for %q in doubt, want it unchanged", got, s)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("got %q, which isn't UTF-8", got)
		}
	})
}
