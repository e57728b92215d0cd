package loudness

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

var errWAV = errors.New("not a WAV of whole numbers or floats")

// wavDecoder reads PCM of 8 to 32 bits, and floats of 32 and 64.
type wavDecoder struct {
	in             io.Reader
	rate, channels int
	size           int // bytes of a sample
	float          bool
	bytes          []byte
	samples        []float64
}

// newWAV goes to the data.
func newWAV(r io.Reader) (decoder, error) {
	in := bufio.NewReader(r)
	if _, err := io.CopyN(io.Discard, in, 12); err != nil {
		return nil, err
	}
	d := &wavDecoder{}
	for {
		h := make([]byte, 8)
		if _, err := io.ReadFull(in, h); err != nil {
			return nil, err
		}
		size := int64(binary.LittleEndian.Uint32(h[4:]))
		switch string(h[:4]) {
		case "fmt ":
			if err := d.shape(in, size); err != nil {
				return nil, err
			}
		case "data":
			if d.size == 0 {
				return nil, errWAV
			}
			d.in = in
			if size != 0 && size != math.MaxUint32 {
				d.in = io.LimitReader(in, size)
			}
			d.bytes = make([]byte, 1024*d.size*d.channels)
			return d, nil
		default:
			if _, err := io.CopyN(io.Discard, in, size+size&1); err != nil {
				return nil, err
			}
		}
	}
}

// shape reads the format.
func (d *wavDecoder) shape(in io.Reader, size int64) error {
	if size < 16 || size > 64<<10 {
		return errWAV
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(in, b); err != nil {
		return err
	}
	kind := binary.LittleEndian.Uint16(b)
	if kind == 0xFFFE && size >= 26 {
		kind = binary.LittleEndian.Uint16(b[24:])
	}
	d.channels, d.rate = int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint32(b[4:]))
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	d.size, d.float = bits/8, kind == 3
	whole := kind == 1 && d.size >= 1 && d.size <= 4
	if bits%8 != 0 || !whole && (!d.float || d.size != 4 && d.size != 8) || d.channels < 1 || d.channels > 8 {
		return fmt.Errorf("%w: kind %d of %d bits, %d channels", errWAV, kind, bits, d.channels)
	}
	return nil
}

func (d *wavDecoder) format() (rate, channels int) { return d.rate, d.channels }

func (d *wavDecoder) next() ([]float64, error) {
	n, err := io.ReadFull(d.in, d.bytes)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	d.samples = d.samples[:0]
	for at := 0; at+d.size <= n; at += d.size {
		d.samples = append(d.samples, d.sample(d.bytes[at:at+d.size]))
	}
	return d.samples, err
}

func (d *wavDecoder) sample(b []byte) float64 {
	switch {
	case d.float && d.size == 4:
		return finite(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	case d.float:
		return finite(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case d.size == 1:
		return (float64(b[0]) - 128) / 128
	}
	var v int32
	for i, x := range b {
		v |= int32(x) << (8 * (4 - d.size + i))
	}
	return float64(v) / (1 << 31)
}

// finite keeps one broken sample from silencing a song.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.Abs(x) > 64 {
		return 0
	}
	return x
}
