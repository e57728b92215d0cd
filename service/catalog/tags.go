package catalog

import (
	"errors"
	"fmt"
	"io"

	"github.com/dhowden/tag"
)

// tags is what is used of a file's tags.
type tags struct {
	title, artist, album string
}

const (
	// tagBytes and tagReads bound what a file's tags may cost: a picture within is read whole, and boxes within boxes are one
	// more call each on the stack.
	tagBytes = 8 << 20
	tagReads = 50_000
)

var errTagCost = errors.New("its tags are larger than 8 MiB or too many")

// readTags asks the library, which meets odd files with errors and panics. No tags is no error.
func readTags(r io.ReaderAt, size int64) (t tags, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, err = tags{}, fmt.Errorf("its tags can't be read: %v", p)
		}
	}()
	bounded := &frugal{ReadSeeker: io.NewSectionReader(r, 0, size), bytes: tagBytes, reads: tagReads}
	m, err := tag.ReadFrom(bounded)
	switch {
	case errors.Is(err, tag.ErrNoTagsFound):
		return tags{}, nil
	case bounded.spent:
		return tags{}, errTagCost
	case err != nil:
		return tags{}, fmt.Errorf("its tags can't be read: %w", err)
	}
	return tags{title: clean(m.Title()), artist: clean(m.Artist()), album: clean(m.Album())}, nil
}

// frugal refuses to be read more than it is meant to be.
type frugal struct {
	io.ReadSeeker
	bytes int64
	reads int
	spent bool
}

// Read counts.
func (f *frugal) Read(p []byte) (int, error) {
	if f.bytes < int64(len(p)) || f.reads == 0 {
		f.spent = true
		return 0, errTagCost
	}
	n, err := f.ReadSeeker.Read(p)
	f.bytes -= int64(n)
	f.reads--
	return n, err
}
