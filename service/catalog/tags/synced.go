package tags

import (
	"bufio"
	"io"
)

// synced undoes ID3's unsynchronisation: a zero byte behind FF was put there by the writer.
type synced struct {
	in   *bufio.Reader
	last byte
}

func newSynced(r io.Reader) *synced { return &synced{in: bufio.NewReader(r)} }

// Read gives the bytes that were meant.
func (s *synced) Read(p []byte) (int, error) {
	for n := range p {
		b, err := s.in.ReadByte()
		if err == nil && b == 0 && s.last == 0xFF {
			s.last = 0
			b, err = s.in.ReadByte()
		}
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		p[n], s.last = b, b
	}
	return len(p), nil
}
