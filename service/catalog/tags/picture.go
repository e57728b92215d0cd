package tags

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxPicture is the largest picture that Picture.Open gives, in bytes.
const MaxPicture = 64 << 20

// Picture is a picture in a file. It isn't read until it is asked for.
type Picture struct {
	// MediaType is what the tag calls it, in lower case: `image/jpeg`, often wrong, sometimes empty.
	MediaType string
	// Size is at most how many bytes it has.
	Size int64

	front bool
	open  func(r io.ReaderAt) (io.Reader, error)
}

// Open gives the picture's bytes, at most MaxPicture, out of the file it was found in, which must not have changed: r is that
// file. An error of the reader is that file's, or its tag's.
func (p *Picture) Open(r io.ReaderAt) (io.Reader, error) {
	content, err := p.open(r)
	if err != nil {
		return nil, fmt.Errorf("%w: its picture: %w", ErrTag, err)
	}
	return io.LimitReader(content, min(p.Size, MaxPicture)), nil
}

// picture takes one in: the front cover before others, else the first.
func (c *collector) picture(p Picture) {
	if p.Size <= 0 || c.cover != nil && (c.cover.front || !p.front) {
		return
	}
	if p.MediaType == "-->" { // a link
		return
	}
	c.cover = &p
}

// at is the bytes of a part of the file, as a picture's open.
func at(offset, size int64) func(io.ReaderAt) (io.Reader, error) {
	return func(r io.ReaderAt) (io.Reader, error) { return io.NewSectionReader(r, offset, size), nil }
}

// skipping opens and passes over n bytes.
func skipping(n int64, open func(io.ReaderAt) (io.Reader, error)) func(io.ReaderAt) (io.Reader, error) {
	return func(r io.ReaderAt) (io.Reader, error) {
		content, err := open(r)
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, content, n); err != nil {
			return nil, err
		}
		return content, nil
	}
}

var errPicture = errors.New("a picture's header makes no sense")

// pictureHeader is how much of a picture's block comes before the picture at most: its type and description.
const pictureHeader = 64 << 10

// flacPicture reads the header of a PICTURE block of size bytes: kind, media type, description, width, height, depth, colours,
// length.
func flacPicture(r io.Reader, size int64) (p Picture, header int64, err error) {
	in := bufio.NewReader(io.LimitReader(r, min(size, pictureHeader)))
	word := func() uint32 {
		var b [4]byte
		_, e := io.ReadFull(in, b[:])
		err = errors.Join(err, e)
		header += 4
		return binary.BigEndian.Uint32(b[:])
	}
	str := func(n uint32) []byte {
		if err != nil || n > pictureHeader {
			err = errors.Join(err, errPicture)
			return nil
		}
		b := make([]byte, n)
		_, e := io.ReadFull(in, b)
		err = errors.Join(err, e)
		header += int64(n)
		return b
	}
	p.front = word() == 3
	p.MediaType = mediaType(str(word()))
	str(word()) // description
	for range 4 {
		word()
	}
	p.Size = int64(word())
	if err != nil {
		return Picture{}, 0, errPicture
	}
	p.Size = min(p.Size, size-header)
	return p, header, nil
}

func mediaType(b []byte) string { return strings.ToLower(string(bytes.Trim(b, "\x00 "))) }
