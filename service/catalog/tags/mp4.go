package tags

import (
	"encoding/binary"
	"io"
	"strconv"
	"strings"
)

const (
	// maxBoxes bounds the boxes on one level.
	maxBoxes = 10_000
	// maxDepth is that of moov, udta, meta, ilst, item, data.
	maxDepth = 6
)

// box is a part of an MP4.
type box struct {
	kind       string
	start, end int64 // of its content
}

// mp4 goes down to the list of items.
func (c *collector) mp4(body *io.SectionReader) { c.within(body, 0, body.Size(), 0) }

func (c *collector) within(body *io.SectionReader, from, end int64, depth int) {
	for b := range boxes(body, from, end) {
		switch b.kind {
		case "moov", "udta":
			if depth < maxDepth {
				c.within(body, b.start, b.end, depth+1)
			}
		case "meta":
			c.meta(body, b)
		}
	}
}

// meta has four bytes before its boxes, but not when QuickTime wrote it.
func (c *collector) meta(body *io.SectionReader, m box) {
	skip := int64(4)
	h := make([]byte, 8)
	if n, _ := body.ReadAt(h, m.start); n == 8 && string(h[4:]) == "hdlr" {
		skip = 0
	}
	for b := range boxes(body, m.start+skip, m.end) {
		if b.kind != "ilst" {
			continue
		}
		for item := range boxes(body, b.start, b.end) {
			c.item(body, item)
		}
	}
}

// boxes are those of one level, as far as they make sense.
func boxes(r io.ReaderAt, from, end int64) func(yield func(box) bool) {
	return func(yield func(box) bool) {
		h := make([]byte, 16)
		for range maxBoxes {
			n, _ := r.ReadAt(h[:min(16, max(0, end-from))], from)
			if n < 8 {
				return
			}
			b := box{kind: string(h[4:8]), start: from + 8}
			switch size := binary.BigEndian.Uint32(h); {
			case size == 0:
				b.end = end
			case size == 1 && n == 16:
				b.start += 8
				b.end = from + int64(min(binary.BigEndian.Uint64(h[8:]), 1<<62))
			default:
				b.end = from + int64(size)
			}
			if b.end < b.start || b.end > end || !yield(b) {
				return
			}
			from = b.end
		}
	}
}

var itemFields = map[string]field{
	"\xA9nam": fieldTitle, "\xA9ART": fieldArtist, "aART": fieldAlbumArtist, "\xA9alb": fieldAlbum, "\xA9day": fieldYear, "\xA9lyr": fieldText,
}

// item is a field and its data, of which a cover may have several.
func (c *collector) item(body *io.SectionReader, item box) {
	to, name := itemFields[item.kind], ""
	for b := range boxes(body, item.start, item.end) {
		switch {
		case b.kind == "name" && item.kind == "----":
			name = string(c.read(body, b, 4, 256))
			to = fieldNames[strings.ToUpper(name)]
		case b.kind != "data" || b.end-b.start < 8:
		case item.kind == "covr":
			c.covr(body, b)
		case item.kind == "trkn":
			if v := c.read(body, b, 8, 8); len(v) >= 4 && c.track == 0 {
				c.set(fieldTrack, strconv.Itoa(int(binary.BigEndian.Uint16(v[2:]))))
			}
		case to != fieldNone:
			c.set(to, c.decode(utf8Text, c.read(body, b, 8, limitOf(to))))
		}
	}
}

// read gives a box's content behind the first skip bytes, at most limit.
func (c *collector) read(body io.ReaderAt, b box, skip, limit int64) []byte {
	content, err := io.ReadAll(io.NewSectionReader(body, b.start+skip, min(max(0, b.end-b.start-skip), limit)))
	if err != nil {
		c.note(err)
	}
	return content
}

func (c *collector) covr(body *io.SectionReader, b box) {
	_, base, _ := body.Outer()
	kind := map[byte]string{13: "image/jpeg", 14: "image/png", 27: "image/bmp"}
	h := c.read(body, b, 0, 4)
	if len(h) < 4 {
		return
	}
	c.picture(Picture{MediaType: kind[h[3]], Size: b.end - b.start - 8, open: at(base+b.start+8, b.end-b.start-8)})
}
