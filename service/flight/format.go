// Package flight is a room's flight recorder: a file that holds a room's log, from which its state at any seq is rebuilt without a server.
// A record begins with the room's name, has a snapshot if older entries are no longer kept, then every entry after it, and ends with a checksum of
// all. It is read one entry at a time, so that neither a long nor a hostile file takes memory.
package flight

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/singoff/singoff/service/room/names"
)

// A record is the magic, a byte for the version, and frames: a byte for the kind, the payload's length (uvarint), the payload, and the CRC-32C
// of all these in 4 bytes, little-endian. The frames are one head, at most one snapshot, entries, and one end, whose payload is the number of entries
// (8 bytes, little-endian) and the SHA-256 of every byte before its frame. Nothing follows.
const (
	magic   = "singoff flight record\n"
	version = 1

	kindHead     = 'H' // JSON of Head
	kindSnapshot = 'S' // singoff.log.v1.Snapshot
	kindEntry    = 'E' // singoff.log.v1.Entry
	kindEnd      = 'Z'

	maxHead     = 4 << 10
	maxSnapshot = 4 << 20
	maxEntry    = 16 << 20
	endBytes    = 8 + 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// What reading a record answers, wrapped with where and what.
var (
	// ErrNotARecord: the file is something else.
	ErrNotARecord = errors.New("flight: this is no flight record")
	// ErrNewer: it was written in a newer version of the format.
	ErrNewer = errors.New("flight: the record is of a newer version")
	// ErrTruncated: the file ends before the record does.
	ErrTruncated = errors.New("flight: the record is cut off")
	// ErrDamaged: a checksum or a frame is wrong.
	ErrDamaged = errors.New("flight: the record is damaged")
)

// Head says whose record it is.
type Head struct {
	// Namespace and Room name the room.
	Namespace string `json:"namespace"`
	Room      string `json:"room"`
	// Recorded is when, by the server's clock.
	Recorded time.Time `json:"recorded"`
}

func (h Head) encode() ([]byte, error) {
	if err := h.validate(); err != nil {
		return nil, err
	}
	return json.Marshal(h)
}

func decodeHead(data []byte) (h Head, err error) {
	if err := json.Unmarshal(data, &h); err != nil {
		return h, fmt.Errorf("%w: its head: %w", ErrDamaged, err)
	}
	if err := h.validate(); err != nil {
		return h, fmt.Errorf("%w: its head: %w", ErrDamaged, err)
	}
	return h, nil
}

func (h Head) validate() error {
	if wrong := names.CheckID(h.Namespace); wrong != "" {
		return fmt.Errorf("namespace: %s", wrong)
	}
	if wrong := names.CheckID(h.Room); wrong != "" {
		return fmt.Errorf("room: %s", wrong)
	}
	return nil
}

// limit is the largest payload of a kind; 0: there is no such kind.
func limit(kind byte) uint64 {
	switch kind {
	case kindHead:
		return maxHead
	case kindSnapshot:
		return maxSnapshot
	case kindEntry:
		return maxEntry
	case kindEnd:
		return endBytes
	}
	return 0
}
