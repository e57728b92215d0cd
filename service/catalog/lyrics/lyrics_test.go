package lyrics_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"

	"github.com/singoff/singoff/service/catalog/charset"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// brief writes lyrics so that a test can be read: `1000-2000 text {500:piece 600-700:piece} +together`.
func brief(l lyrics.Lyrics) []string {
	span := func(start, end time.Duration) string {
		if end == 0 {
			return fmt.Sprint(start.Milliseconds())
		}
		return fmt.Sprintf("%d-%d", start.Milliseconds(), end.Milliseconds())
	}
	out := []string{l.Kind.String()}
	for _, line := range l.Lines {
		s := line.Text
		if l.Kind != lyrics.Plain {
			s = span(line.Start, line.End) + " " + s
		}
		if line.Words != nil {
			words := make([]string, len(line.Words))
			for i, w := range line.Words {
				words[i] = span(w.Start, w.End) + ":" + w.Text
			}
			s += " {" + strings.Join(words, "|") + "}"
		}
		for _, t := range line.Together {
			s += " +" + t
		}
		out = append(out, s)
	}
	return out
}

func check(t *testing.T, l lyrics.Lyrics, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatalf("got %v, want %q", err, want)
	}
	if diff := cmp.Diff(want, brief(l)); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// Repeated stamps, word stamps and tags showed as text, and lines without stamps broke the order.
func TestLRC(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		want []string
	}{
		"repeated stamps": {
			"[00:57.32][01:51.00][02:44.20]후렴\n[01:00.00]둘\n",
			[]string{"lines", "57320 후렴", "60000 둘", "111000 후렴", "164200 후렴"},
		},
		"spaces between stamps": {"[00:01.00] [00:02.00] a\n", []string{"lines", "1000 a", "2000 a"}},
		"all forms of stamps": {
			"[0:01]a\n[00:02.5]b\n[00:03.25]c\n[00:04.125]d\n[00:05:50]e\n[00:06,75]f\n[1:02:03.45]g\n[100:00.00]h\n［00:07.00］i\n",
			[]string{"lines", "1000 a", "2500 b", "3250 c", "4125 d", "5500 e", "6750 f", "7000 i", "3723450 g", "6000000 h"},
		},
		"words": {
			"[00:12.00]<00:12.34>Hello <00:12.80>my <00:13.10>world<00:14.00>\n[00:20.00]plain\n",
			[]string{"words", "12000-14000 Hello my world {12340:Hello |12800:my |13100-14000:world}", "20000 plain"},
		},
		"words without a line's stamp": {"<00:02.00>b<00:03.00>c\n<00:01.00>a\n", []string{"words", "1000 a {1000:a}", "2000 bc {2000:b|3000:c}"}},
		"words in brackets":            {"[00:01.00]one [00:02.00]two\n", []string{"words", "1000 one two {1000:one |2000:two}"}},
		"words of a repeated line": {
			"[00:10.00][00:30.00]<00:10.00>a <00:11.00>b\n",
			[]string{"words", "10000 a b {10000:a |11000:b}", "30000 a b {30000:a |31000:b}"},
		},
		"words with the space before": {"[00:01.00]<00:01.00>a<00:02.00> b\n", []string{"words", "1000 a b {1000:a |2000:b}"}},
		"word stamps that go back":    {"[00:05.00]<00:06.00>a<00:04.00>b\n", []string{"words", "5000 ab {6000:a|6000:b}"}},
		"offset: sooner":              {"[offset:+500]\n[00:01.00]a\n[00:00.20]b\n", []string{"lines", "0 b", "500 a"}},
		"offset: later, at the end":   {"[00:01.00]a\n[offset: -250]\n", []string{"lines", "1250 a"}},
		"offset of words":             {"[offset:1000]\n[00:02.00]<00:02.00>a <00:03.00>b\n", []string{"words", "1000 a b {1000:a |2000:b}"}},
		"two lines of one stamp": {
			"[00:01.00]사랑해\n[00:01.00]saranghae\n[00:02.00]안녕\n[00:02.00]annyeong\n[00:02.00]hello\n",
			[]string{"lines", "1000 사랑해 +saranghae", "2000 안녕 +annyeong +hello"},
		},
		"the same twice on one stamp": {"[00:01.00]a\n[00:01.00]a\n", []string{"lines", "1000 a"}},
		"a translation without stamp": {"[00:01.00]사랑해\nI love you\n[00:02.00]안녕\n", []string{"lines", "1000 사랑해 +I love you", "2000 안녕"}},
		"tags all over": {
			"[by:someone]\n[ar:창모]\n[00:01.00]a\n[re:editor]\n[00:02.00]b [ti:x] c\n[length: 03:20]\n[#:comment]\n",
			[]string{"lines", "1000 a", "2000 b c"},
		},
		"pauses":                       {"[00:01.00]a\n[00:05.00]\n[00:09.00]b\n", []string{"lines", "1000 a", "5000 ", "9000 b"}},
		"out of order":                 {"[00:09.00]c\n[00:01.00]a\n[00:05.00]b\n", []string{"lines", "1000 a", "5000 b", "9000 c"}},
		"voices":                       {"[00:01.00]v1: <00:01.00>a\n[bg: <00:01.50>(oh)]\n[00:02.00]v2:b\n", []string{"words", "1000 a {1000:a} +(oh)", "2000 b"}},
		"a bracket that never closes":  {"[00:01.00]a [b\n[00:02.00\n[00:03.00]c]\n", []string{"lines", "1000 a b +00:02.00", "3000 c"}},
		"stamps that nobody can read":  {"[00:01.00]a[00:1x]\n[0:0:0:0]b\n[00:02.00]c<:>\n", []string{"lines", "1000 a00:1x +b", "2000 c"}},
		"a heart":                      {"[00:01.00]I <3 you\n", []string{"lines", "1000 I <3 you"}},
		"carriage returns alone":       {"[00:01.00]a\r[00:02.00]b\r", []string{"lines", "1000 a", "2000 b"}},
		"plain":                        {"첫 줄\n\n\n[Chorus]\n둘째  줄\t끝\n\n", []string{"plain", "첫 줄", "", "Chorus", "둘째 줄 끝"}},
		"plain with a stamp somewhere": {"[00:00.00]title\na\nb\nc\nd\ne\n", []string{"plain", "title", "a", "b", "c", "d", "e"}},
		"turning and other controls":   {"[00:01.00]a\u202Eb\x07c\n", []string{"lines", "1000 abc"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := lyrics.Parse("a.lrc", []byte(tt.file))
			check(t, l, err, tt.want...)
		})
	}
}

// A byte order mark hid the first stamp: the first line was lost, or shown at the end with its stamp.
func TestByteOrderMarks(t *testing.T) {
	t.Parallel()
	const file = "[00:01.00]첫 줄\r\n[00:02.00]둘째 줄\r\n"
	want := []string{"lines", "1000 첫 줄", "2000 둘째 줄"}
	l, err := lyrics.Parse("a.lrc", []byte("\xEF\xBB\xBF"+file))
	check(t, l, err, want...)
	l, err = lyrics.Parse("a.lrc", []byte("\xEF\xBB\xBF\xEF\xBB\xBF"+file))
	check(t, l, err, want...)
	l, err = lyrics.FromText("\uFEFF" + file) // embedded, or looked up
	check(t, l, err, want...)
	l, err = lyrics.FromText(strings.ReplaceAll(file, "[", "\uFEFF[")) // of files put together
	check(t, l, err, want...)
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const file = "[00:01.00]똠 햏 뷁\n"
	b, err := korean.EUCKR.NewEncoder().Bytes([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lyrics.Parse("a.lrc", b)
	check(t, l, err, "lines", "1000 똠 햏 뷁")
	b, err = charmap.Windows1251.NewEncoder().Bytes([]byte("[00:01.00]Подмосковные вечера\n"))
	if err != nil {
		t.Fatal(err)
	}
	l, err = lyrics.Reader{Charset: "windows-1251"}.Parse("a.lrc", b)
	check(t, l, err, "lines", "1000 Подмосковные вечера")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		want error
	}{
		"empty":               {"", lyrics.ErrEmpty},
		"tags alone":          {"[ti:a]\n[ar:b]\n", lyrics.ErrEmpty},
		"pauses alone":        {"[00:01.00]\n[00:02.00]\n", lyrics.ErrEmpty},
		"a megabyte and one":  {strings.Repeat("a", lyrics.MaxBytes+1), lyrics.ErrTooLong},
		"many lines":          {strings.Repeat("[00:01.00]a\n", lyrics.MaxLines+1), lyrics.ErrTooLong},
		"many stamps":         {strings.Repeat("[00:01.00]", 90_000) + "a", lyrics.ErrTooLong},
		"much text, repeated": {manyStamps(4000) + strings.Repeat("가", 900), lyrics.ErrTooLong},
		"words, repeated":     {manyStamps(4000) + manyWords(900), lyrics.ErrTooLong},
		"voices, repeated":    {manyStamps(4000) + "a\n" + strings.Repeat("[bg: "+strings.Repeat("b", 500)+"]\n", 9), lyrics.ErrTooLong},
		"many voices":         {"[00:01.00]a\n" + strings.Repeat("[bg: b]\n", 3*lyrics.MaxLines), lyrics.ErrTooLong},
		"not text":            {"[00:01.00]a\x00\x01", charset.ErrNotText},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := lyrics.Parse("song.lrc", []byte(tt.file))
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), "song.lrc") {
				t.Errorf("got %d lines, %v, want %v that names the file", len(l.Lines), err, tt.want)
			}
		})
	}
}

func manyStamps(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[%02d:%02d.00]", i/60, i%60)
	}
	return b.String()
}

func manyWords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<%02d:%02d.00>a ", i/60, i%60)
	}
	return b.String()
}

// A file of 60 KB, of 4,000 stamps before 900 words, took half a gigabyte until it was found to be too long. It isn't parallel: allocations are those of the process.
func TestWhatIsRepeatedIsRefusedBeforeItIs(t *testing.T) {
	file := []byte(manyStamps(4000) + manyWords(900))
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	before := allocated()
	if _, err := lyrics.Parse("song.lrc", file); !errors.Is(err, lyrics.ErrTooLong) {
		t.Errorf("got %v, want ErrTooLong", err)
	}
	if n := allocated() - before; n > 128<<20 { // of which most is for finding the stamps
		t.Errorf("got %d bytes allocated, want no more than 128 MiB", n)
	}
}

// Each line of a second voice was looked for among all before it: some 100,000 of them behind one stamp took minutes.
func TestSecondVoicesAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("[00:01.00]a\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "[bg: %d]\n", i)
	}
	l, err := lyrics.Parse("song.lrc", []byte(b.String()))
	if err != nil || len(l.Lines) != 1 || len(l.Lines[0].Together) != 16 {
		t.Errorf("got %v, %v, want one line, and 16 others below it", l, err)
	}
}

func TestStamped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pieces []lyrics.Stamped
		want   []string
	}{
		"lines": {
			[]lyrics.Stamped{{At: ms(1000), Text: "first"}, {At: ms(2000), Text: "second"}},
			[]string{"lines", "1000 first", "2000 second"},
		},
		"syllables": {
			[]lyrics.Stamped{{At: ms(1000), Text: "Hel"}, {At: ms(1200), Text: "lo "}, {At: ms(1500), Text: "you"}, {At: ms(3000), Text: "\nagain"}},
			[]string{"words", "1000 Hello you {1000:Hel|1200:lo |1500:you}", "3000 again"},
		},
		"a break at the end": {
			[]lyrics.Stamped{{At: ms(1000), Text: "a "}, {At: ms(1500), Text: "b\n"}, {At: ms(2000), Text: "c"}},
			[]string{"words", "1000 a b {1000:a |1500:b}", "2000 c"},
		},
		"marks and brackets": {
			[]lyrics.Stamped{{At: ms(1000), Text: "\uFEFF[00:01.00]a"}, {At: ms(2000), Text: "b"}},
			[]string{"lines", "1000 a", "2000 b"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := lyrics.FromStamped(tt.pieces)
			check(t, l, err, tt.want...)
		})
	}
	if _, err := lyrics.FromStamped(nil); !errors.Is(err, lyrics.ErrEmpty) {
		t.Errorf("got %v, want %v", err, lyrics.ErrEmpty)
	}
}

// holds is what whoever shows lyrics relies on.
func holds(t *testing.T, l lyrics.Lyrics) {
	t.Helper()
	if len(l.Lines) == 0 || len(l.Lines) > lyrics.MaxLines || l.Kind == lyrics.None {
		t.Errorf("got %d lines of kind %v", len(l.Lines), l.Kind)
	}
	var before time.Duration
	for _, line := range l.Lines {
		if line.Start < before || line.End != 0 && line.End < line.Start {
			t.Errorf("got a line from %v to %v behind one at %v", line.Start, line.End, before)
		}
		before = line.Start
		for _, s := range append([]string{line.Text}, line.Together...) {
			if strings.ContainsAny(s, "[]\n\r\x00\uFEFF\uFFFD") {
				t.Errorf("got %q, which can't be shown", s)
			}
		}
		text, start := "", time.Duration(0)
		for _, w := range line.Words {
			if w.Start < start || w.End != 0 && w.End < w.Start || w.Text == "" {
				t.Errorf("got a word %+v behind one at %v", w, start)
			}
			text, start = text+w.Text, w.Start
		}
		if line.Words != nil && text != line.Text {
			t.Errorf("got words %q of the line %q", text, line.Text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"[00:57.32][01:51.00]후렴", "[00:12.00]<00:12.34>Hello <00:12.80>", "[offset:+500]\n[0:0]a\nb", "\xEF\xBB\xBF[1:02:03.4]a",
		"#BPM:300\n#GAP:100\n: 0 4 59 Hel\n- 6\n* 8 2 1 lo", "[bg:<0:1>x]", "#RELATIVE:yes\n#BPM:1\n: 0 1 1 a\n- 4 9\n: 0 1 1 ~\nB 4 200\nP1\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := lyrics.Parse("a", b); err == nil {
			holds(t, l)
		}
	})
}

func FuzzStamped(f *testing.F) {
	f.Add("Hel|lo |\nyou", int64(1000))
	f.Fuzz(func(t *testing.T, s string, step int64) {
		var pieces []lyrics.Stamped
		for i, text := range strings.Split(s, "|") {
			pieces = append(pieces, lyrics.Stamped{At: time.Duration(int64(i) * step), Text: text})
		}
		if l, err := lyrics.FromStamped(pieces); err == nil {
			holds(t, l)
		}
	})
}
