// Package tagstest makes tags for tests, right and wrong, in all the forms that the catalogue reads. Sizes and labels are given where a
// test wants to lie about them.
package tagstest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"
)

// Tag is an ID3v2 tag of a version from 2 to 4, with its flags, of frames.
func Tag(version, flags byte, frames ...[]byte) []byte {
	body := bytes.Join(frames, nil)
	return append(append([]byte{'I', 'D', '3', version, 0, flags}, Synchsafe(len(body))...), body...)
}

// Synchsafe is a number of seven bits a byte.
func Synchsafe(n int) []byte {
	return []byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}
}

// Frame22 is a frame of version 2.
func Frame22(id string, content []byte) []byte {
	n := len(content)
	return append(append([]byte(id), byte(n>>16), byte(n>>8), byte(n)), content...)
}

// Frame23 is a frame of version 3 with its second byte of flags, of a size that may be a lie.
func Frame23(id string, flags byte, size int, content []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(id), uint32(size))
	return append(append(b, 0, flags), content...)
}

// Frame24 is a frame of version 4 with its second byte of flags.
func Frame24(id string, flags byte, content []byte) []byte {
	b := append([]byte(id), Synchsafe(len(content))...)
	return append(append(b, 0, flags), content...)
}

// UTF16 is text without a mark.
func UTF16(order binary.AppendByteOrder, s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// Unsync puts a zero byte behind each FF that needs it.
func Unsync(b []byte) []byte {
	var out []byte
	for i, x := range b {
		out = append(out, x)
		if x == 0xFF && (i+1 == len(b) || b[i+1] == 0 || b[i+1] >= 0xE0) {
			out = append(out, 0)
		}
	}
	return out
}

// ID3v1 is the tag at the end, its texts cut to 30 bytes.
func ID3v1(title, artist string, track byte) []byte {
	b := make([]byte, 128)
	copy(b, "TAG")
	copy(b[3:33], title)
	copy(b[33:63], artist)
	b[126] = track
	return b
}

// APE is an APEv2 tag of keys and values in turn, without a header; a value for a key that begins with `Cover Art` is binary.
func APE(pairs ...string) []byte {
	var items []byte
	for i := 0; i < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		flags := uint32(0)
		if len(key) > 9 && key[:9] == "Cover Art" {
			flags = 2
		}
		items = binary.LittleEndian.AppendUint32(items, uint32(len(value)))
		items = binary.LittleEndian.AppendUint32(items, flags)
		items = append(append(append(items, key...), 0), value...)
	}
	foot := binary.LittleEndian.AppendUint32([]byte("APETAGEX"), 2000)
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(items)+32))
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(pairs)/2))
	return append(items, append(foot, make([]byte, 12)...)...)
}

// Comments are Vorbis comments, without what stands before them in Ogg.
func Comments(comments ...string) []byte {
	b := append(binary.LittleEndian.AppendUint32(nil, 4), "test"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(comments)))
	for _, c := range comments {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(c))), c...)
	}
	return b
}

// Picture is a FLAC picture block's content.
func Picture(kind uint32, mediaType string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, kind)
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(mediaType))), mediaType...)
	b = append(binary.BigEndian.AppendUint32(b, 5), "cover"...)
	b = append(b, make([]byte, 16)...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(content))), content...)
}

// Base64 is the comment that holds a picture in Ogg.
func Base64(picture []byte) string {
	return "METADATA_BLOCK_PICTURE=" + base64.StdEncoding.EncodeToString(picture)
}

// WithBlocks puts metadata blocks, a kind and its content in turn, into a FLAC file.
func WithBlocks(flac []byte, blocks ...any) []byte {
	out := bytes.Clone(flac[:42])
	out[4] &= 0x7F
	for i := 0; i < len(blocks); i += 2 {
		kind, content := blocks[i].(int), blocks[i+1].([]byte)
		if i+2 == len(blocks) {
			kind |= 0x80
		}
		n := len(content)
		out = append(append(out, byte(kind), byte(n>>16), byte(n>>8), byte(n)), content...)
	}
	return append(out, flac[42:]...)
}
