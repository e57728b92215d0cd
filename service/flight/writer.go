package flight

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// Writer writes a record. It isn't safe for concurrent use.
type Writer struct {
	to      io.Writer
	sum     hash.Hash // of all that was written
	entries uint64
}

// NewWriter begins a record. What it is written to stays the caller's.
func NewWriter(to io.Writer, head Head) (*Writer, error) {
	data, err := head.encode()
	if err != nil {
		return nil, fmt.Errorf("flight: %w", err)
	}
	w := &Writer{to: to, sum: sha256.New()}
	if err := w.write(append([]byte(magic), version)); err != nil {
		return nil, err
	}
	err = w.frame(kindHead, data)
	return w, err
}

// Snapshot writes the state, an encoded singoff.log.v1.Snapshot, that the first entry follows on. It comes before all entries, at most once.
func (w *Writer) Snapshot(data []byte) error { return w.frame(kindSnapshot, data) }

// Entry writes the next entry, an encoded singoff.log.v1.Entry.
func (w *Writer) Entry(data []byte) error {
	w.entries++
	return w.frame(kindEntry, data)
}

// End writes the record's end, without which it counts as cut off.
func (w *Writer) End() error {
	payload := binary.LittleEndian.AppendUint64(nil, w.entries)
	return w.frame(kindEnd, w.sum.Sum(payload))
}

func (w *Writer) frame(kind byte, payload []byte) error {
	if most := limit(kind); uint64(len(payload)) > most {
		return fmt.Errorf("flight: a frame of %d bytes, at most %d", len(payload), most)
	}
	frame := make([]byte, 0, len(payload)+16)
	frame = binary.AppendUvarint(append(frame, kind), uint64(len(payload)))
	frame = append(frame, payload...)
	return w.write(binary.LittleEndian.AppendUint32(frame, crc32.Checksum(frame, castagnoli)))
}

func (w *Writer) write(b []byte) error {
	w.sum.Write(b)
	if _, err := w.to.Write(b); err != nil {
		return fmt.Errorf("flight: %w", err)
	}
	return nil
}
