// Package since reads where in a history a person wants to begin: at an event's number, or at a time.
// Times are those of a clock on the wall, in its time zone; days and dates may be left out, and `10m` is ten minutes ago.
// What could be both is a number: rooms count their events from 1.
package since

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrForm is what Parse answers to a text that is none of its forms.
var ErrForm = errors.New("is neither an event's number, nor a time like 2026-11-25T20:00:00Z, '2026-11-25 20:00', 20:00, or 10m")

// Forms of a time with its date, and of one of today.
var (
	dated = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}
	today = []string{"15:04:05", "15:04"}
)

// Parse gives a seq, or else a time; now is the wall's clock with its zone.
func Parse(text string, now time.Time) (seq uint64, at time.Time, err error) {
	text = strings.TrimSpace(text)
	if seq, err := strconv.ParseUint(text, 10, 64); err == nil {
		if seq == 0 {
			return 0, at, errors.New("is 0, and a room's first event has the number 1")
		}
		return seq, at, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		if ago < 0 {
			return 0, at, fmt.Errorf("%s is yet to come; give how long ago, like 10m", text)
		}
		return 0, now.Add(-ago), nil
	}
	for _, form := range dated {
		if at, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return 0, at, nil
		}
	}
	for _, form := range today {
		if at, err := time.Parse(form, text); err == nil {
			y, m, d := now.Date()
			return 0, time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), 0, now.Location()), nil
		}
	}
	return 0, at, fmt.Errorf("%q %w", text, ErrForm)
}
