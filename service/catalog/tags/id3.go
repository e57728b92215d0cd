package tags

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"strings"
)

const (
	// maxID3Tags is how many ID3v2 tags may stand one behind the other.
	maxID3Tags = 16
	// maxFrames bounds the frames of a tag.
	maxFrames = 10_000
	// maxUnsynced is how much of a tag is read that is unsynchronised as a whole, in which nothing can be found without reading all.
	maxUnsynced = 16 << 20
	// maxField is how many bytes of a text are read, and maxSong of lyrics.
	maxField = 64 << 10
	maxSong  = 1 << 20
)

// id3 is a tag.
type id3 struct {
	version byte
	// from gives the tag's body from a place on, its whole-tag unsynchronisation undone.
	from func(r io.ReaderAt, at int64) (io.Reader, error)
	// body is the same for reading here and there.
	body io.ReaderAt
	size int64 // of the body
}

// frame is a part of a tag.
type frame struct {
	id   string
	open func(r io.ReaderAt) (io.Reader, error) // its content, unpacked
	size int64                                  // at most, unpacked
}

// leadingID3 reads the tags that the file begins with, and says where they end.
func (c *collector) leadingID3() int64 {
	var at int64
	for range maxID3Tags {
		n := c.id3(at)
		if n == 0 {
			break
		}
		at += n
	}
	return at
}

// id3 reads the tag at a place, and says how long it is; 0: there is none.
func (c *collector) id3(at int64) int64 {
	h := make([]byte, 10)
	if n, _ := c.r.ReadAt(h, at); n < 10 || string(h[:3]) != "ID3" || (h[6]|h[7]|h[8]|h[9])&0x80 != 0 {
		return 0
	}
	t := id3{version: h[3], size: min(synchsafe(h[6:]), c.size-at-10)}
	length := t.size + 10
	if h[5]&0x10 != 0 {
		length += 10
	}
	if t.version < 2 || t.version > 4 || t.version == 2 && h[5]&0x40 != 0 {
		c.broken("ID3v2.%d isn't known", t.version)
		return length
	}
	size := t.size
	t.body = io.NewSectionReader(c.r, at+10, size)
	t.from = func(r io.ReaderAt, in int64) (io.Reader, error) {
		return io.NewSectionReader(r, at+10+in, max(0, size-in)), nil
	}
	if h[5]&0x80 != 0 && t.version < 4 {
		t.from = func(r io.ReaderAt, in int64) (io.Reader, error) {
			return skipping(in, func(r io.ReaderAt) (io.Reader, error) {
				return newSynced(io.NewSectionReader(r, at+10, size)), nil
			})(r)
		}
		content, err := io.ReadAll(io.LimitReader(newSynced(io.NewSectionReader(c.r, at+10, size)), maxUnsynced))
		if err != nil {
			c.note(err)
		}
		t.body, t.size = bytes.NewReader(content), int64(len(content))
	}
	c.frames(t, extended(t, h[5]))
	return length
}

// extended is the size of the extended header.
func extended(t id3, flags byte) int64 {
	b := make([]byte, 4)
	if flags&0x40 == 0 || t.version < 3 {
		return 0
	}
	if n, _ := t.body.ReadAt(b, 0); n < 4 {
		return 0
	}
	if t.version == 4 {
		return synchsafe(b)
	}
	return 4 + int64(binary.BigEndian.Uint32(b))
}

func synchsafe(b []byte) int64 {
	return int64(b[0]&127)<<21 | int64(b[1]&127)<<14 | int64(b[2]&127)<<7 | int64(b[3]&127)
}

// frames reads the frames from a place on.
func (c *collector) frames(t id3, at int64) {
	header := int64(10)
	if t.version == 2 {
		header = 6
	}
	h := make([]byte, header)
	for range maxFrames {
		if n, _ := t.body.ReadAt(h, at); n < len(h) || h[0] == 0 {
			return // padding, or the end
		}
		id := string(h[:4])
		if t.version == 2 {
			id = string(h[:3])
		}
		if !frameID(id) {
			c.broken("%.4q isn't a frame's name", id)
			return
		}
		size := t.frameSize(h, at)
		if over := at + header + size - t.size; over > 0 {
			c.broken("its frame %s is %d bytes longer than the tag", id, over)
			size -= over
		}
		if use := uses[id]; use != nil && size > 0 {
			c.frame(t, frame{id: id, size: size}, at+header, h)
		}
		at += header + size
	}
	c.broken("more than %d frames", maxFrames)
}

func frameID(id string) bool {
	return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \x00") == "" && id[0] >= 'A' && id[0] <= 'Z'
}

// frameSize reads a frame's size. Some writers of version 4 count as version 3 does; then the next frame tells.
func (t id3) frameSize(h []byte, at int64) int64 {
	switch t.version {
	case 2:
		return int64(h[3])<<16 | int64(h[4])<<8 | int64(h[5])
	case 3:
		return int64(binary.BigEndian.Uint32(h[4:]))
	}
	plain, safe := int64(binary.BigEndian.Uint32(h[4:])), synchsafe(h[4:])
	switch {
	case plain == safe:
	case (h[4]|h[5]|h[6]|h[7])&0x80 != 0:
		return plain
	case !t.frameAt(at+10+safe) && t.frameAt(at+10+plain):
		return plain
	}
	return safe
}

// frameAt says whether a frame, padding or the end is at a place.
func (t id3) frameAt(at int64) bool {
	if at >= t.size {
		return at == t.size
	}
	b := make([]byte, 4)
	n, _ := t.body.ReadAt(b, at)
	return n == 4 && (b[0] == 0 || frameID(string(b)))
}

// frame unpacks what a frame's flags say, and uses it.
func (c *collector) frame(t id3, f frame, at int64, h []byte) {
	skip, packed, unsynced, secret := int64(0), false, false, false
	switch t.version {
	case 3:
		packed, secret = h[9]&0x80 != 0, h[9]&0x40 != 0
		if packed {
			skip += 4
		}
		if h[9]&0x20 != 0 {
			skip++
		}
	case 4:
		packed, secret, unsynced = h[9]&8 != 0, h[9]&4 != 0, h[9]&2 != 0
		if h[9]&0x40 != 0 {
			skip++
		}
		if h[9]&1 != 0 {
			skip += 4
		}
	}
	if secret {
		c.broken("its frame %s is encrypted", f.id)
		return
	}
	raw := f.size
	f.open = func(r io.ReaderAt) (io.Reader, error) {
		content, err := t.from(r, at)
		if err != nil {
			return nil, err
		}
		content = io.LimitReader(content, raw)
		if unsynced {
			content = newSynced(content)
		}
		if _, err := io.CopyN(io.Discard, content, skip); err != nil {
			return nil, err
		}
		if packed {
			return zlib.NewReader(content)
		}
		return content, nil
	}
	f.size -= skip
	if packed {
		f.size = MaxPicture
	}
	c.use(f)
}
