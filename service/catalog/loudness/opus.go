package loudness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/pion/opus"
)

const (
	opusRate = 48000
	// opusPacket is how long a packet lasts at most: 120 ms.
	opusPacket = opusRate * 120 / 1000
)

var errOpusHead = errors.New("not the header of Opus")

// opusDecoder goes packet by packet. What is before the song's beginning is left out; the last packet isn't trimmed by its position.
type opusDecoder struct {
	packets  *oggReader
	in       opus.Decoder
	channels int
	skip     int     // samples of a channel that are still before the beginning
	gain     float64 // what players multiply samples by
	decoded  []float32
	samples  []float64
}

// newOpus reads the header, as RFC 7845 has it, and leaves out the comments.
func newOpus(packets *oggReader, head []byte) (decoder, error) {
	const versionAt, channelsAt, skipAt, gainAt, familyAt = 8, 9, 10, 16, 18
	if len(head) <= familyAt {
		return nil, errOpusHead
	}
	if v := head[versionAt]; v > 15 {
		return nil, noDecoder(fmt.Sprintf("Opus of version %d", v))
	}
	channels := int(head[channelsAt])
	if family := head[familyAt]; family != 0 {
		return nil, noDecoder(fmt.Sprintf("Opus of %d channels, mapping family %d", channels, family))
	}
	in, err := opus.NewDecoderWithOutput(opusRate, channels)
	if err != nil {
		return nil, fmt.Errorf("%d channels: %w", channels, err)
	}
	d := &opusDecoder{
		packets: packets, in: in, channels: channels,
		skip:    int(binary.LittleEndian.Uint16(head[skipAt:])),
		gain:    math.Pow(10, float64(int16(binary.LittleEndian.Uint16(head[gainAt:])))/256/20),
		decoded: make([]float32, opusPacket*channels),
	}
	comments, err := packets.next()
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(comments, []byte("OpusTags")) {
		return nil, errOpusHead
	}
	return d, nil
}

func (d *opusDecoder) format() (rate, channels int) { return opusRate, d.channels }

func (d *opusDecoder) next() ([]float64, error) {
	packet, err := d.packets.kept()
	if err != nil || len(packet) == 0 { // an empty one holds a position only
		return nil, err
	}
	n, err := d.in.DecodeToFloat32(packet, d.decoded)
	if err != nil {
		return nil, err
	}
	before := min(d.skip, n)
	d.skip -= before
	d.samples = d.samples[:0]
	for _, s := range d.decoded[before*d.channels : n*d.channels] {
		d.samples = append(d.samples, finite(float64(s))*d.gain)
	}
	return d.samples, nil
}
