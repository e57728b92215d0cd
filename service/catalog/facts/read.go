package facts

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/charset"
	"github.com/singoff/singoff/service/catalog/cover"
	"github.com/singoff/singoff/service/catalog/lyrics"
	"github.com/singoff/singoff/service/catalog/tags"
)

// MaxCover is the largest image file that is used, in bytes.
const MaxCover = 16 << 20

// Reader reads files of buckets. It may be used concurrently.
type Reader struct {
	// Charset is what lyrics and tags are expected in that aren't UTF-8. Default CP949.
	Charset charset.Name
}

// Read gives what a file says now. The error is of those that may pass: the end of ctx, a store that can't be reached.
func (r Reader) Read(ctx context.Context, b bucket.Bucket, key string) (*Facts, error) {
	file, err := b.Open(ctx, key)
	switch {
	case err == nil:
	case errors.Is(err, bucket.ErrNotFound), errors.Is(err, bucket.ErrNotAFile):
		return refused(err), nil
	default:
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	source := &window{of: file, size: file.File().Size}
	f := r.say(key, source)
	if source.err != nil || ctx.Err() != nil {
		return nil, errors.Join(source.err, ctx.Err())
	}
	return f, nil
}

// say reads by kind. A panic of one of the many decoders costs the file, not the server.
func (r Reader) say(key string, source *window) (f *Facts) {
	defer func() {
		if p := recover(); p != nil {
			f = refused(fmt.Errorf("reading it failed: %v", p))
		}
	}()
	switch KindOf(key) {
	case AudioFile:
		return r.audio(key, source)
	case CoverFile:
		return picture(source)
	case LyricsFile:
		return r.text(key, source)
	}
	return &Facts{}
}

func refused(err error) *Facts {
	return &Facts{Problems: []Problem{{Reason: err.Error(), LeftOut: true}}}
}

func (f *Facts) odd(err error) { f.Problems = append(f.Problems, Problem{Reason: err.Error()}) }

// whole gives all bytes of a file that is neither empty nor larger than limit, or its first n.
func whole(file *window, limit, n int64) ([]byte, error) {
	switch {
	case file.size == 0:
		return nil, errors.New("it is empty")
	case file.size > limit:
		return nil, fmt.Errorf("its %d bytes are more than %d", file.size, limit)
	}
	p := make([]byte, min(n, file.size))
	if _, err := file.ReadAt(p, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return p, nil
}

func picture(file *window) *Facts {
	head, err := whole(file, MaxCover, 12)
	if err != nil {
		return refused(err)
	}
	kind := cover.TypeOf(head)
	if kind == "" {
		return refused(errors.New("a cover that is neither JPEG nor PNG nor WebP"))
	}
	return &Facts{Cover: &Cover{MediaType: kind}}
}

func (r Reader) text(key string, file *window) *Facts {
	text, err := whole(file, lyrics.MaxBytes, lyrics.MaxBytes)
	if err != nil {
		return refused(err)
	}
	parsed, star, err := lyrics.Reader{Charset: r.Charset}.ParseFile(key, text)
	if err != nil {
		return refused(err)
	}
	said := &Lyrics{Timing: Timing(parsed.Kind)}
	if star != nil {
		said.Star = &Star{Title: tags.Clean(star.Title), Artist: tags.Clean(star.Artist), Audio: star.Audio, Cover: star.Cover}
	}
	return &Facts{Lyrics: said}
}
