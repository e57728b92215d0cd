package tags

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/singoff/singoff/service/catalog/charset"
)

const (
	// maxAPE is the largest APE tag that is looked through, pictures included.
	maxAPE = 64 << 20
	// maxItems bounds the items of a tag.
	maxItems = 10_000
)

// trailing reads what stands behind the audio: APE, then ID3v1, which holds least.
func (c *collector) trailing() {
	end := c.size
	v1 := make([]byte, 128)
	n, _ := c.r.ReadAt(v1, end-128)
	has := n == 128 && string(v1[:3]) == "TAG"
	if has {
		end -= 128
	}
	c.ape(end)
	if has {
		c.id3v1(v1)
	}
}

// id3v1 is fields of fixed size without any word about their encoding.
func (c *collector) id3v1(b []byte) {
	str := func(b []byte) string {
		b, _, _ = bytes.Cut(b, []byte{0})
		s, _, err := charset.Decode(bytes.TrimRight(b, " "), c.charset)
		if err != nil {
			return fromLatin1(b)
		}
		return s
	}
	c.set(fieldTitle, str(b[3:33]))
	c.set(fieldArtist, str(b[33:63]))
	c.set(fieldAlbum, str(b[63:93]))
	c.set(fieldYear, str(b[93:97]))
	if b[125] == 0 && b[126] != 0 && c.track == 0 {
		c.track = int(b[126])
	}
}

// ape reads the APE tag that ends at a place, if there is one.
func (c *collector) ape(end int64) {
	foot := make([]byte, 32)
	if n, _ := c.r.ReadAt(foot, end-32); n < 32 || string(foot[:8]) != "APETAGEX" {
		return
	}
	size := int64(binary.LittleEndian.Uint32(foot[12:]))
	if size < 32 || size > end || size > maxAPE {
		c.broken("an APE tag of %d bytes", size)
		return
	}
	at, end := end-size, end-32
	count := min(binary.LittleEndian.Uint32(foot[16:]), maxItems)
	head := make([]byte, 8+256)
	for range count {
		n, _ := c.r.ReadAt(head, at)
		key, _, ok := bytes.Cut(head[min(8, n):n], []byte{0})
		if !ok {
			return
		}
		length, flags := int64(binary.LittleEndian.Uint32(head)), head[4]
		at += 8 + int64(len(key)) + 1
		if length > end-at {
			c.broken("an APE item %q of %d bytes", Clean(string(key)), length)
			return
		}
		c.apeItem(string(key), flags, io.NewSectionReader(c.r, at, length), at)
		at += length
	}
}

func (c *collector) apeItem(key string, flags byte, item *io.SectionReader, at0 int64) {
	key = strings.ToUpper(key)
	if flags>>1&3 == 1 && strings.HasPrefix(key, "COVER ART") {
		name := make([]byte, min(item.Size(), pictureHeader))
		if _, err := io.ReadFull(item, name); err != nil {
			return
		}
		str, rest, ok := bytes.Cut(name, []byte{0}) // a file's name
		if !ok {
			c.broken("an APE item %q: %w", key, errPicture)
			return
		}
		header := int64(len(name) - len(rest))
		kind := "image/jpeg"
		if bytes.HasSuffix(bytes.ToLower(str), []byte(".png")) {
			kind = "image/png"
		}
		c.picture(Picture{MediaType: kind, Size: item.Size() - header, front: strings.Contains(key, "FRONT"), open: at(at0+header, item.Size()-header)})
		return
	}
	to := fieldNames[key]
	if to == fieldNone || flags>>1&3 != 0 {
		return
	}
	if b, err := io.ReadAll(io.LimitReader(item, limitOf(to))); err == nil {
		c.set(to, c.decode(utf8Text, b))
	}
}

// limitOf is how many bytes of a field are read.
func limitOf(f field) int64 {
	if f == fieldText {
		return maxSong
	}
	return maxField
}
