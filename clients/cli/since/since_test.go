package since_test

import (
	"testing"
	"time"

	"github.com/singoff/singoff/clients/cli/since"
)

func TestParse(t *testing.T) {
	t.Parallel()
	seoul := time.FixedZone("KST", 9*3600)
	now := time.Date(2026, 11, 25, 21, 30, 15, 0, seoul)
	for text, want := range map[string]struct {
		seq uint64
		at  time.Time
	}{
		"1":                         {1, time.Time{}},
		" 1200 ":                    {1200, time.Time{}},
		"18446744073709551615":      {1<<64 - 1, time.Time{}},
		"10m":                       {0, now.Add(-10 * time.Minute)},
		"1h30m":                     {0, now.Add(-90 * time.Minute)},
		"20:00":                     {0, time.Date(2026, 11, 25, 20, 0, 0, 0, seoul)},
		"20:00:07":                  {0, time.Date(2026, 11, 25, 20, 0, 7, 0, seoul)},
		"2026-11-24":                {0, time.Date(2026, 11, 24, 0, 0, 0, 0, seoul)},
		"2026-11-24 20:15":          {0, time.Date(2026, 11, 24, 20, 15, 0, 0, seoul)},
		"2026-11-24T20:15:09":       {0, time.Date(2026, 11, 24, 20, 15, 9, 0, seoul)},
		"2026-11-24T20:15:09Z":      {0, time.Date(2026, 11, 24, 20, 15, 9, 0, time.UTC)},
		"2026-11-24T20:15:09+01:00": {0, time.Date(2026, 11, 24, 19, 15, 9, 0, time.UTC)},
	} {
		seq, at, err := since.Parse(text, now)
		if err != nil || seq != want.seq || !at.Equal(want.at) {
			t.Errorf("%q: got %d, %v, %v, want %d, %v", text, seq, at, err, want.seq, want.at)
		}
	}
	for _, text := range []string{"", "0", "-1", "-10m", "yesterday", "25:00", "2026-13-01", "18446744073709551616"} {
		if seq, at, err := since.Parse(text, now); err == nil {
			t.Errorf("%q: got %d, %v, want an error", text, seq, at)
		}
	}
}
