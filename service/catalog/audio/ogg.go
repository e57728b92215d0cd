package audio

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	pageHeader = 27
	// maxPage is the largest page there can be: its header, 255 segments and their 255 bytes each.
	maxPage = pageHeader + 255 + 255*255
)

// page is the header of an Ogg page.
type page struct {
	granule uint64 // the position at its end; all ones: no packet ends in it
	serial  uint32
	size    int // bytes, header included
	body    int // where the body begins
}

func parsePage(b []byte) (page, bool) {
	if len(b) < pageHeader || !hasAt(b, 0, "OggS") || b[4] != 0 {
		return page{}, false
	}
	p := page{granule: binary.LittleEndian.Uint64(b[6:]), serial: le32(b[14:]), body: pageHeader + int(b[26])}
	if len(b) < p.body {
		return page{}, false
	}
	p.size = p.body
	for _, n := range b[pageHeader:p.body] {
		p.size += int(n)
	}
	return p, true
}

// ogg reads the codec's rate from the first page and the position from the last.
func (f file) ogg() (time.Duration, error) {
	b, err := f.upTo(0, maxPage)
	if err != nil {
		return 0, err
	}
	first, ok := parsePage(b)
	if !ok || first.size > len(b) {
		return 0, fmt.Errorf("%w: it ends within its first page", ErrTruncated)
	}
	rate, skip, err := oggCodec(b[first.body:first.size])
	if err != nil {
		return 0, err
	}
	granule, err := f.lastGranule(first.serial)
	if err != nil || granule <= skip {
		return 0, err
	}
	return played(granule-skip, rate), nil
}

// oggCodec reads a stream's first packet: how many granules a second has, and how many of them aren't played.
func oggCodec(b []byte) (rate, skip uint64, err error) {
	switch {
	case hasAt(b, 0, "\x01vorbis") && len(b) >= 16:
		rate = uint64(le32(b[12:]))
	case hasAt(b, 0, "OpusHead") && len(b) >= 12:
		rate, skip = 48000, uint64(binary.LittleEndian.Uint16(b[10:]))
	case hasAt(b, 0, "\x7FFLAC") && len(b) >= 17+34:
		info, err := streamInfo(b[17:])
		return info.rate, 0, err
	default:
		return 0, 0, fmt.Errorf("%w: an Ogg file, but neither Vorbis nor Opus nor FLAC", ErrNotAudio)
	}
	if rate == 0 {
		return 0, 0, fmt.Errorf("%w: its sample rate is 0", ErrBroken)
	}
	return rate, skip, nil
}

// lastGranule finds the last page of a stream that has a position; 0: there is none near the end.
func (f file) lastGranule(serial uint32) (uint64, error) {
	at := max(0, f.size-2*maxPage)
	b, err := f.upTo(at, 2*maxPage)
	if err != nil {
		return 0, err
	}
	var granule uint64
	for i := 0; i < len(b); {
		p, ok := parsePage(b[i:])
		if !ok {
			i++
			continue
		}
		if i+p.size > len(b) {
			return 0, fmt.Errorf("%w: its last page lacks %d bytes", ErrTruncated, i+p.size-len(b))
		}
		if p.serial == serial && p.granule != ^uint64(0) {
			granule = p.granule
		}
		i += p.size
	}
	return granule, nil
}
