package audio

import (
	"errors"
	"fmt"
	"io"
)

// file is the bytes of a file, or a part of one up to its end.
type file struct {
	r    io.ReaderAt
	size int64
}

// from is the rest of the file.
func (f file) from(at int64) file {
	return file{r: io.NewSectionReader(f.r, at, f.size-at), size: f.size - at}
}

// read gives exactly n bytes, or ErrTruncated if the file has fewer.
func (f file) read(at int64, n int) ([]byte, error) {
	b, err := f.upTo(at, n)
	if err == nil && len(b) < n {
		err = fmt.Errorf("%w: %d bytes at %d are beyond its end at %d", ErrTruncated, n, at, f.size)
	}
	return b, err
}

// upTo gives n bytes, or as many as there are.
func (f file) upTo(at int64, n int) ([]byte, error) {
	if at < 0 || at >= f.size {
		return nil, nil
	}
	b := make([]byte, min(int64(n), f.size-at))
	got, err := f.r.ReadAt(b, at)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:got], err
}

// maxLeadingTags is how many ID3v2 tags may stand one behind the other.
const maxLeadingTags = 16

// leadingTags is the size of the ID3v2 tags that the file begins with. They stand before MP3 by custom, before others by
// mistake.
func (f file) leadingTags() (int64, error) {
	var at int64
	for range maxLeadingTags {
		b, err := f.upTo(at, 10)
		if err != nil {
			return 0, err
		}
		if len(b) < 10 || !hasAt(b, 0, "ID3") {
			return at, nil
		}
		for _, part := range b[6:10] {
			if part >= 0x80 {
				return 0, fmt.Errorf("%w: the size of its ID3 tag is no number", ErrBroken)
			}
		}
		at += 10 + int64(b[6])<<21 + int64(b[7])<<14 + int64(b[8])<<7 + int64(b[9])
		if b[5]&0x10 != 0 { // a footer
			at += 10
		}
		if at >= f.size {
			return 0, fmt.Errorf("%w: its ID3 tag ends at %d, the file at %d", ErrTruncated, at, f.size)
		}
	}
	return at, nil
}

// trailingTags is the size of the ID3v1 and APE tags that the file ends with.
func (f file) trailingTags() (int64, error) {
	var n int64
	b, err := f.upTo(f.size-128, 3)
	if err != nil {
		return 0, err
	}
	if hasAt(b, 0, "TAG") {
		n = 128
	}
	if b, err = f.upTo(f.size-n-32, 32); err != nil {
		return 0, err
	}
	if hasAt(b, 0, "APETAGEX") {
		ape := int64(le32(b[12:]))
		if b[23]&0x80 != 0 { // it has a header too
			ape += 32
		}
		if n+ape <= f.size { // else its size is a lie, and as little in the way as any rubbish
			n += ape
		}
	}
	return n, nil
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
func le32(b []byte) uint32 {
	return uint32(b[3])<<24 | uint32(b[2])<<16 | uint32(b[1])<<8 | uint32(b[0])
}
