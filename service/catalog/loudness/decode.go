package loudness

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/hajimehoshi/go-mp3"
	"github.com/mewkiz/flac"
)

// mp3Decoder gives 16 bits in stereo, whatever is in the file.
type mp3Decoder struct {
	in      *mp3.Decoder
	bytes   []byte
	samples []float64
}

func newMP3(r io.Reader) (decoder, error) {
	in, err := mp3.NewDecoder(r)
	if err != nil {
		return nil, err
	}
	return &mp3Decoder{in: in, bytes: make([]byte, 16<<10), samples: make([]float64, 8<<10)}, nil
}

func (d *mp3Decoder) format() (rate, channels int) { return d.in.SampleRate(), 2 }

func (d *mp3Decoder) next() ([]float64, error) {
	n, err := io.ReadFull(d.in, d.bytes)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	out := d.samples[:n/2]
	for i := range out {
		out[i] = float64(int16(binary.LittleEndian.Uint16(d.bytes[2*i:]))) / (1 << 15)
	}
	return out, err
}

// flacDecoder goes frame by frame.
type flacDecoder struct {
	in      *flac.Stream
	samples []float64
}

func newFLAC(r io.Reader) (decoder, error) {
	in, err := flac.New(r)
	if err != nil {
		return nil, err
	}
	return &flacDecoder{in: in}, nil
}

func (d *flacDecoder) format() (rate, channels int) {
	return int(d.in.Info.SampleRate), int(d.in.Info.NChannels)
}

var errChannels = errors.New("a frame with other channels than the file")

func (d *flacDecoder) next() ([]float64, error) {
	f, err := d.in.ParseNext()
	if err != nil {
		return nil, err
	}
	channels := int(d.in.Info.NChannels)
	if len(f.Subframes) != channels {
		return nil, errChannels
	}
	full := float64(int64(1) << (max(f.BitsPerSample, 1) - 1))
	d.samples = d.samples[:0]
	for i := range f.Subframes[0].Samples {
		for _, s := range f.Subframes {
			if i >= len(s.Samples) {
				return nil, errChannels
			}
			d.samples = append(d.samples, float64(s.Samples[i])/full)
		}
	}
	return d.samples, nil
}
