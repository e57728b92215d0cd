package lyrics_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/singoff/singoff/service/catalog/charset"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

// 60 quarters a minute, of which a beat is a quarter: 250 ms.
const headers = "#TITLE:Für Élise\n#ARTIST:Ludwig\n#MP3:Ludwig - Für Élise.mp3\n#COVER:Ludwig - Für Élise [CO].jpg\n#YEAR:1810\n" +
	"#GENRE:Klassik\n#LANGUAGE:Deutsch\n#ALBUM:Bagatellen\n#BPM:60\n#GAP:1000\n"

// Notes were shown as lyrics, raw; and song folders in a legacy encoding lost song, cover and the title's letters.
func TestUltraStar(t *testing.T) {
	t.Parallel()
	const notes = ": 0 4 59 Hel\n* 4 4 60 lo \nF 8 2 0 my\n- 12\n: 16 4 59 Für\n: 20 4 59  É\n: 24 4 59 lise\n: 28 4 59 ~\nE\n: 99 1 1 behind the end\n"
	inUTF16 := func(t *testing.T, order unicode.Endianness, mark unicode.BOMPolicy) []byte {
		t.Helper()
		b, err := unicode.UTF16(order, mark).NewEncoder().Bytes([]byte(headers + notes))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := []string{
		"words",
		"1000-3500 Hello my {1000-2000:Hel|2000-3000:lo |3000-3500:my}",
		"5000-9000 Für Élise {5000-6000:Für |6000-7000:É|7000-9000:lise}",
	}
	cp1252, err := charmap.Windows1252.NewEncoder().Bytes([]byte(headers + notes))
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"UTF-8":                 []byte(headers + notes),
		"UTF-16":                inUTF16(t, unicode.LittleEndian, unicode.UseBOM),
		"UTF-16, big-endian":    inUTF16(t, unicode.BigEndian, unicode.UseBOM),
		"UTF-16 without a mark": inUTF16(t, unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-8 with a mark":     []byte("\xEF\xBB\xBF" + headers + notes),
		"CP1252":                cp1252,
		"CP1252, as it says":    append([]byte("#ENCODING:CP1252\n"), cp1252...),
		"with carriage returns": []byte(strings.ReplaceAll(headers+notes, "\n", "\r\n")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, head, err := lyrics.Reader{}.ParseFile("Für Élise.txt", file)
			check(t, got, err, want...)
			all := lyrics.UltraStar{Title: "Für Élise", Artist: "Ludwig", Audio: "Ludwig - Für Élise.mp3", Cover: "Ludwig - Für Élise [CO].jpg"}
			if head == nil || *head != all {
				t.Errorf("got %+v, want %+v", head, all)
			}
		})
	}
}

func TestUltraStarTimes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		notes string
		want  []string
	}{
		"a comma in the beat":  {"#BPM:120,0\n#GAP:0,5\n: 8 4 0 a\n", []string{"words", "1000-1500 a {1000-1500:a}"}},
		"relative":             {"#RELATIVE:YES\n#BPM:60\n: 0 2 0 a\n- 3 8\n: 0 2 0 b\n- 4\n: 1 1 0 c\n", []string{"words", "0-500 a {0-500:a}", "2000-2500 b {2000-2500:b}", "3250-3500 c {3250-3500:c}"}},
		"a change of the beat": {"#BPM:60\n: 0 4 0 a\n- 4\nB 8 120\n: 8 2 0 b\n: 10 2 0 c\n", []string{"words", "0-1000 a {0-1000:a}", "2000-2500 bc {2000-2250:b|2250-2500:c}"}},
		"a duet":               {"#BPM:60\nP1\n: 0 4 0 me\n- 5\n: 8 4 0 both\nP2\n: 4 4 0 you\n- 8\n: 8 4 0 both\nE\n", []string{"words", "0-1000 me {0-1000:me}", "1000-2000 you {1000-2000:you}", "2000-3000 both {2000-3000:both}"}},
		"rap":                  {"#BPM:60\nR 0 4 0 yo\nG 4 4 0  yo\n", []string{"words", "0-2000 yo yo {0-1000:yo |1000-2000:yo}"}},
		"before the song":      {"#BPM:60\n#GAP:-1000\n: 0 4 0 a\n: 8 4 0 b\n", []string{"words", "0-2000 ab {0-0:a|1000-2000:b}"}},
		"no notes in between":  {"#BPM:60\n: 0 4 0 a\n- 5\n- 6\nwhatever\n: 8 4 0 b\n", []string{"words", "0-1000 a {0-1000:a}", "2000-3000 b {2000-3000:b}"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := lyrics.Parse("a.txt", []byte(tt.notes))
			check(t, got, err, tt.want...)
		})
	}
}

func TestUltraStarRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		want error
		says string
	}{
		"no beat":      {"#TITLE:a\n: 0 4 0 a\n", lyrics.ErrNotes, "#BPM"},
		"beat of zero": {"#TITLE:a\n#BPM:0\n: 0 4 0 a\n", lyrics.ErrNotes, "#BPM is \"0\""},
		"beat of NaN":  {"#TITLE:a\n#BPM:NaN\n: 0 4 0 a\n", lyrics.ErrNotes, "#BPM"},
		"broken gap":   {"#TITLE:a\n#GAP:soon\n", lyrics.ErrNotes, "#GAP"},
		"far away":     {"#BPM:1\n: 99999999999999999999 4 0 a\n", lyrics.ErrNotes, "beat"},
		"no notes":     {"#TITLE:a\n#MP3:a.mp3\n", lyrics.ErrEmpty, "no lyrics"},
		"a song of them": {
			"#BPM:60\n" + strings.Repeat(": 0 4 0 a\n", 30_001), lyrics.ErrTooLong, "notes",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := lyrics.Parse("a.txt", []byte(tt.file))
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "a.txt") {
				t.Errorf("got %v, want %v that says %q of a.txt", err, tt.want, tt.says)
			}
		})
	}
	_, head, err := lyrics.Reader{}.ParseFile("a.txt", []byte("#TITLE:a\n#MP3:b.mp3\n"))
	if head == nil || head.Title != "a" || head.Audio != "b.mp3" {
		t.Errorf("got %+v, %v, want the headers also without notes", head, err)
	}
	if _, head, err := (lyrics.Reader{}).ParseFile("a.txt", []byte("la la la\n")); head != nil || err != nil {
		t.Errorf("got %+v, %v for plain text, want no headers", head, err)
	}
}

// Whatever follows headers is notes, and nothing else.
func FuzzUltraStar(f *testing.F) {
	for _, s := range []string{
		": 0 4 59 Hel\n* 4 4 60 lo \nF 8 2 0 my\n- 12\n: 16 4 59 ~\nE\n: 99 1 1 a", "#RELATIVE:yes\n: 0 1 1 a\n- 4 9\nB 4 200,5\n: 0 1 1 b\nP2\n: 0 1 1 c",
		"#ENCODING:CP1252\nR -4 99999999999999999999 0 a\xE9\n- 1", "#BPM:0,25\n#GAP:-1e9\nG 2147483647 2147483647 0 [a]\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, head, err := lyrics.Reader{}.ParseFile("Für Élise.txt", append([]byte(headers), b...))
		if errors.Is(err, charset.ErrUnclear) || errors.Is(err, charset.ErrNotText) {
			return
		}
		if head == nil {
			t.Fatalf("got no head, %v", err)
		}
		for _, s := range []string{head.Title, head.Artist, head.Audio, head.Cover} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\x00") {
				t.Errorf("got %q in the head", s)
			}
		}
		if err == nil {
			holds(t, l)
		}
	})
}
