// Package limit holds what one address may ask of a server: joins, new rooms, open streams, calls.
// An address is a host, or the /64 of IPv6 that a household or a machine has to itself; many people may sit behind one, so the limits are those of a
// party. Peers on the same machine have no limits. Memory is bounded whatever comes, and nobody gets a fresh allowance by being forgotten.
package limit

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/singoff/singoff/service/clientaddr"
)

// Config of a Limiter. A limit of 0 is none.
type Config struct {
	// JoinsPerMinute of an address: so many at once, then evenly. Default 60.
	JoinsPerMinute int
	// RoomsPerHour that an address may have made or loaded: so many at once, then evenly. Default 20.
	RoomsPerHour int
	// Streams of an address that are open at once. Default 100.
	Streams int
	// CallsPerSecond of an address in the long run; five times as many at once. Default 20.
	CallsPerSecond int
	// Addresses that are kept apart, at least 1; beyond, those that are new share what others of their kind have. Default 65,536.
	Addresses int
	// Registerer gets the metrics. Required.
	Registerer prometheus.Registerer
}

// DefaultConfig suits a party of 30 behind one address. The Registerer is still missing.
func DefaultConfig() Config {
	return Config{JoinsPerMinute: 60, RoomsPerHour: 20, Streams: 100, CallsPerSecond: 20, Addresses: 1 << 16}
}

// Validate refuses what doesn't work, naming the field and its limit.
func (c Config) Validate() error {
	var errs []error
	for _, f := range []struct {
		name       string
		value, min int
	}{
		{"joins per minute", c.JoinsPerMinute, 0},
		{"rooms per hour", c.RoomsPerHour, 0},
		{"streams per address", c.Streams, 0},
		{"calls per second", c.CallsPerSecond, 0},
		{"addresses", c.Addresses, 1},
	} {
		if f.value < f.min || f.value > maxLimit {
			errs = append(errs, fmt.Errorf("%s: %d is not within %d to %d", f.name, f.value, f.min, maxLimit))
		}
	}
	return errors.Join(errs...)
}

const maxLimit = 1_000_000

// The kinds of limits, as metrics name them.
const (
	kindJoins   = "joins"
	kindRooms   = "rooms"
	kindStreams = "streams"
	kindCalls   = "calls"
)

// Refusal is what an address is told that has reached a limit.
type Refusal struct {
	// Message names the limit and its number; a sentence for people.
	Message string
	// RetryAfter is when to come back, spread so that not all come at once.
	RetryAfter time.Duration
}

// Limiter counts by address. Its methods may be called concurrently, and never wait. Addresses are given as `host:port` or as a host; whatever
// isn't an IP address (a Unix socket) or is loopback has no limits. A nil Limiter has none at all.
type Limiter struct {
	cfg     Config
	table   *table
	refused *prometheus.CounterVec
}

// New makes a Limiter that has seen nobody.
func New(cfg Config) (*Limiter, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("limit: %w", err)
	}
	if cfg.Registerer == nil {
		return nil, errors.New("limit: Config.Registerer is missing")
	}
	l := &Limiter{cfg: cfg, table: newTable(cfg)}
	l.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "singoff_limit_refusals_total",
		Help: "What was refused to an address, by limit: joins, rooms, streams, calls.",
	}, []string{"limit"})
	cfg.Registerer.MustRegister(l.refused, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "singoff_limit_addresses",
		Help: "Addresses whose use of their limits is remembered.",
	}, func() float64 { return float64(l.table.size()) }))
	for _, kind := range []string{kindJoins, kindRooms, kindStreams, kindCalls} {
		l.refused.WithLabelValues(kind)
	}
	return l, nil
}

// Stream counts a stream that opens. Close it once when it ends; calling that of a refused one does nothing.
func (l *Limiter) Stream(addr string) (closed func(), refused *Refusal) {
	var opened *allowance
	refused = l.ask(addr, kindStreams, func(a *allowance, _ time.Time) (time.Duration, bool) {
		if a.streams >= l.cfg.Streams {
			return 0, false
		}
		a.streams++
		opened = a
		return 0, true
	})
	if opened == nil {
		return func() {}, refused
	}
	return func() { l.table.closed(opened) }, nil
}

// Join counts a Hello.
func (l *Limiter) Join(addr string) *Refusal {
	return l.ask(addr, kindJoins, func(a *allowance, now time.Time) (time.Duration, bool) { return a.joins.take(now) })
}

// Room counts a room that isn't loaded yet and that a Hello asks for.
func (l *Limiter) Room(addr string) *Refusal {
	return l.ask(addr, kindRooms, func(a *allowance, now time.Time) (time.Duration, bool) { return a.rooms.take(now) })
}

// Call counts a call that isn't a stream.
func (l *Limiter) Call(addr string) *Refusal {
	return l.ask(addr, kindCalls, func(a *allowance, now time.Time) (time.Duration, bool) { return a.calls.take(now) })
}

// ask takes one of what an address is allowed. A refusal takes nothing, so that coming back too early doesn't make it worse.
func (l *Limiter) ask(addr, kind string, take func(*allowance, time.Time) (wait time.Duration, ok bool)) *Refusal {
	if l == nil || l.limit(kind) == 0 {
		return nil
	}
	from, counts := addressOf(addr)
	if !counts {
		return nil
	}
	wait, ok := l.table.take(from, take)
	if ok {
		return nil
	}
	l.refused.WithLabelValues(kind).Inc()
	return l.refusal(kind, wait)
}

func (l *Limiter) limit(kind string) int {
	switch kind {
	case kindJoins:
		return l.cfg.JoinsPerMinute
	case kindRooms:
		return l.cfg.RoomsPerHour
	case kindStreams:
		return l.cfg.Streams
	}
	return l.cfg.CallsPerSecond
}

func (l *Limiter) refusal(kind string, wait time.Duration) *Refusal {
	n := l.limit(kind)
	switch kind {
	case kindJoins:
		return &Refusal{fmt.Sprintf("your address has joined too often: %d joins a minute are taken from one address", n), spread(wait, 5*time.Second)}
	case kindRooms:
		return &Refusal{fmt.Sprintf("your address has opened too many rooms: %d new ones an hour are taken from one address", n), spread(wait, 30*time.Second)}
	case kindStreams:
		return &Refusal{fmt.Sprintf("your address has %d streams open, as many as are taken from one address", n), spread(time.Second, 5*time.Second)}
	}
	return &Refusal{fmt.Sprintf("your address calls too often: %d calls a second are taken from one address", n), spread(wait, time.Second)}
}

func spread(wait, over time.Duration) time.Duration {
	return (wait + mathrand.N(over)).Round(time.Millisecond)
}

// addressOf is what counts as one address; false: it has no limits.
func addressOf(addr string) (netip.Prefix, bool) {
	ip := clientaddr.IP(addr)
	if !ip.IsValid() || ip.IsLoopback() {
		return netip.Prefix{}, false
	}
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(ip, bits).Masked(), true
}
