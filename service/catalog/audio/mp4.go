package audio

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	// maxBoxes bounds the boxes looked at; fragmented files have thousands.
	maxBoxes = 10_000
	// maxDepth is that of moov, trak, mdia, hdlr.
	maxDepth = 4
)

// box is one of MP4's nested parts.
type box struct {
	kind       string
	start, end int64 // of its content
}

// movie is what is gathered from an MP4's boxes.
type movie struct {
	found    bool // a moov
	sound    bool // a track of it
	duration time.Duration
	boxes    int // looked at
}

// mp4 reads mvhd, and whether there is a sound track and the file holds all its boxes.
func (f file) mp4() (time.Duration, error) {
	var m movie
	if err := f.boxes(0, f.size, maxDepth, &m); err != nil {
		return 0, err
	}
	switch {
	case !m.found:
		return 0, fmt.Errorf("%w: it has no moov box", ErrTruncated)
	case !m.sound:
		return 0, fmt.Errorf("%w: an MP4 file without a sound track", ErrNotAudio)
	}
	return m.duration, nil
}

func (f file) boxes(at, end int64, depth int, m *movie) error {
	for end-at >= 8 { // some writers end a list with four zero bytes
		if m.boxes++; m.boxes > maxBoxes {
			return fmt.Errorf("%w: it has more than %d boxes", ErrBroken, maxBoxes)
		}
		b, err := f.box(at, end)
		if err != nil {
			return err
		}
		if err := f.content(b, depth, m); err != nil {
			return err
		}
		at = b.end
	}
	return nil
}

// box reads the header at a place, whose box must end where its parent does.
func (f file) box(at, end int64) (box, error) {
	h, err := f.read(at, 8)
	if err != nil {
		return box{}, err
	}
	b := box{kind: string(h[4:8]), start: at + 8}
	switch size := int64(be32(h)); size {
	case 0:
		b.end = end
	case 1:
		long, err := f.read(at+8, 8)
		if err != nil {
			return box{}, err
		}
		b.start += 8
		b.end = at + int64(min(binary.BigEndian.Uint64(long), 1<<62))
	default:
		b.end = at + size
	}
	switch {
	case b.end < b.start:
		return box{}, fmt.Errorf("%w: a box at %d is smaller than its header", ErrBroken, at)
	case b.end > f.size:
		return box{}, fmt.Errorf("%w: its box %q ends at %d, the file at %d", ErrTruncated, b.kind, b.end, f.size)
	case b.end > end:
		return box{}, fmt.Errorf("%w: its box %q is larger than what holds it", ErrBroken, b.kind)
	}
	return b, nil
}

func (f file) content(b box, depth int, m *movie) error {
	switch b.kind {
	case "moov":
		m.found = true
		fallthrough
	case "trak", "mdia":
		if depth > 1 {
			return f.boxes(b.start, b.end, depth-1, m)
		}
	case "hdlr":
		h, err := f.read(b.start, 12)
		if err != nil {
			return err
		}
		m.sound = m.sound || hasAt(h, 8, "soun")
	case "mvhd":
		h, err := f.read(b.start, 20)
		if err == nil && h[0] == 1 {
			h, err = f.read(b.start, 32)
		}
		if err != nil {
			return err
		}
		m.duration = mvhd(h)
	}
	return nil
}

// mvhd reads the length in either version of the box; all ones, or a scale of 0, is unknown.
func mvhd(b []byte) time.Duration {
	scale, n := uint64(be32(b[12:])), uint64(be32(b[16:]))
	unknown := n == 0xFFFFFFFF
	if b[0] == 1 {
		scale, n = uint64(be32(b[20:])), binary.BigEndian.Uint64(b[24:])
		unknown = n == ^uint64(0)
	}
	if unknown || scale == 0 {
		return 0
	}
	return played(n, scale)
}
