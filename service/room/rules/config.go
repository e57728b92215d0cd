package rules

import (
	"errors"
	"fmt"
	"time"
)

// Bounds of a room, so that a snapshot stays under 512 KiB whatever happens. Beyond them a command is rejected with ROOM_LIMIT.
const (
	MaxSeats          = 1000
	MaxSingers        = 16
	MaxObservers      = 16
	MaxVotes          = 4096
	MaxVotedFor       = 256 // users with standing votes for them
	MaxBans           = 1024
	MaxRecentChat     = 100
	MaxRecentChatSize = 64 << 10 // bytes
	MaxNamesSize      = 48 << 10 // bytes of all members' nicknames
	MaxBanNamesSize   = 8 << 10  // bytes of nicknames kept with bans
	MaxEpochs         = 256
	MaxTitleSize      = 400 // bytes
	MaxTrackField     = 256 // bytes of a track's id, title, artist
	MaxSignalSize     = 12 << 10
	MaxReactionCount  = 20
)

// Config is what the operator chooses of the rules.
type Config struct {
	// Singers a room has seats for, 1 to 16. Default 2. Fixed for a room when it is made.
	Singers int
	// Watchers a room has seats for, 0 to 1,000 less the singers. Default 6. Fixed for a room when it is made.
	Watchers int
	// ChatCharacters is the longest chat text, in code points, 1 to 4,000. Default 2,000.
	ChatCharacters int
	// Hold is how long a lost member's seat is theirs alone. Default 30 s.
	Hold time.Duration
	// AwayLimit is after how long an away member has left. Not below Hold. Default 15 min.
	AwayLimit time.Duration
	// EmptyLimit is after how long a room with nobody seated is closed. Default 5 min.
	EmptyLimit time.Duration
	// KickTime is how long a kicked user stays out. Default 5 min.
	KickTime time.Duration
	// StartLead is how far ahead a song starts. Default 3 s.
	StartLead time.Duration
}

// DefaultConfig is a battle night: two singers, six watchers.
func DefaultConfig() Config {
	return Config{
		Singers: 2, Watchers: 6, ChatCharacters: 2000,
		Hold: 30 * time.Second, AwayLimit: 15 * time.Minute, EmptyLimit: 5 * time.Minute,
		KickTime: 5 * time.Minute, StartLead: 3 * time.Second,
	}
}

// Validate refuses what the rules can't work with, naming the field and its limit.
func (c Config) Validate() error {
	var errs []error
	refuse := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(c.Singers >= 1 && c.Singers <= MaxSingers, "singers: %d is not within 1 to %d", c.Singers, MaxSingers)
	refuse(c.Watchers >= 0 && c.Singers+c.Watchers <= MaxSeats, "watchers: %d is not within 0 to %d (%d seats in all)", c.Watchers, MaxSeats-c.Singers, MaxSeats)
	refuse(c.ChatCharacters >= 1 && c.ChatCharacters <= 4000, "chat characters: %d is not within 1 to 4000", c.ChatCharacters)
	refuse(c.Hold >= 0 && c.Hold <= 24*time.Hour, "hold: %v is not within 0 to 24h", c.Hold)
	refuse(c.AwayLimit >= c.Hold && c.AwayLimit <= 7*24*time.Hour, "away limit: %v is not within the hold (%v) to 168h", c.AwayLimit, c.Hold)
	refuse(c.EmptyLimit > 0 && c.EmptyLimit <= 7*24*time.Hour, "empty limit: %v is not within 1ns to 168h", c.EmptyLimit)
	refuse(c.KickTime > 0 && c.KickTime <= 7*24*time.Hour, "kick time: %v is not within 1ns to 168h", c.KickTime)
	refuse(c.StartLead >= 0 && c.StartLead <= time.Minute, "start lead: %v is not within 0 to 1m", c.StartLead)
	return errors.Join(errs...)
}
