// Package audiotest makes audio files for tests: right in what readers of headers look at, silent or senseless in what is to
// be heard. Lengths are in samples of the format's frames, so that a test knows the duration to the nanosecond.
package audiotest

import (
	"bytes"
	"encoding/binary"
)

// Frame header bytes of MPEG 1 layer III at 44,100 Hz, stereo: 1152 samples a frame.
const (
	// MP3Rate and MP3Samples are those of the frames made here.
	MP3Rate    = 44100
	MP3Samples = 1152
)

var mp3Kbps = map[int]byte{32: 1, 64: 5, 128: 9, 320: 14}

// MP3Frame is a frame of 32, 64, 128 or 320 kbit/s, whose content begins with what is given.
func MP3Frame(kbps int, content string) []byte {
	b := make([]byte, 144*kbps*1000/MP3Rate)
	copy(b, []byte{0xFF, 0xFB, mp3Kbps[kbps] << 4, 0})
	copy(b[4:], content)
	return b
}

// MP3 is n frames of 128 kbit/s.
func MP3(n int) []byte { return bytes.Repeat(MP3Frame(128, ""), n) }

// Xing is a file of n frames at 64 kbit/s behind LAME's header, which tells them and how much silence was added.
func Xing(n int, delay, padding uint16) []byte {
	audio := bytes.Repeat(MP3Frame(64, ""), n)
	first := MP3Frame(128, "")
	h := first[4+32:]
	copy(h, "Xing")
	binary.BigEndian.PutUint32(h[4:], 0xF)
	binary.BigEndian.PutUint32(h[8:], uint32(n))
	binary.BigEndian.PutUint32(h[12:], uint32(len(first)+len(audio)))
	lame := h[16+100+4:]
	copy(lame, "LAME3.100")
	lame[21], lame[22], lame[23] = byte(delay>>4), byte(delay<<4)|byte(padding>>8), byte(padding)
	return append(first, audio...)
}

// VBRI is a file of n frames at 64 kbit/s behind Fraunhofer's header.
func VBRI(n int) []byte {
	audio := bytes.Repeat(MP3Frame(64, ""), n)
	first := MP3Frame(128, "")
	h := first[36:]
	copy(h, "VBRI")
	binary.BigEndian.PutUint32(h[10:], uint32(len(first)+len(audio)))
	binary.BigEndian.PutUint32(h[14:], uint32(n))
	return append(first, audio...)
}

// Text is a frame of an ID3v2.3 tag with UTF-8 text, as many writers make it.
func Text(id, text string) []byte { return ID3Frame(id, append([]byte{3}, text...)) }

// ID3Frame is a frame of an ID3v2.3 tag.
func ID3Frame(id string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(id), uint32(len(content)))
	return append(append(b, 0, 0), content...)
}

// ID3 is an ID3v2.3 tag of frames.
func ID3(frames ...[]byte) []byte {
	body := bytes.Join(frames, nil)
	n := len(body)
	return append([]byte{'I', 'D', '3', 3, 0, 0, byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}, body...)
}

// FLAC is a file that claims a number of samples and holds frames of 4096 until as many as held.
func FLAC(rate, claimed, held int) []byte {
	info := make([]byte, 34)
	binary.BigEndian.PutUint16(info, 4096)
	binary.BigEndian.PutUint16(info[2:], 4096)
	binary.BigEndian.PutUint64(info[10:], uint64(rate)<<44|1<<41|15<<36|uint64(claimed))
	b := append([]byte("fLaC\x80\x00\x00\x22"), info...)
	for at := 0; at < held; at += 4096 {
		b = append(append(b, FLACFrame(at/4096, min(4096, held-at))...), make([]byte, 300)...)
	}
	return b
}

// FLACFrame is the header of a frame of at most 4096 samples.
func FLACFrame(number, samples int) []byte {
	b := append([]byte{0xFF, 0xF8, 0x70, 0x18}, string(rune(number))...)
	b = binary.BigEndian.AppendUint16(b, uint16(samples-1))
	var crc byte
	for _, x := range b {
		crc ^= x
		for range 8 {
			crc = crc<<1 ^ crc>>7*7
		}
	}
	return append(b, crc)
}

// Vorbis is an Ogg file whose last page ends at a sample.
func Vorbis(rate, samples int) []byte {
	head := append([]byte("\x01vorbis\x00\x00\x00\x00\x02"), binary.LittleEndian.AppendUint32(nil, uint32(rate))...)
	return ogg(append(head, make([]byte, 14)...), uint64(samples))
}

// Opus is an Ogg file of 48,000 samples a second, the first skip of which aren't played.
func Opus(skip, samples int) []byte {
	head := append([]byte("OpusHead\x01\x02"), byte(skip), byte(skip>>8))
	return ogg(append(head, make([]byte, 7)...), uint64(samples))
}

func ogg(head []byte, end uint64) []byte {
	b := Page(head, 0, 7)
	b = append(b, Page(bytes.Repeat([]byte{1}, 4000), end/2, 7)...)
	b = append(b, Page(bytes.Repeat([]byte{2}, 3000), ^uint64(0), 7)...)
	return append(b, Page(bytes.Repeat([]byte{3}, 1000), end, 7)...)
}

// Page is an Ogg page with one packet of less than 65,000 bytes. Its checksum is left out.
func Page(packet []byte, granule uint64, serial uint32) []byte {
	b := append([]byte("OggS\x00\x00"), binary.LittleEndian.AppendUint64(nil, granule)...)
	b = binary.LittleEndian.AppendUint32(b, serial)
	b = append(b, make([]byte, 8)...)
	full := len(packet) / 255
	b = append(b, byte(full+1))
	b = append(b, bytes.Repeat([]byte{255}, full)...)
	return append(append(b, byte(len(packet)%255)), packet...)
}

// Box is an MP4 box of boxes or other content.
func Box(kind string, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

// MP4 is a file of a second's units and how many of them it plays, with tracks that are `soun` or `vide`.
func MP4(scale, units uint32, tracks ...string) []byte {
	mvhd := make([]byte, 100)
	binary.BigEndian.PutUint32(mvhd[12:], scale)
	binary.BigEndian.PutUint32(mvhd[16:], units)
	moov := [][]byte{Box("mvhd", mvhd)}
	for _, kind := range tracks {
		hdlr := append(append(make([]byte, 8), kind...), make([]byte, 13)...)
		moov = append(moov, Box("trak", Box("mdia", Box("hdlr", hdlr))))
	}
	return bytes.Join([][]byte{Box("ftyp", []byte("M4A \x00\x00\x00\x00")), Box("mdat", make([]byte, 5000)), Box("moov", moov...)}, nil)
}

// WAV is 16 bits in stereo: four bytes a sample.
func WAV(rate, samples int) []byte {
	format := binary.LittleEndian.AppendUint32([]byte{1, 0, 2, 0}, uint32(rate))
	format = append(binary.LittleEndian.AppendUint32(format, uint32(rate*4)), 4, 0, 16, 0)
	body := append([]byte("WAVE"), chunk("fmt ", format)...)
	body = append(body, chunk("LIST", []byte("odd"))...)
	return chunk("RIFF", append(body, chunk("data", make([]byte, samples*4))...))
}

func chunk(kind string, content []byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(content))), content...)
	return append(b, make([]byte, len(content)%2)...)
}
