package sqlitelog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/singoff/singoff/service/eventlog"
)

// ErrCorrupt says that what the disk holds isn't what was written.
var ErrCorrupt = errors.New("sqlitelog: corrupt")

// The bits of an entry's id.
const (
	positionBits = 36
	maxPosition  = 1<<positionBits - 1
	maxRoomID    = 1<<(63-positionBits) - 1
)

func entryID(room int64, position eventlog.Position) int64 {
	return room<<positionBits | int64(position)
}

func positionOf(id int64) eventlog.Position { return eventlog.Position(id & maxPosition) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOf is over an entry and where it is.
func sumOf(id int64, entry eventlog.Entry) int64 {
	return sum(entry.Data, uint64(id), entry.FirstSeq, uint64(entry.Count), binary.BigEndian.Uint64(entry.Batch[:8]), binary.BigEndian.Uint64(entry.Batch[8:]))
}

// sumOfSnapshot is over a snapshot and whose it is.
func sumOfSnapshot(room int64, snapshot eventlog.Snapshot) int64 {
	return sum(snapshot.Data, uint64(room), uint64(snapshot.Position), snapshot.Seq)
}

func sum(data []byte, numbers ...uint64) int64 {
	head := make([]byte, 0, 48)
	for _, n := range numbers {
		head = binary.BigEndian.AppendUint64(head, n)
	}
	return int64(crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, data))
}

// scanner is a row of a query.
type scanner interface{ Scan(into ...any) error }

// entryColumns are what scanEntry reads.
const entryColumns = "id, batch, first_seq, count, sum, data"

// scanEntry reads an entry and checks its sum. The data is its own.
func scanEntry(row scanner) (eventlog.Stored, error) {
	var id, check int64
	var batch, data []byte
	var entry eventlog.Entry
	if err := row.Scan(&id, &batch, &entry.FirstSeq, &entry.Count, &check, &data); err != nil {
		return eventlog.Stored{}, err
	}
	stored := eventlog.Stored{Entry: entry, Position: positionOf(id)}
	if len(batch) != len(stored.Batch) {
		return eventlog.Stored{}, fmt.Errorf("%w: the batch at position %d has %d bytes", ErrCorrupt, stored.Position, len(batch))
	}
	stored.Batch, stored.Data = eventlog.BatchID(batch), data
	if got := sumOf(id, stored.Entry); got != check {
		return eventlog.Stored{}, fmt.Errorf("%w: the entry at position %d has sum %08x, it says %08x", ErrCorrupt, stored.Position, got, check)
	}
	return stored, nil
}

// snapshotColumns are what scanSnapshot reads.
const snapshotColumns = "room, position, seq, sum, data"

// scanSnapshot reads a snapshot and checks its sum. The data is its own.
func scanSnapshot(row scanner) (*eventlog.Snapshot, error) {
	var room, check int64
	var snapshot eventlog.Snapshot
	if err := row.Scan(&room, &snapshot.Position, &snapshot.Seq, &check, &snapshot.Data); err != nil {
		return nil, err
	}
	if got := sumOfSnapshot(room, snapshot); got != check {
		return nil, fmt.Errorf("%w: the snapshot at position %d has sum %08x, it says %08x", ErrCorrupt, snapshot.Position, got, check)
	}
	return &snapshot, nil
}
