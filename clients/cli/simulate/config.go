// Package simulate lets simulated people hold battles on a server: they chat, whisper, vote, cheer, pick songs and play them,
// have their connections cut and come back. What all of them saw is checked as history does it, and told in a Report with how fast
// it was. It uses the SDK as any client does; each person has connections of their own, which are cut.
package simulate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
)

// ErrConfig is wrapped by errors that name a field of Config and its limit.
var ErrConfig = errors.New("simulate")

// Config of a simulation.
type Config struct {
	// Target is the server's gRPC port, `host:port` or `unix:PATH`; needed for native.
	Target string
	// URL is its HTTP port; needed for every other way.
	URL string
	// Ways by which people join, at least one. They are spread over them, and who comes back may take another one. Suggestion: native.
	Ways []transport.Kind
	// Options of the SDK that everybody joins with: how connections are protected, for instance.
	Options []singoff.Option
	// Namespace of the rooms; empty: `default`.
	Namespace string
	// Rooms at once, 1 to 1,000; suggestion: 2.
	Rooms int
	// Members of each room, 2 to 1,000; suggestion: 8. The first take the singers' seats, the next the watchers', and who
	// finds no seat is an observer, as many as the server lets in: they say nothing, but what they see counts.
	Members int
	// Rate is how many commands are given per second, by all people together; more than 0.
	Rate float64
	// Drops is how many connections are cut per minute, of all people together; 0: none.
	Drops float64
	// Offline is how long after a cut the network is away; then the client is told that it is there again. 0: it never is away.
	Offline time.Duration
	// Duration of the battles, at least a second; joining and checking come on top.
	Duration time.Duration
	// Seed of what people do. Equal seeds do equal things, at slightly other times.
	Seed uint64
	// Settle is how long, at the end, everybody may take to be back and to see everything; 0: 30 s.
	Settle time.Duration
	// Progress is told how it goes once a second; nil: nobody is.
	Progress func(Progress)
	// Wrap is put around everybody's transport; nil: nothing is. Tests put a fault there.
	Wrap func(transport.Transport) transport.Transport
}

// Progress of a simulation.
type Progress struct {
	Elapsed    time.Duration
	Members    int
	Joined     int
	Commands   int64
	Deliveries int64
	Drops      int64
}

func (c *Config) validate() error {
	switch {
	case len(c.Ways) == 0:
		return fmt.Errorf("%w: no ways to join by; at least one is needed", ErrConfig)
	case c.Target == "" && slices.Contains(c.Ways, transport.KindNative):
		return fmt.Errorf("%w: the server is empty, native needs its address", ErrConfig)
	case c.URL == "" && slices.ContainsFunc(c.Ways, func(k transport.Kind) bool { return k != transport.KindNative }):
		return fmt.Errorf("%w: the URL is empty, every way but native needs it", ErrConfig)
	case c.Rooms < 1 || c.Rooms > 1000:
		return fmt.Errorf("%w: %d rooms; 1 to 1,000 are allowed", ErrConfig, c.Rooms)
	case c.Members < 2 || c.Members > 1000:
		return fmt.Errorf("%w: %d members; 2 to 1,000 are allowed", ErrConfig, c.Members)
	case !(c.Rate > 0) || c.Rate > 1e6:
		return fmt.Errorf("%w: a rate of %v; more than 0 and at most 1,000,000 per second are allowed", ErrConfig, c.Rate)
	case !(c.Drops >= 0) || c.Drops > 1e6:
		return fmt.Errorf("%w: %v drops; 0 to 1,000,000 per minute are allowed", ErrConfig, c.Drops)
	case c.Offline < 0 || c.Offline > time.Minute:
		return fmt.Errorf("%w: %v offline; 0 to 1m are allowed", ErrConfig, c.Offline)
	case c.Duration < time.Second:
		return fmt.Errorf("%w: a duration of %v; at least 1s is allowed", ErrConfig, c.Duration)
	}
	if c.Settle == 0 {
		c.Settle = 30 * time.Second
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Wrap == nil {
		c.Wrap = func(t transport.Transport) transport.Transport { return t }
	}
	return nil
}
