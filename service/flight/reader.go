package flight

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// Reader reads a record frame by frame. It isn't safe for concurrent use.
type Reader struct {
	from     *bufio.Reader
	sum      hash.Hash // of all frames that were read
	at       int64     // bytes read
	head     Head
	snapshot []byte
	pending  *frame // read already
	entries  uint64
	ended    bool
}

type frame struct {
	kind    byte
	payload []byte
}

// NewReader reads a record up to its first entry. Errors: ErrNotARecord, ErrNewer, ErrTruncated, ErrDamaged, and those of what it is read from.
func NewReader(from io.Reader) (*Reader, error) {
	r := &Reader{from: bufio.NewReaderSize(from, 64<<10), sum: sha256.New()}
	if err := r.begin(); err != nil {
		return nil, err
	}
	first, err := r.frame()
	if err != nil {
		return nil, err
	}
	if first.kind != kindHead {
		return nil, r.damaged("it begins with a frame %q", first.kind)
	}
	if r.head, err = decodeHead(first.payload); err != nil {
		return nil, err
	}
	next, err := r.frame()
	if err != nil {
		return nil, err
	}
	if next.kind == kindSnapshot {
		r.snapshot = next.payload
		return r, nil
	}
	r.pending = next
	return r, nil
}

// Head says whose record it is.
func (r *Reader) Head() Head { return r.head }

// Snapshot is the encoded singoff.log.v1.Snapshot that the first entry follows on; nil: the record is whole from the room's first event on.
func (r *Reader) Snapshot() []byte { return r.snapshot }

// Entry gives the next encoded singoff.log.v1.Entry, or io.EOF at the end of a record that is whole. Errors as of NewReader.
func (r *Reader) Entry() ([]byte, error) {
	if r.ended {
		return nil, io.EOF
	}
	next := r.pending
	r.pending = nil
	if next == nil {
		var err error
		if next, err = r.frame(); err != nil {
			return nil, err
		}
	}
	switch next.kind {
	case kindEntry:
		r.entries++
		return next.payload, nil
	case kindEnd:
		return nil, r.end(next.payload)
	}
	return nil, r.damaged("a frame %q among the entries", next.kind)
}

func (r *Reader) begin() error {
	start := make([]byte, len(magic)+1)
	n, err := io.ReadFull(r.from, start)
	if err != nil && !ended(err) {
		return fmt.Errorf("flight: %w", err)
	}
	switch {
	case n == 0:
		return fmt.Errorf("%w: it is empty", ErrNotARecord)
	case string(start[:min(n, len(magic))]) != magic[:min(n, len(magic))]:
		return ErrNotARecord
	case n < len(start):
		return r.truncated()
	case start[len(magic)] == 0:
		return fmt.Errorf("%w: version 0", ErrNotARecord)
	case start[len(magic)] > version:
		return fmt.Errorf("%w: %d, this program knows %d", ErrNewer, start[len(magic)], version)
	}
	r.sum.Write(start)
	r.at = int64(n)
	return nil
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// frame reads one frame, with memory for no more than has come.
func (r *Reader) frame() (*frame, error) {
	kind, err := r.from.ReadByte()
	if err != nil {
		return nil, r.broken(err)
	}
	most := limit(kind)
	if most == 0 {
		return nil, r.damaged("a frame of the unknown kind %q", kind)
	}
	size, err := binary.ReadUvarint(r.from)
	if err != nil {
		return nil, r.broken(err)
	}
	if size > most {
		return nil, r.damaged("a frame %q of %d bytes, at most %d", kind, size, most)
	}
	var payload bytes.Buffer
	if _, err := io.CopyN(&payload, r.from, int64(size)); err != nil {
		return nil, r.broken(err)
	}
	var sum [4]byte
	if _, err := io.ReadFull(r.from, sum[:]); err != nil {
		return nil, r.broken(err)
	}
	start := binary.AppendUvarint([]byte{kind}, size)
	crc := crc32.Update(crc32.Checksum(start, castagnoli), castagnoli, payload.Bytes())
	if crc != binary.LittleEndian.Uint32(sum[:]) {
		return nil, r.damaged("a frame's checksum is wrong")
	}
	if kind != kindEnd { // the end holds the sum of what is before it
		r.sum.Write(start)
		r.sum.Write(payload.Bytes())
		r.sum.Write(sum[:])
	}
	r.at += int64(len(start)) + int64(size) + int64(len(sum))
	return &frame{kind, payload.Bytes()}, nil
}

// end checks that all is there, and nothing more.
func (r *Reader) end(payload []byte) error {
	switch want := r.sum.Sum(nil); {
	case len(payload) != endBytes:
		return r.damaged("its end has %d bytes, not %d", len(payload), endBytes)
	case binary.LittleEndian.Uint64(payload) != r.entries:
		return r.damaged("it holds %d entries, its end says %d", r.entries, binary.LittleEndian.Uint64(payload))
	case !bytes.Equal(payload[8:], want):
		return r.damaged("the checksum of the whole is wrong")
	}
	if _, err := r.from.ReadByte(); err == nil {
		return r.damaged("something follows its end")
	} else if !ended(err) {
		return r.broken(err)
	}
	r.ended = true
	return io.EOF
}

func (r *Reader) damaged(format string, args ...any) error {
	return fmt.Errorf("%w: at byte %d: %s", ErrDamaged, r.at, fmt.Sprintf(format, args...))
}

func (r *Reader) truncated() error {
	return fmt.Errorf("%w: after %d entries, at byte %d", ErrTruncated, r.entries, r.at)
}

func (r *Reader) broken(err error) error {
	if ended(err) {
		return r.truncated()
	}
	return fmt.Errorf("flight: at byte %d: %w", r.at, err)
}
