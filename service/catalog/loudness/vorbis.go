package loudness

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/jfreymuth/vorbis"
)

const (
	// maxEntries and maxValues are what all codebooks of a song hold at most; those of libvorbis have some 20,000 entries.
	maxEntries = 1 << 17
	maxValues  = 1 << 20
)

var (
	errHeaders = errors.New("not the three headers of Vorbis")
	errBooks   = errors.New("its codebooks make no sense, or are larger than any encoder makes them")
)

// vorbisDecoder goes packet by packet. It doesn't trim the first and the last of them by their position, which is less than a block.
type vorbisDecoder struct {
	packets *oggReader
	in      vorbis.Decoder
	order   []int
	decoded []float32
	samples []float64
}

// vorbisOrder is, by the number of channels, where Vorbis has those of the meter's order.
var vorbisOrder = [...][]int{
	1: {0},
	2: {0, 1},
	3: {0, 2, 1},
	4: {0, 1, 2, 3},
	5: {0, 2, 1, 3, 4},
	6: {0, 2, 1, 5, 3, 4},
	7: {0, 2, 1, 6, 5, 3, 4},
	8: {0, 2, 1, 7, 5, 6, 3, 4},
}

// newVorbis reads the headers. The decoder makes room for what they say without asking whether it can be, and some codebooks send it
// round forever, so they are looked at before it gets them; of the comments, which may be large, it gets none.
func newVorbis(packets *oggReader, first []byte) (decoder, error) {
	d := &vorbisDecoder{packets: packets}
	if err := checkIdentification(first); err != nil {
		return nil, err
	}
	if err := d.in.ReadHeader(first); err != nil {
		return nil, err
	}
	d.order = vorbisOrder[d.in.Channels()]
	comments, err := packets.next()
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(comments, []byte("\x03vorbis")) {
		return nil, errHeaders
	}
	setup, err := packets.next()
	switch {
	case err != nil:
		return nil, err
	case !bytes.HasPrefix(setup, []byte("\x05vorbis")):
		return nil, errHeaders
	case len(setup) > maxPacket:
		return nil, errLong
	}
	if err := checkBooks(setup[7:]); err != nil {
		return nil, err
	}
	if err := d.in.ReadHeader(setup); err != nil {
		return nil, err
	}
	d.decoded = make([]float32, d.in.BufferSize())
	return d, nil
}

func (d *vorbisDecoder) format() (rate, channels int) { return d.in.SampleRate(), d.in.Channels() }

func (d *vorbisDecoder) next() ([]float64, error) {
	packet, err := d.packets.kept()
	if err != nil || len(packet) == 0 { // an empty one holds a position only
		return nil, err
	}
	out, err := d.in.DecodeInto(packet, d.decoded)
	if err != nil {
		return nil, err
	}
	d.samples = d.samples[:0]
	for ; len(out) >= len(d.order); out = out[len(d.order):] {
		for _, c := range d.order {
			d.samples = append(d.samples, finite(float64(out[c])))
		}
	}
	return d.samples, nil
}

// checkIdentification looks at the first header: 1 to 8 channels, blocks of 64 to 8192 samples.
func checkIdentification(b []byte) error {
	const channelsAt, blocksAt = 11, 28
	if !bytes.HasPrefix(b, []byte("\x01vorbis")) || len(b) <= blocksAt {
		return errHeaders
	}
	if n := int(b[channelsAt]); n < 1 || n >= len(vorbisOrder) {
		return fmt.Errorf("%d channels, of 1 to %d", n, len(vorbisOrder)-1)
	}
	if short, long := b[blocksAt]&0x0F, b[blocksAt]>>4; short < 6 || long > 13 || short > long {
		return fmt.Errorf("blocks of %d and %d samples, of 64 to 8192", 1<<short, 1<<long)
	}
	return nil
}

// checkBooks goes over the codebooks as the decoder will.
func checkBooks(b []byte) error {
	r := &bitReader{b: b}
	var entries, values int64
	for range r.read(8) + 1 {
		if r.read(24) != 0x564342 {
			return errBooks
		}
		dimensions, size := int64(r.read(16)), int64(r.read(24))
		if entries += size; dimensions < 1 || size < 2 || entries > maxEntries || !checkLengths(r, uint32(size)) {
			return errBooks
		}
		kind := r.read(4)
		if kind > 2 {
			return errBooks
		}
		if kind > 0 {
			r.skip(32 + 32)
			width := int64(r.read(4)) + 1
			r.skip(1)
			count := size * dimensions
			if values += count; values > maxValues {
				return errBooks
			}
			if kind == 1 {
				count = int64(math.Floor(math.Pow(float64(size), 1/float64(dimensions))))
			}
			r.skip(count * width)
		}
		if r.over {
			return errBooks
		}
	}
	return nil
}

// checkLengths goes over the lengths of a codebook's words: of all entries, none longer than 32, and not none at all.
func checkLengths(r *bitReader, size uint32) bool {
	if ordered := r.read(1) == 1; ordered {
		done := uint32(0)
		for length := r.read(5) + 1; done < size && length <= 32; length++ {
			done += r.read(bits.Len32(size - done))
		}
		return done == size
	}
	sparse := r.read(1) == 1
	used := !sparse
	for range size {
		if !sparse || r.read(1) == 1 {
			r.skip(5)
			used = true
		}
	}
	return used
}

// bitReader reads whole numbers of a few bits, the lowest first, and zeros past the end.
type bitReader struct {
	b    []byte
	at   int64 // bits
	over bool  // the end was passed
}

func (r *bitReader) read(n int) uint32 {
	var v uint32
	for i := range n {
		at := r.at + int64(i)
		if at/8 >= int64(len(r.b)) {
			break
		}
		v |= uint32(r.b[at/8]>>(at%8)&1) << i
	}
	r.skip(int64(n))
	return v
}

func (r *bitReader) skip(n int64) {
	r.at += n
	r.over = r.over || r.at > 8*int64(len(r.b))
}
