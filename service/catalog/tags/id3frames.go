package tags

import (
	"encoding/binary"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/singoff/singoff/service/catalog/lyrics"
)

// uses says what is done with which frame; others are passed over.
var uses = map[string]func(c *collector, f frame){
	"TIT2": textOf(fieldTitle), "TT2": textOf(fieldTitle),
	"TPE1": textOf(fieldArtist), "TP1": textOf(fieldArtist),
	"TPE2": textOf(fieldAlbumArtist), "TP2": textOf(fieldAlbumArtist),
	"TALB": textOf(fieldAlbum), "TAL": textOf(fieldAlbum),
	"TYER": textOf(fieldYear), "TYE": textOf(fieldYear), "TDRC": textOf(fieldYear), "TDRL": textOf(fieldYear),
	"TRCK": textOf(fieldTrack), "TRK": textOf(fieldTrack),
	"TXXX": (*collector).ownText, "TXX": (*collector).ownText,
	"USLT": (*collector).unsyncedLyrics, "ULT": (*collector).unsyncedLyrics,
	"SYLT": (*collector).syncedLyrics, "SLT": (*collector).syncedLyrics,
	"APIC": (*collector).attached, "PIC": (*collector).attached,
	"RVA2": (*collector).volume,
}

func (c *collector) use(f frame) { uses[f.id](c, f) }

// content is a frame's encoding and the rest, at most limit bytes of it.
func (c *collector) content(f frame, limit int64) (encoding byte, b []byte, ok bool) {
	r, err := f.open(c.r)
	if err == nil {
		b, err = io.ReadAll(io.LimitReader(r, min(limit, f.size)))
	}
	if err != nil && len(b) == 0 {
		c.broken("its frame %s: %w", f.id, err)
		return 0, nil, false
	}
	if len(b) < 2 {
		return 0, nil, false
	}
	return b[0], b[1:], true
}

// textOf makes a use of a frame that is one text.
func textOf(to field) func(*collector, frame) {
	return func(c *collector, f frame) {
		if encoding, b, ok := c.content(f, maxField); ok {
			c.set(to, c.decode(encoding, b))
		}
	}
}

// ownText is a name and a value.
func (c *collector) ownText(f frame) {
	encoding, b, ok := c.content(f, maxField)
	if !ok {
		return
	}
	name, rest := terminated(encoding, b)
	if to := fieldNames[strings.ToUpper(strings.TrimSpace(c.decode(encoding, name)))]; to != fieldNone {
		c.set(to, c.decode(encoding, rest))
	}
}

// unsyncedLyrics are language, description, text; many of them are LRC.
func (c *collector) unsyncedLyrics(f frame) {
	encoding, b, ok := c.content(f, maxSong)
	if !ok || len(b) < 4 {
		return
	}
	_, rest := terminated(encoding, b[3:])
	if rest == nil {
		rest = b[3:] // the description is missing
	}
	c.words(c.decode(encoding, rest))
}

// syncedLyrics are language, unit of time, kind, description, and pieces of text with their times.
func (c *collector) syncedLyrics(f frame) {
	encoding, b, ok := c.content(f, maxSong)
	if !ok || len(b) < 6 {
		return
	}
	unit, kind := b[3], b[4]
	if kind > 2 { // chords, events, trivia
		return
	}
	if unit != 2 {
		c.broken("its frame %s counts MPEG frames instead of milliseconds", f.id)
		return
	}
	mark, rest := terminated(encoding, b[5:])
	if encoding == utf16Mark && len(mark) >= 2 { // the description's mark is often the only one
		mark = mark[:2]
	}
	var pieces []lyrics.Stamped
	for len(rest) > 0 && len(pieces) < 4*lyrics.MaxLines {
		var str []byte
		str, rest = terminated(encoding, rest)
		if len(rest) < 4 {
			break
		}
		if encoding == utf16Mark && (len(str) < 2 || str[0]^str[1] != 1) {
			str = append(append([]byte(nil), mark...), str...)
		}
		at := time.Duration(binary.BigEndian.Uint32(rest)) * time.Millisecond
		rest = rest[4:]
		pieces = append(pieces, lyrics.Stamped{At: at, Text: c.repaired(c.decode(encoding, str))})
	}
	c.sing(lyrics.FromStamped(pieces))
}

// attached is a picture: type, kind, description, bytes.
func (c *collector) attached(f frame) {
	encoding, b, ok := c.content(f, pictureHeader)
	if !ok || len(b) < 5 {
		return
	}
	kind, rest := b[:3], b[3:]
	if f.id == "APIC" {
		kind, rest = terminated(latin1, b)
	}
	if len(rest) < 2 {
		c.broken("its frame %s: %w", f.id, errPicture)
		return
	}
	front := rest[0] == 3
	_, pic := terminated(encoding, rest[1:])
	header := 1 + int64(len(b)-len(pic))
	p := Picture{MediaType: mediaType(kind), Size: f.size - header, front: front, open: skipping(header, f.open)}
	if f.id == "PIC" && p.MediaType != "-->" {
		p.MediaType = "image/" + strings.Replace(p.MediaType, "jpg", "jpeg", 1)
	}
	c.picture(p)
}

// volume is RVA2: a name, then channels with adjustments in 512ths of a decibel; channel 1 is the master.
func (c *collector) volume(f frame) {
	first, b, ok := c.content(f, maxField)
	if !ok {
		return
	}
	_, b = terminated(latin1, append([]byte{first}, b...))
	for len(b) >= 4 {
		if b[0] == 1 {
			c.setGain(strconv.FormatFloat(float64(int16(binary.BigEndian.Uint16(b[1:])))/512, 'f', -1, 64), 1, 0)
			return
		}
		peak := 4 + (int(b[3])+7)/8
		if len(b) < peak {
			return
		}
		b = b[peak:]
	}
}
