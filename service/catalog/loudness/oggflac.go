package loudness

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

var errOggFLAC = errors.New("not the header of FLAC within Ogg")

// newOggFLAC makes a file of FLAC out of the packets: its description from the first, and the frames. The other headers, of which
// pictures are large, are left out.
func newOggFLAC(packets *oggReader, first []byte) (decoder, error) {
	const (
		signatureAt = 9
		infoAt      = signatureAt + 4
		end         = infoAt + 38
		lastHeader  = 0x80
	)
	if len(first) != end || !bytes.HasPrefix(first[signatureAt:], []byte("fLaC")) {
		return nil, errOggFLAC
	}
	head := slices.Clone(first[signatureAt:])
	head[infoAt-signatureAt] |= lastHeader
	return newFLAC(io.MultiReader(bytes.NewReader(head), &flacFrames{packets: packets}))
}

// flacFrames gives the packets that hold sound, one after the other.
type flacFrames struct {
	packets *oggReader
	left    []byte // of the packet
}

// Read reads on.
func (f *flacFrames) Read(p []byte) (int, error) {
	const sync = 0xFF // a frame's first byte, and no header's
	for len(f.left) == 0 {
		packet, err := f.packets.next()
		switch {
		case err != nil:
			return 0, err
		case len(packet) == 0 || packet[0] != sync:
			continue
		case len(packet) > maxPacket:
			return 0, errLong
		}
		f.left = packet
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}
