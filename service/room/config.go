package room

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// Bounds of what one connection may have in the server.
const (
	MaxUnanswered   = 64       // commands of a connection without an answer; more aren't read
	MaxFrameBytes   = 64 << 10 // of a sent frame, unless one event alone is larger
	MaxReplayEvents = 1000     // behind which a resume is a SNAPSHOT
	MaxReplayBytes  = 1 << 20  // likewise
	maxPrivate      = 256      // events for one connection alone that wait to be sent
	maxPrivateBytes = 1 << 20  // of those
	maxSpare        = 1024     // inputs that an emptied inbox keeps the memory of
	snapshotEvery   = 256      // entries
	appendTimeout   = 5 * time.Second
	readTimeout     = 5 * time.Second
	retryRefused    = time.Second
	maxOpenTries    = 10
	openPatience    = 5 * time.Second
	idleWake        = time.Hour // a room with nothing due looks around that often
)

// Clock is the time that rooms live by.
type Clock interface {
	Now() time.Time
	NewTimer(d time.Duration) *time.Timer
}

type realClock struct{}

func (realClock) Now() time.Time                       { return time.Now() }
func (realClock) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

// Config is what a Manager works with.
type Config struct {
	// Rules of every room. Default rules.DefaultConfig.
	Rules rules.Config
	// Limits as Welcome tells them; the manager fills in what is its own or the rules'.
	Limits *singoffv1.Limits
	// MaxRooms are loaded at once. Default 10,000.
	MaxRooms int
	// MaxConnections are open at once. Default 50,000.
	MaxConnections int
	// RetainEvents of a room stay in the log, at least; older ones are trimmed below a snapshot. Default 10,000, not below 1,000.
	RetainEvents int
	// Patience is how long an append may stay unanswered until the room's connections are sent away. Default 10 s.
	Patience time.Duration
	// Began is told of each song that begins, when that is kept; it must not wait. nil: nobody is told.
	Began func(namespace, trackID string)
	// Clock; nil: the real one.
	Clock Clock
	// Registerer of the metrics; nil: none are kept.
	Registerer prometheus.Registerer
	// Logger of rooms that open, close and fail.
	Logger zerolog.Logger
}

// DefaultConfig suits a battle night.
func DefaultConfig() Config {
	return Config{
		Rules: rules.DefaultConfig(), Limits: &singoffv1.Limits{},
		MaxRooms: 10_000, MaxConnections: 50_000, RetainEvents: 10_000, Patience: 10 * time.Second,
		Logger: zerolog.Nop(),
	}
}

// Validate refuses what doesn't work, naming the field and its limit.
func (c Config) Validate() error {
	errs := []error{c.Rules.Validate()}
	refuse := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(c.MaxRooms >= 1, "max rooms: %d is below 1", c.MaxRooms)
	refuse(c.MaxConnections >= 1, "max connections: %d is below 1", c.MaxConnections)
	refuse(c.RetainEvents >= MaxReplayEvents, "retain events: %d is below %d", c.RetainEvents, MaxReplayEvents)
	refuse(c.Patience > 0, "patience: %v isn't positive", c.Patience)
	return errors.Join(errs...)
}
