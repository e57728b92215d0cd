package tags

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/singoff/singoff/service/catalog/charset"
)

var infoFields = map[string]field{
	"INAM": fieldTitle, "IART": fieldArtist, "IPRD": fieldAlbum, "ICRD": fieldYear, "ITRK": fieldTrack, "IPRT": fieldTrack,
}

// riff reads a WAV's LIST of INFO and its ID3 tag.
func (c *collector) riff(body *io.SectionReader) {
	_, base, _ := body.Outer()
	for id, part := range chunks(body, 12, body.Size()) {
		switch id {
		case "id3 ", "ID3 ":
			c.id3(base + part.start)
		case "LIST":
			h := make([]byte, 4)
			if n, _ := body.ReadAt(h, part.start); n == 4 && string(h) == "INFO" {
				c.info(body, part)
			}
		}
	}
}

func (c *collector) info(body *io.SectionReader, list box) {
	for id, part := range chunks(body, list.start+4, list.end) {
		to := infoFields[id]
		if to == fieldNone {
			continue
		}
		s, _, err := charset.Decode(bytes.TrimRight(c.read(body, part, 0, maxField), "\x00"), c.charset)
		if err != nil {
			c.note(err)
			continue
		}
		c.set(to, s)
	}
}

// chunks are RIFF's parts.
func chunks(r io.ReaderAt, from, end int64) func(yield func(string, box) bool) {
	return func(yield func(string, box) bool) {
		h := make([]byte, 8)
		for range maxBoxes {
			if n, _ := r.ReadAt(h, from); n < 8 || from+8 > end {
				return
			}
			size := int64(binary.LittleEndian.Uint32(h[4:]))
			part := box{kind: string(h[:4]), start: from + 8, end: min(from+8+size, end)}
			if !yield(part.kind, part) {
				return
			}
			from += 8 + size + size&1
		}
	}
}
