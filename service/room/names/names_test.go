package names_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/room/names"
)

// Nickname rules written for one idea of Korean refused loose jamo and hanja that people really use, and the library profile for
// nicknames refuses the first four of these.
func TestNamesThatPeopleReallyUse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"ㅋㅋ", "노래짱ㅋ", "민아❤️", "👩‍🎤", "金민아", "미나", "★민아★",

		"민", "ㅇㅇ", "ㅠㅠ", "ㅎㅎㅎ", "뷁", "가나다라마바사아자차카타파하", "노래 부르는 고양이", "박(민)아", "민아~♪", "1위민아", "민아_02", "^_^",
		"훈민정음ㆍ", "ᄀᆞᄅᆞ", "李民雅", "美娜ちゃん", "ミナ", "ﾐﾅ", "ー", "々", "Ｍｉｎａ", "½", "Ⅳ", "①등", "₩1000", "·ㅅ·", "(｡･ω･｡)", "꧁민아꧂", "𝓜𝓲𝓷𝓪",

		"Zoë", "Łukasz", "Nguyễn Thị Ánh", "Мария", "Ελένη", "مريم", "שָׁלוֹם", "मीना", "มีนา", "မြို့", "ᏣᎳᎩ", "O'Brien", "Jean-Luc", "<b>", "a", "0", "!",

		"🎤", "🇰🇷", "🇰🇷🇯🇵", "1️⃣", "#️⃣*️⃣", "1⃣", "👍", "👍🏽", "👨‍👩‍👧‍👦", "👩🏻‍❤️‍💋‍👨🏿", "🧑🏽‍🎤", "🏳️‍🌈", "🏳️‍⚧️", "🏴‍☠️", "🕵🏽‍♂️", "🕵️‍♀️", "👁️‍🗨️", "🐦‍🔥", "⛓️‍💥", "🏃🏽‍♀️‍➡️",
		"❤\ufe0e", "☺️", "©️", "™️", "‼️", "Ⓜ️", "㊗️", "🈁", "🀄️", "↔️", "▶️", "🏽", "🇰",
		"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
		"🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
		"\U0001fae9",           // face with bags under eyes, of Unicode 16: newer than this server's tables
		"\U0001fac6\U0001faea", // of Unicode 16 and 17

		strings.Repeat("민", 32), strings.Repeat("👍🏽", 32), strings.Repeat("a\u0301\u0302\u0323\u0324", 1),
	} {
		want := norm.NFC.String(name)
		got, err := names.Clean(name)
		if err != nil || got != want {
			t.Errorf("Clean(%q): %q and error %v, want it as it is", name, got, err)
			continue
		}
		for form, typed := range map[string]string{"NFD": norm.NFD.String(name), "white space around it": " \t\u3000" + name + "\u00a0\r\n"} {
			if got, err := names.Clean(typed); err != nil || got != want {
				t.Errorf("Clean(%q), %s: %q and error %v, want %q", typed, form, got, err, want)
			}
		}
	}
}

func TestSpacesAreFolded(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"민아 짱":                         "민아 짱",
		"민아  짱":                        "민아 짱",
		"민아\u3000짱":                    "민아 짱",
		"\u2003민아 \u00a0\u2009짱\u202f": "민아 짱",
		"a\u1680b\u205fc":              "a b c",
	} {
		if got, err := names.Clean(typed); err != nil || got != want {
			t.Errorf("Clean(%q): %q and error %v, want %q", typed, got, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		typed  string
		reason error
		want   string
	}{
		{"", names.ErrEmpty, "the nickname is empty"},
		{" \t\u3000\n", names.ErrEmpty, "the nickname is empty"},
		{strings.Repeat("민", 33), names.ErrTooLong, "the nickname has 33 characters, at most 32 are allowed"},
		{norm.NFD.String(strings.Repeat("밍", 33)), names.ErrTooLong, "the nickname has 33 characters, at most 32 are allowed"},
		{strings.Repeat("👨‍👩‍👧‍👦", 21), names.ErrTooLong, "the nickname has 525 bytes, at most 512 are allowed"},
		{strings.Repeat("a", 2049), names.ErrTooLong, "the nickname has 2049 bytes, at most 512 are allowed"},
		{"민\xff", names.ErrEncoding, "the nickname isn't UTF-8: its byte 4 is 0xff"},
		{"ab\xed\xa0\x80", names.ErrEncoding, "the nickname isn't UTF-8: its byte 3 is 0xed"},
		{"\xf0\x9f\x8e", names.ErrEncoding, "the nickname isn't UTF-8: its byte 1 is 0xf0"},

		{"가\u3164나", names.ErrCharacter, "the nickname can't have U+3164, an invisible filler (its character 2)"},
		{"\u3164", names.ErrCharacter, "the nickname can't have U+3164, an invisible filler (its character 1)"},
		{"\u202ex", names.ErrCharacter, "the nickname can't have U+202E, a control of the writing direction (its character 1)"},
		{"x" + strings.Repeat("\u0301", 40), names.ErrPile, "the nickname can't have more than 4 marks on one character, U+0301 is one more (its character 1)"},
		{"a가" + strings.Repeat("\u0323", 5), names.ErrPile, "the nickname can't have more than 4 marks on one character, U+0323 is one more (its character 2)"},
		{"\u0301a", names.ErrPile, "the nickname can't have U+0301, a mark, without a character for it to stand on (its character 1)"},
		{"a \u0301b", names.ErrPile, "the nickname can't have U+0301, a mark, without a character for it to stand on (its character 2)"},
		{"a\u3000\u0301b", names.ErrPile, "the nickname can't have U+0301, a mark, without a character for it to stand on (its character 2)"},
		{"ab\u0000", names.ErrCharacter, "the nickname can't have U+0000, a control character (its character 3)"},
		{"🇰🇷🎤\u200b", names.ErrCharacter, "the nickname can't have U+200B, an invisible format character (its character 3)"},
		{"a" + strings.Repeat("\u1100", 17), names.ErrPile, "the nickname's character 2 is made of 17 code points, at most 16 are allowed"},
		{strings.Repeat("👩‍", 9) + "👩", names.ErrPile, "the nickname's character 1 is made of 19 code points, at most 16 are allowed"},
	} {
		checkRefused(t, test.typed, test.reason, test.want)
	}
}

// Each of these is put between two letters.
func TestRefusedCharacters(t *testing.T) {
	t.Parallel()
	for what, runes := range map[string]string{
		"an invisible filler":                "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\ufffc\U0001d159\U00016fe4",
		"a control of the writing direction": "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
		"a control character":                "\u0000\u0007\t\n\r\u001b\u007f\u0085\u009f",
		"a line separator":                   "\u2028\u2029",
		"an invisible format character":      "\u00ad\u200b\u200c\u2060\u2061\u2064\ufeff\u180e\ufff9\U000e0001\U0001d173",
		"an invisible joiner":                "\u200d",
		"an invisible variation selector":    "\ufe0e\ufe0f\ufe00\u180b\U000e0100",
		"an invisible tag":                   "\U000e0020\U000e0067\U000e007f",
		"a private character":                "\ue000\uf8ff\U000f0000\U0010fffd",
		"not assigned to any character":      "\u0378\uffff\ufdd0\U0001ffff\U0010ffff\u2fe0",
		"the sign of a broken text":          "\ufffd",
	} {
		for _, r := range runes {
			checkRefused(t, "가"+string(r)+"나", names.ErrCharacter, fmt.Sprintf("the nickname can't have %U, %s", r, what))
		}
	}
}

// What is allowed within an emoji is refused where it only hides.
func TestEmojiPartsOutOfPlace(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"👩\u200d", "\u200d👩", "👩\u200d\u200d🎤", "가\u200d🎤", "👩\u200d가", "🇰🇷\u200d🎤", "क्\u200dष", "👩\u200d🏽",
		"1\ufe0f", "1\ufe0fa", "a\ufe0f", "❤\ufe0f\ufe0f", "❤\ufe0e\ufe0f", "\ufe0f", "🇰🇷\ufe0f", "#\ufe0f*\ufe0f", "葛\U000e0100", "❤\ufe00",
		"🏴\U000e0067", "🏴\U000e0067\U000e0062", "🏴\U000e007f", "🏴\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f",
		"🎤\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"🏴\U000e0067\U000e0062\u0301\U000e0065\U000e006e\U000e0067\U000e007f",
	} {
		checkRefused(t, typed, names.ErrCharacter, "the nickname can't have ")
	}
}

func checkRefused(t *testing.T, typed string, reason error, want string) {
	t.Helper()
	shown, err := names.Clean(typed)
	if shown != "" || !errors.Is(err, reason) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Clean(%q): %q and error %v, want %q", typed, shown, err, want)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"민아", norm.NFD.String("민아"), true},
		{"Mina", "mINA", true},
		{"Mina", "Ｍｉｎａ", true},
		{"Mina", "𝓜𝓲𝓷𝓪", true},
		{"ミナ", "ﾐﾅ", true},
		{"Straße", "STRASSE", true},
		{"ΣΑΣ", "σας", true},
		{"ㅋㅋ", "ﾻﾻ", true},
		{"ﬁn", "FIN", true},
		{"①", "1", true},
		{"민아 짱", "민아\u3000짱", true},
		{"민아 짱", " 민아\u00a0 짱 ", true},
		{"민아❤️", "민아❤", true},
		{"민아❤️", "민아❤\ufe0e", true},
		{"👩‍🎤", "👩🎤", true},
		{"가", "ㄱㅏ", true}, // NFKC joins loose jamo; they are as good as the same to read

		{"민아", "민이", false},
		{"민아", "민 아", false},
		{"민아", "金민아", false},
		{"ㅋㅋ", "ㅋㅋㅋ", false},
		{"ㅋㅋ", "ㅎㅎ", false},
		{"👍🏽", "👍🏿", false},
		{"👍🏽", "👍", false},
		{"🇰🇷", "🇯🇵", false},
		{"★민아★", "☆민아☆", false},
		{"Zoë", "Zoe", false},
		{"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", false},
	} {
		a, b := names.Key(test.a), names.Key(test.b)
		if got := a == b; got != test.same {
			t.Errorf("Key(%q) is %q, Key(%q) is %q; the same: %v, want %v", test.a, a, test.b, b, got, test.same)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	for _, name := range []string{"mina", "노래 부르는 고양이", "민아❤️"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				names.Key(name)
			}
		})
	}
}
