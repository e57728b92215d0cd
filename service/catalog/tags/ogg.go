package tags

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// maxPages bounds the pages that the comments' packet is spread over: 64 KiB each, or less.
	maxPages = 20_000
	// maxPackets is how many packets are looked at for FLAC in Ogg, which has one for each block.
	maxPackets = 64
)

var errPage = errors.New("an Ogg page makes no sense")

// ogg reads the comments' packet, the second of its stream.
func (c *collector) ogg(body *io.SectionReader) {
	_, base, size := body.Outer()
	for number := 1; number < maxPackets; number++ {
		open := func(r io.ReaderAt) (io.Reader, error) {
			return nthPacket(io.NewSectionReader(r, base, size), number)
		}
		content, err := open(c.r)
		if err != nil {
			c.broken("%w", err)
			return
		}
		head := make([]byte, 8)
		n, _ := io.ReadFull(content, head)
		switch head = head[:n]; {
		case bytes.HasPrefix(head, []byte("\x03vorbis")):
			c.vorbisComments(skipping(7, open))
		case bytes.HasPrefix(head, []byte("OpusTags")):
			c.vorbisComments(skipping(8, open))
		case n >= 4 && head[0]&0x7F == 4: // FLAC's block of comments
			c.vorbisComments(skipping(4, open))
		case n >= 4 && head[0]&0x80 == 0 && head[0]&0x7F < 7: // another block of FLAC
			continue
		}
		return
	}
}

// packets reads the packets of the first stream, one after the other.
type packets struct {
	in       *bufio.Reader
	serial   uint32
	segments []byte // of the page, not read yet
	left     int    // of the segment
	last     bool   // the segment ends a packet
	pages    int
}

// nthPacket gives a packet, counted from 0.
func nthPacket(r io.Reader, number int) (io.Reader, error) {
	p := &packets{in: bufio.NewReader(r)}
	for range number {
		if _, err := io.Copy(io.Discard, p); err != nil {
			return nil, err
		}
		p.last = false
	}
	return p, nil
}

// Read gives the packet's bytes and EOF at its end.
func (p *packets) Read(b []byte) (int, error) {
	for p.left == 0 {
		if p.last {
			return 0, io.EOF
		}
		if err := p.segment(); err != nil {
			return 0, err
		}
	}
	n, err := p.in.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

func (p *packets) segment() error {
	for len(p.segments) == 0 {
		if err := p.page(); err != nil {
			return err
		}
	}
	p.left, p.last = int(p.segments[0]), p.segments[0] < 255
	p.segments = p.segments[1:]
	return nil
}

// page goes to the stream's next page, over those of others.
func (p *packets) page() error {
	for ; p.pages < maxPages; p.pages++ {
		var h [27]byte
		if _, err := io.ReadFull(p.in, h[:]); err != nil || string(h[:4]) != "OggS" {
			return errPage
		}
		segments := make([]byte, h[26])
		if _, err := io.ReadFull(p.in, segments); err != nil {
			return errPage
		}
		if serial := binary.LittleEndian.Uint32(h[14:]); p.pages == 0 {
			p.serial = serial
		} else if serial != p.serial {
			var n int64
			for _, s := range segments {
				n += int64(s)
			}
			if _, err := io.CopyN(io.Discard, p.in, n); err != nil {
				return errPage
			}
			continue
		}
		p.pages++
		p.segments = segments
		return nil
	}
	return fmt.Errorf("%w: more than %d pages before its comments end", errPage, maxPages)
}
