package audio

import (
	"fmt"
	"time"
)

// maxChunks bounds the chunks of a WAV file; real ones have a handful.
const maxChunks = 1024

// wav divides the size of the data by the bytes a second takes.
func (f file) wav() (time.Duration, error) {
	var perSecond uint64
	at := int64(12)
	for range maxChunks {
		h, err := f.read(at, 8)
		if err != nil {
			return 0, err
		}
		size := int64(le32(h[4:]))
		at += 8
		switch string(h[:4]) {
		case "fmt ":
			b, err := f.read(at, 16)
			if err != nil {
				return 0, err
			}
			perSecond = uint64(le32(b[8:]))
		case "data":
			return f.wavData(at, size, perSecond)
		}
		at += size + size&1
	}
	return 0, fmt.Errorf("%w: it has more than %d chunks", ErrBroken, maxChunks)
}

// wavData takes what is there for a size that the writer couldn't know: a stream's.
func (f file) wavData(at, size int64, perSecond uint64) (time.Duration, error) {
	if perSecond == 0 {
		return 0, fmt.Errorf("%w: its data comes before its format, or takes no bytes a second", ErrBroken)
	}
	have := f.size - at
	switch {
	case size == 0 || size == 0xFFFFFFFF:
		size = have
	case have < size:
		return 0, fmt.Errorf("%w: it has %d of its %d bytes of sound", ErrTruncated, have, size)
	}
	return played(uint64(size), perSecond), nil
}
