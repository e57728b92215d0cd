package facts

import (
	"errors"
	"fmt"
	"io"
)

const (
	// block is what is read at once to look into a file, and blocks how many are kept: headers, tags and a file's end lie apart.
	block  = 64 << 10
	blocks = 4
)

// window reads a file here and there. It is for one goroutine.
type window struct {
	of   io.ReaderAt
	size int64
	kept []kept // newest last
	err  error  // of the file, not of what stands in it
}

type kept struct {
	at    int64
	bytes []byte
}

// ReadAt reads the blocks that p lies in.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at %d", off)
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= w.size {
			return n, io.EOF
		}
		b, err := w.block(at - at%block)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b[at%block:])
	}
	return n, nil
}

func (w *window) block(at int64) ([]byte, error) {
	for i, k := range w.kept {
		if k.at == at {
			w.kept = append(append(w.kept[:i:i], w.kept[i+1:]...), k)
			return k.bytes, nil
		}
	}
	b := make([]byte, min(block, w.size-at))
	n, err := w.of.ReadAt(b, at)
	if n < len(b) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // it shrank since it was opened
		}
		w.err = errors.Join(w.err, err)
		return nil, err
	}
	if len(w.kept) == blocks {
		w.kept = w.kept[1:]
	}
	w.kept = append(w.kept, kept{at: at, bytes: b})
	return b, nil
}
