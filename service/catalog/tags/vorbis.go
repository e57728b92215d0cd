package tags

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// maxComment is the longest part of a comment's name that is looked at.
const maxName = 128

var errComment = errors.New("a comment is cut short")

// vorbisComments reads a list of NAME=value: of FLAC, Vorbis, Opus. open gives the same bytes again, for pictures.
func (c *collector) vorbisComments(open func(io.ReaderAt) (io.Reader, error)) {
	content, err := open(c.r)
	if err != nil {
		c.note(err)
		return
	}
	in := &counter{in: bufio.NewReader(content)}
	if err := in.skip(int64(in.word())); err != nil { // the writer's name
		c.broken("%w", errComment)
		return
	}
	count := in.word()
	for range min(count, maxItems) {
		length := int64(in.word())
		start := in.n
		if in.err == nil {
			c.comment(in, length, open)
		}
		if err := in.skip(start + length - in.n); err != nil {
			c.broken("%w", errComment)
			return
		}
	}
}

// comment reads one, or as much of it as is needed.
func (c *collector) comment(in *counter, length int64, open func(io.ReaderAt) (io.Reader, error)) {
	head, _ := in.in.Peek(int(min(length, maxName)))
	name, _, ok := strings.Cut(string(head), "=")
	if !ok {
		return
	}
	begin, size := in.n+int64(len(name))+1, length-int64(len(name))-1
	if name = strings.ToUpper(name); name == "METADATA_BLOCK_PICTURE" {
		c.encodedPicture(begin, size, open)
		return
	}
	to := fieldNames[name]
	if to == fieldNone {
		return
	}
	if err := in.skip(begin - in.n); err != nil {
		return
	}
	b := make([]byte, min(size, limitOf(to)))
	n, _ := io.ReadFull(in.in, b)
	in.n += int64(n)
	c.set(to, c.decode(utf8Text, b[:n]))
}

// encodedPicture is a FLAC picture in base64.
func (c *collector) encodedPicture(begin, size int64, open func(io.ReaderAt) (io.Reader, error)) {
	decoded := func(r io.ReaderAt) (io.Reader, error) {
		content, err := skipping(begin, open)(r)
		if err != nil {
			return nil, err
		}
		return base64.NewDecoder(base64.StdEncoding, io.LimitReader(content, size)), nil
	}
	content, err := decoded(c.r)
	if err != nil {
		c.note(err)
		return
	}
	p, header, err := flacPicture(content, size/4*3)
	if err != nil {
		c.broken("%w", err)
		return
	}
	p.open = skipping(header, decoded)
	c.picture(p)
}

// counter reads and counts.
type counter struct {
	in  *bufio.Reader
	n   int64
	err error
}

// word is a little-endian number; 0 behind the end.
func (r *counter) word() uint32 {
	var b [4]byte
	n, err := io.ReadFull(r.in, b[:])
	r.n += int64(n)
	r.err = errors.Join(r.err, err)
	return binary.LittleEndian.Uint32(b[:])
}

func (r *counter) skip(n int64) error {
	if r.err != nil {
		return r.err
	}
	done, err := io.CopyN(io.Discard, r.in, n)
	r.n += done
	r.err = err
	return err
}

// flac reads the metadata blocks.
func (c *collector) flac(body *io.SectionReader) {
	_, base, _ := body.Outer()
	at0 := int64(4)
	h := make([]byte, 4)
	for range maxItems {
		if n, _ := body.ReadAt(h, at0); n < 4 {
			return
		}
		size := int64(binary.BigEndian.Uint32(h) & 0xFFFFFF)
		at0 += 4
		switch h[0] & 0x7F {
		case 4:
			c.vorbisComments(at(base+at0, size))
		case 6:
			p, header, err := flacPicture(io.NewSectionReader(body, at0, size), size)
			if err != nil {
				c.broken("%w", err)
				break
			}
			p.open = at(base+at0+header, p.Size)
			c.picture(p)
		}
		at0 += size
		if h[0]&0x80 != 0 {
			return
		}
	}
}
