package slash_test

import (
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/clients/cli/slash"
)

func TestParsePosition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "65": 65 * time.Second, "65.5": 65500 * time.Millisecond, "1:05": 65 * time.Second,
		"1:02:05": time.Hour + 2*time.Minute + 5*time.Second, "90:00": 90 * time.Minute, "0:00.25": 250 * time.Millisecond,
	} {
		if got, err := slash.ParsePosition(text); err != nil || got != want {
			t.Errorf("ParsePosition(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", ":", "1:", ":5", "1:60", "1:60:00", "1:2:3:4", "-5", "+5", "1e3", "NaN", "Inf", "x", "1:-5", "99999999", "0x10", "1_0"} {
		if got, err := slash.ParsePosition(text); err == nil || !strings.Contains(err.Error(), "1:05") {
			t.Errorf("ParsePosition(%q) = %v, %v; want an error that shows how", text, got, err)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add("1:05")
	f.Add("1:02:05.5")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := slash.ParsePosition(text); err == nil && (got < 0 || got > 70000*time.Hour) {
			t.Fatalf("ParsePosition(%q) = %v, want it within reason", text, got)
		}
	})
}
