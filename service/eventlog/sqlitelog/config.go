package sqlitelog

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Sync is when an append counts as kept.
type Sync string

// When an append counts as kept.
const (
	// SyncFull waits for the disk: what was answered survives a machine that loses power.
	SyncFull Sync = "full"
	// SyncOff waits for the system alone: what was answered survives a killed process, not a machine that loses power.
	SyncOff Sync = "off"
)

// Config says where a Log is and what it may take. A field that is 0 has its default.
type Config struct {
	// Dir is the folder of the log's files, made if it isn't there (for its owner alone). Required.
	Dir string
	// Sync is SyncFull or SyncOff. Default SyncFull.
	Sync Sync
	// EntryBytes is the largest entry's data, 1 byte to 64 MiB. Default 4 MiB.
	EntryBytes int
	// SnapshotBytes is the largest snapshot's data, 1 byte to 64 MiB. Default 1 MiB.
	SnapshotBytes int
	// ReserveBytes of the file system stay free: appends are refused before it is full, so that what is under way can end and
	// snapshots, trims and the machine's other programs go on. At least 1 MiB. Default 64 MiB.
	ReserveBytes int64
	// Retain says how much history of a namespace's rooms stays readable; the one named "" holds for those that aren't named.
	// Default none: as much as the caller of Trim wants.
	Retain map[string]Retention
	// SweepEvery is how often history that is older than a Retention's Age is forgotten, at least 1 s. Default 10 min.
	SweepEvery time.Duration
	// Registerer of the metrics; nil: none are kept.
	Registerer prometheus.Registerer
	// Logger of what an operator must know. The zero one logs nothing.
	Logger zerolog.Logger
}

// Retention bounds a room's history below its newest snapshot. What is beyond either bound is forgotten, as if trimmed.
type Retention struct {
	// Events stay readable, about; 0: all.
	Events uint64
	// Age until which entries stay readable; 0: for ever.
	Age time.Duration
}

const (
	maxDataBytes = 64 << 20
	minReserve   = 1 << 20
)

func (c Config) withDefaults() Config {
	setDefault(&c.Sync, SyncFull)
	setDefault(&c.EntryBytes, 4<<20)
	setDefault(&c.SnapshotBytes, 1<<20)
	setDefault(&c.ReserveBytes, 64<<20)
	setDefault(&c.SweepEvery, 10*time.Minute)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) validate() error {
	var errs []error
	refuse := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("sqlitelog: "+format, args...))
		}
	}
	refuse(c.Dir != "", "Dir: a folder is needed")
	refuse(c.Sync == SyncFull || c.Sync == SyncOff, "Sync: %q is neither %q nor %q", c.Sync, SyncFull, SyncOff)
	refuse(c.EntryBytes >= 1 && c.EntryBytes <= maxDataBytes, "EntryBytes: %d is not within 1 to %d", c.EntryBytes, maxDataBytes)
	refuse(c.SnapshotBytes >= 1 && c.SnapshotBytes <= maxDataBytes, "SnapshotBytes: %d is not within 1 to %d", c.SnapshotBytes, maxDataBytes)
	refuse(c.ReserveBytes >= minReserve && c.ReserveBytes < math.MaxInt64/2, "ReserveBytes: %d is not within %d to half of what fits", c.ReserveBytes, minReserve)
	refuse(c.SweepEvery >= time.Second, "SweepEvery: %v is below 1s", c.SweepEvery)
	for namespace, r := range c.Retain {
		refuse(r.Age >= 0, "Retain: Age of %q: %v is negative", namespace, r.Age)
	}
	return errors.Join(errs...)
}

func (c Config) retention(namespace string) Retention {
	if r, named := c.Retain[namespace]; named {
		return r
	}
	return c.Retain[""]
}
