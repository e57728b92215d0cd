package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"
)

const (
	// block is what is fetched at once to look into a file, and blocks how many are kept: headers, tags and a file's end lie
	// apart.
	block  = 64 << 10
	blocks = 4
	// stretch is what is fetched at once to serve a file: a player that seeks away wastes less than this.
	stretch = 1 << 20
)

// lookup reads a file here and there. It is an io.ReaderAt for one goroutine.
type lookup struct {
	ctx  context.Context
	b    *bucket
	key  string
	size int64
	kept []fetched // newest last
}

type fetched struct {
	at    int64
	bytes []byte
}

// ReadAt fetches the blocks that p lies in.
func (l *lookup) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= l.size {
			return n, io.EOF
		}
		b, err := l.block(at - at%block)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b[at%block:])
	}
	return n, nil
}

func (l *lookup) block(at int64) ([]byte, error) {
	for i, f := range l.kept {
		if f.at == at {
			l.kept = append(append(l.kept[:i:i], l.kept[i+1:]...), f)
			return f.bytes, nil
		}
	}
	b := make([]byte, min(block, l.size-at))
	if err := l.b.readFull(l.ctx, l.key, at, b); err != nil {
		return nil, err
	}
	if len(l.kept) == blocks {
		l.kept = l.kept[1:]
	}
	l.kept = append(l.kept, fetched{at: at, bytes: b})
	return b, nil
}

func (b *bucket) readFull(ctx context.Context, key string, at int64, p []byte) error {
	r, err := b.NewRangeReader(ctx, key, at, int64(len(p)), nil)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.ReadFull(r, p)
	return err
}

// stream reads a file on from where it was sought to: the io.ReadSeeker that http.ServeContent wants.
type stream struct {
	ctx     context.Context
	b       *bucket
	key     string
	size    int64
	modTime time.Time

	at  int64
	end int64        // of the stretch under way
	now *blob.Reader // nil: opened by the next Read
}

var errChanged = errors.New("the file was changed while it was read")

// Seek only notes the place.
func (s *stream) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.size
	}
	if offset < 0 {
		return s.at, fmt.Errorf("seek to %d", offset)
	}
	if offset != s.at {
		s.Close()
	}
	s.at = offset
	return offset, nil
}

// Read opens a stretch where it needs one.
func (s *stream) Read(p []byte) (int, error) {
	for len(p) > 0 {
		if s.at >= s.size {
			return 0, io.EOF
		}
		if err := s.open(); err != nil {
			return 0, err
		}
		n, err := s.now.Read(p)
		s.at += int64(n)
		if errors.Is(err, io.EOF) {
			err = nil
			if s.at < s.end {
				err = io.ErrUnexpectedEOF
			}
			s.Close()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

func (s *stream) open() error {
	if s.now != nil {
		return nil
	}
	s.end = min(s.at+stretch, s.size)
	r, err := s.b.NewRangeReader(s.ctx, s.key, s.at, s.end-s.at, nil)
	if err != nil {
		return err
	}
	s.now = r
	if r.Size() != s.size || !r.ModTime().Equal(s.modTime) {
		return errChanged
	}
	return nil
}

// Close ends the stretch under way.
func (s *stream) Close() {
	if s.now != nil {
		s.now.Close()
		s.now = nil
	}
}
