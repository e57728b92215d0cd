package names_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/room/names"
)

func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"", " ", "ㅋㅋ", "민아❤️", "👩‍🎤", "金민아", "가\u3164나", "\u202ex", "x\u0301\u0302\u0303\u0304\u0305", "1️⃣", "🇰🇷",
		"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "¨", "a ¨", "\u2000a\u2001", "\xff", "ㄱㅏ", "İ", "ﷺ", "\u0344", "\U0001d160",
		"ǰ", "\u1e9e", "ᾷ", "\u0345", strings.Repeat("\u1d160", 20),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		shown, err := names.Clean(typed)
		if err != nil {
			checkSentence(t, typed, err)
			return
		}
		switch {
		case !utf8.ValidString(shown), !norm.NFC.IsNormalString(shown), strings.TrimSpace(shown) != shown, strings.Contains(shown, "  "):
			t.Errorf("Clean(%q): %q isn't valid, in NFC, trimmed, and singly spaced", typed, shown)
		case shown == "", len(shown) > names.MaxBytes, uniseg.GraphemeClusterCount(shown) > names.MaxCharacters:
			t.Errorf("Clean(%q): %q is out of bounds", typed, shown)
		case strings.ContainsFunc(shown, unicode.IsControl):
			t.Errorf("Clean(%q): %q has a control", typed, shown)
		}
		for _, form := range []string{shown, " " + shown, norm.NFD.String(shown)} {
			if again, err := names.Clean(form); err != nil || again != shown {
				t.Errorf("Clean(%q), cleaned before: %q and error %v, want %q", form, again, err, shown)
			}
		}
		checkKey(t, shown)
	})
}

// checkSentence: a refusal is for people, and doesn't carry what was refused.
func checkSentence(t *testing.T, typed string, err error) {
	var refusal *names.Error
	if !errors.As(err, &refusal) || refusal.Reason == nil {
		t.Errorf("Clean(%q): error %v (%T), want an *Error with a reason", typed, err, err)
	}
	for _, r := range err.Error() {
		if r < ' ' || r > '~' {
			t.Errorf("Clean(%q): the error %q has %U in it", typed, err, r)
		}
	}
	if refusal.Rune != 0 && !strings.ContainsRune(norm.NFC.String(typed), refusal.Rune) {
		t.Errorf("Clean(%q): refused for %U, which isn't in it", typed, refusal.Rune)
	}
}

func checkKey(t *testing.T, shown string) {
	key := names.Key(shown)
	if key == "" {
		t.Errorf("Key(%q) is empty", shown)
	}
	for _, form := range []string{norm.NFD.String(shown), " " + shown + "\u3000", strings.ReplaceAll(shown, " ", " \u00a0"), key} {
		if got := names.Key(form); got != key {
			t.Errorf("Key(%q): %q, want %q as for %q", form, got, key, shown)
		}
	}
}
