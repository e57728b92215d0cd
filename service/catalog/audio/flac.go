package audio

import (
	"fmt"
	"time"
)

// maxBlocks bounds the metadata blocks of a FLAC file; real ones have fewer than ten.
const maxBlocks = 1024

// streaminfo is the part of FLAC's STREAMINFO block that tells the length.
type streaminfo struct {
	block uint64 // samples of a frame
	rate  uint64
	total uint64 // samples; 0: unknown
}

// streamInfo reads the 34 bytes of a STREAMINFO block.
func streamInfo(b []byte) (streaminfo, error) {
	s := streaminfo{
		block: uint64(b[0])<<8 | uint64(b[1]),
		rate:  uint64(be32(b[10:]) >> 12),
		total: uint64(b[13]&15)<<32 | uint64(be32(b[14:])),
	}
	if s.rate == 0 {
		return s, fmt.Errorf("%w: its sample rate is 0", ErrBroken)
	}
	return s, nil
}

// flac reads STREAMINFO, and whether the frames go on until the end that it tells.
func (f file) flac() (time.Duration, error) {
	b, err := f.read(4, 4+34)
	if err != nil {
		return 0, err
	}
	if b[0]&0x7F != 0 {
		return 0, fmt.Errorf("%w: it doesn't begin with STREAMINFO", ErrBroken)
	}
	info, err := streamInfo(b[4:])
	if err != nil {
		return 0, err
	}
	audio, err := f.behindBlocks()
	if err != nil {
		return 0, err
	}
	if err := f.from(audio).reaches(info); err != nil {
		return 0, err
	}
	return played(info.total, info.rate), nil
}

// behindBlocks is where the metadata blocks end and the frames begin.
func (f file) behindBlocks() (int64, error) {
	at := int64(4)
	for range maxBlocks {
		b, err := f.read(at, 4)
		if err != nil {
			return 0, err
		}
		at += 4 + int64(be32(b)&0xFFFFFF)
		if b[0]&0x80 == 0 {
			continue
		}
		if _, err := f.read(at, 2); err != nil {
			return 0, err
		}
		return at, nil
	}
	return 0, fmt.Errorf("%w: it has more than %d metadata blocks", ErrBroken, maxBlocks)
}

// reaches looks for the last frames and compares where they are with the total. Where it finds none it doesn't judge.
func (f file) reaches(info streaminfo) error {
	const window = 128 << 10
	if info.total == 0 {
		return nil
	}
	b, err := f.upTo(max(0, f.size-window), window)
	if err != nil {
		return err
	}
	var end uint64
	for i := range b {
		if e, ok := flacFrameEnd(b[i:], info); ok && e <= info.total {
			end = max(end, e)
		}
	}
	if end > 0 && end < info.total {
		return fmt.Errorf("%w: its last frame ends at sample %d of %d", ErrTruncated, end, info.total)
	}
	return nil
}

// flacFrameEnd reads a frame's header, proves it by its checksum, and says at which sample the frame ends.
func flacFrameEnd(b []byte, info streaminfo) (uint64, bool) {
	if len(b) < 6 || b[0] != 0xFF || b[1]&0xFE != 0xF8 || b[3]&1 != 0 {
		return 0, false
	}
	number, at, ok := codedNumber(b, 4)
	if !ok {
		return 0, false
	}
	block, code := uint64(0), b[2]>>4
	switch {
	case code == 1:
		block = 192
	case code >= 2 && code <= 5:
		block = 576 << (code - 2)
	case code == 6 && at < len(b):
		block = uint64(b[at]) + 1
		at++
	case code == 7 && at+1 < len(b):
		block = uint64(b[at])<<8 + uint64(b[at+1]) + 1
		at += 2
	case code >= 8:
		block = 256 << (code - 8)
	}
	switch b[2] & 15 { // the sample rate, if it stands behind
	case 12:
		at++
	case 13, 14:
		at += 2
	}
	if block == 0 || at >= len(b) || crc8(b[:at]) != b[at] {
		return 0, false
	}
	if b[1]&1 == 0 { // blocks of one size: frames are numbered, not samples
		number *= info.block
	}
	return number + block, true
}

// codedNumber reads FLAC's longer kind of UTF-8, of up to 36 bits.
func codedNumber(b []byte, at int) (uint64, int, bool) {
	first := b[at]
	at++
	more := 0
	for mask := byte(0x80); first&mask != 0 && mask != 0; mask >>= 1 {
		more++
	}
	if more == 0 {
		return uint64(first), at, true
	}
	if more == 1 || more > 7 || at+more-1 > len(b) {
		return 0, at, false
	}
	n := uint64(first & (0x7F >> more))
	for range more - 1 {
		if b[at]&0xC0 != 0x80 {
			return 0, at, false
		}
		n = n<<6 | uint64(b[at]&0x3F)
		at++
	}
	return n, at, true
}

// crc8 is FLAC's checksum of a frame's header.
func crc8(b []byte) byte {
	var crc byte
	for _, x := range b {
		crc ^= x
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 0x07
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
