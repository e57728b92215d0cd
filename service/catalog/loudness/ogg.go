package loudness

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxPacket is how much of a packet is kept: far more than sound takes.
const maxPacket = 256 << 10

var (
	errPage = errors.New("an Ogg page makes no sense")
	errCRC  = errors.New("an Ogg page has another checksum than it says")
	errLong = fmt.Errorf("a packet of more than %d bytes", maxPacket)
)

// newOgg tells by the first packet what is in the file.
func newOgg(r io.Reader) (decoder, error) {
	packets := newOggReader(r)
	first, err := packets.next()
	switch {
	case err != nil:
		return nil, err
	case bytes.HasPrefix(first, []byte("OpusHead")):
		return newOpus(packets, first)
	case bytes.HasPrefix(first, []byte("\x7FFLAC")):
		return newOggFLAC(packets, first)
	}
	return newVorbis(packets, first)
}

// oggReader gives the packets of an Ogg file's first stream, without those of others beside and after it.
type oggReader struct {
	in     *bufio.Reader
	serial uint32
	begun  bool
	last   bool // the page is the stream's last

	lacing []byte // lengths of the page's segments that aren't taken yet
	body   []byte // their bytes
	open   bool   // the segment before didn't end its packet
	lost   bool   // the packet's beginning isn't there
	packet []byte
	buffer []byte // of a page
}

func newOggReader(r io.Reader) *oggReader {
	return &oggReader{in: bufio.NewReader(r), buffer: make([]byte, 27+255+255*255)}
}

// next gives a packet, valid until the next call; of one that is longer than maxPacket, a little more than that. It gives io.EOF at
// the stream's end, and where the file is cut short.
func (o *oggReader) next() ([]byte, error) {
	o.packet = o.packet[:0]
	for {
		for len(o.lacing) > 0 {
			n := int(o.lacing[0])
			segment := o.body[:n]
			o.lacing, o.body = o.lacing[1:], o.body[n:]
			if !o.lost && len(o.packet) <= maxPacket {
				o.packet = append(o.packet, segment...)
			}
			if o.open = n == 255; o.open {
				continue
			}
			if !o.lost {
				return o.packet, nil
			}
			o.lost = false
		}
		if o.last {
			return nil, io.EOF
		}
		if err := o.page(); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			return nil, err
		}
	}
}

// kept gives the next packet that a decoder may have: one that is too long is errLong.
func (o *oggReader) kept() ([]byte, error) {
	packet, err := o.next()
	if err == nil && len(packet) > maxPacket {
		err = errLong
	}
	return packet, err
}

// page goes to the stream's next page.
func (o *oggReader) page() error {
	const serialAt, crcAt, header = 14, 22, 27
	for {
		head := o.buffer[:header]
		if _, err := io.ReadFull(o.in, head); err != nil {
			return err
		}
		if string(head[:4]) != "OggS" || head[4] != 0 {
			return errPage
		}
		segments := int(head[header-1])
		lacing := o.buffer[header : header+segments]
		if _, err := io.ReadFull(o.in, lacing); err != nil {
			return err
		}
		size := 0
		for _, n := range lacing {
			size += int(n)
		}
		body := o.buffer[header+segments : header+segments+size]
		if _, err := io.ReadFull(o.in, body); err != nil {
			return err
		}
		serial := binary.LittleEndian.Uint32(head[serialAt:])
		if !o.begun {
			o.begun, o.serial = true, serial
		}
		if serial != o.serial {
			continue
		}
		sum := binary.LittleEndian.Uint32(head[crcAt:])
		clear(head[crcAt : crcAt+4])
		if oggCRC(o.buffer[:header+segments+size]) != sum {
			return errCRC
		}
		continued := head[5]&1 != 0
		if !continued {
			o.packet = o.packet[:0]
		}
		o.lost, o.open = continued && !o.open, false
		o.last = head[5]&4 != 0
		o.lacing, o.body = lacing, body
		return nil
	}
}

// oggTable is of Ogg's checksum, whose bits go the other way round than those of hash/crc32.
var oggTable = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			crc = crc<<1 ^ crc>>31*0x04C11DB7
		}
		table[i] = crc
	}
	return table
}()

func oggCRC(b []byte) uint32 {
	var crc uint32
	for _, x := range b {
		crc = crc<<8 ^ oggTable[byte(crc>>24)^x]
	}
	return crc
}
