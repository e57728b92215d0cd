package harmless_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/singoff/singoff/clients/cli/harmless"
)

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain":                 {"hello", "hello"},
		"empty":                 {"", ""},
		"Hangul":                {"금요일 배틀 ㅋㅋ", "금요일 배틀 ㅋㅋ"},
		"emoji with joiner":     {"👩‍🎤 민아❤️", "👩‍🎤 민아❤️"},
		"flag of Scotland":      {"🏴󠁧󠁢󠁳󠁣󠁴󠁿!", "🏴󠁧󠁢󠁳󠁣󠁴󠁿!"},
		"tags without a flag":   {"a\U000e0067\U000e007f", `a\u{e0067}\u{e007f}`},
		"Persian":               {"می‌خواهم", "می‌خواهم"},
		"a backslash":           {`¯\_(ツ)_/¯`, `¯\_(ツ)_/¯`},
		"a colour":              {"\x1b[31mred", `\x1b[31mred`},
		"eight bit CSI":         {"\u009b31mred", `\x9b31mred`},
		"a window title":        {"\x1b]0;owned\x07", `\x1b]0;owned\x07`},
		"a forged line":         {"hi\r\n12:00:00 * Mina was kicked", `hi\r\n12:00:00 * Mina was kicked`},
		"tab and backspace":     {"a\tb\bc\x7f", `a\tb\x08c\x7f`},
		"bidi override":         {"\u202egnp.exe", `\u{202e}gnp.exe`},
		"bidi isolate":          {"\u2066x\u2069", `\u{2066}x\u{2069}`},
		"line separator":        {"a\u2028b\u2029c", `a\u{2028}b\u{2029}c`},
		"byte order mark":       {"\ufeffx", `\u{feff}x`},
		"broken UTF-8":          {"a\xffb\xc3", `a\xffb\xc3`},
		"Arabic number sign":    {"\u0600١٢", "\u0600١٢"},
		"replacement character": {"a\ufffdb", "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := harmless.Text(c.in); got != c.want {
				t.Errorf("Text(%+q) = %+q, want %+q", c.in, got, c.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("hello")
	f.Add("\x1b]8;;http://x\x07y\xff\u202e")
	f.Add("🏴󠁧󠁢󠁳󠁣󠁴󠁿\U000e0041")
	f.Fuzz(func(t *testing.T, s string) {
		got := harmless.Text(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Text(%+q) = %+q, want valid UTF-8", s, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) }); i >= 0 {
			t.Fatalf("Text(%+q) = %+q, want nothing a terminal obeys; found one at %d", s, got, i)
		}
		if again := harmless.Text(got); again != got {
			t.Fatalf("Text(Text(%+q)) = %+q, want it unchanged: %+q", s, again, got)
		}
	})
}
