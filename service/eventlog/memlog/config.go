package memlog

import (
	"errors"
	"fmt"
)

// Config bounds the memory that a Log may take. A field that is 0 has its default.
type Config struct {
	// EntryBytes is the largest entry's data, 1 byte to 64 MiB. Default 4 MiB.
	EntryBytes int
	// SnapshotBytes is the largest snapshot's data, 1 byte to 64 MiB. Default 1 MiB.
	SnapshotBytes int
	// KeepEntries is how many entries of a room stay readable that its newest snapshot covers; older ones are forgotten with the
	// next snapshot, as if trimmed. At least 1. Default 8,192. Entries that no snapshot covers always stay.
	KeepEntries int
	// KeepBytes bounds the same entries by their size in bytes. At least 1. Default 2 MiB.
	KeepBytes int64
	// TotalBytes is what all rooms may take together. Beyond it appends and snapshots are refused; from three quarters of it on,
	// the rooms that were silent longest lose the entries that their snapshots cover. At least 1. Default 1 GiB.
	TotalBytes int64
}

const maxDataBytes = 64 << 20

func (c Config) withDefaults() Config {
	setDefault(&c.EntryBytes, 4<<20)
	setDefault(&c.SnapshotBytes, 1<<20)
	setDefault(&c.KeepEntries, 8192)
	setDefault(&c.KeepBytes, 2<<20)
	setDefault(&c.TotalBytes, 1<<30)
	return c
}

func setDefault[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (c Config) validate() error {
	var errs []error
	refuse := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("memlog: "+format, args...))
		}
	}
	refuse(c.EntryBytes >= 1 && c.EntryBytes <= maxDataBytes, "EntryBytes: %d is not within 1 to %d", c.EntryBytes, maxDataBytes)
	refuse(c.SnapshotBytes >= 1 && c.SnapshotBytes <= maxDataBytes, "SnapshotBytes: %d is not within 1 to %d", c.SnapshotBytes, maxDataBytes)
	refuse(c.KeepEntries >= 1, "KeepEntries: %d is below 1", c.KeepEntries)
	refuse(c.KeepBytes >= 1, "KeepBytes: %d is below 1", c.KeepBytes)
	refuse(c.TotalBytes >= 1, "TotalBytes: %d is below 1", c.TotalBytes)
	return errors.Join(errs...)
}
