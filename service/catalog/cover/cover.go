// Package cover makes small JPEGs of the pictures that songs come with: JPEG (CMYK too), PNG and WebP, turned the way their EXIF
// says. What a picture would cost is reckoned from its header before anything is decoded, and all decoding of a process together
// stays within one bound of memory. What is no picture, SVG above all, is refused by name and never passed on.
package cover

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
)

var (
	// ErrNotPicture is returned for what is neither JPEG nor PNG nor WebP, with what it is.
	ErrNotPicture = errors.New("not a JPEG, PNG or WebP picture")
	// ErrTooLarge is returned for pictures of more than MaxPixels or MaxBytes, or whose decoding takes too much memory.
	ErrTooLarge = errors.New("the picture is too large")
	// ErrBroken is returned for pictures that can't be decoded.
	ErrBroken = errors.New("the picture is broken")
)

const (
	// Picker is the size of covers in lists, in pixels of the longer side.
	Picker = 320
	// Stage is the size of covers on the stage.
	Stage = 1280
	// MaxPixels is how many pixels a picture may have.
	MaxPixels = 40_000_000
	// MaxBytes is how much of a file is read at most.
	MaxBytes = 64 << 20
	// maxMemory is what decoding takes at most, of all pictures at a time, in bytes.
	maxMemory = 160 << 20
)

// memory is shared by all calls: what bounds them is the machine.
var memory = semaphore.NewWeighted(maxMemory)

// Scale reads a picture and gives it as a JPEG that fits into a square of max pixels, never larger than it was: below 100 KB up to
// Picker, below 400 KB above. It may be called concurrently, and waits for others' memory until ctx ends. Errors are
// ErrNotPicture, ErrTooLarge, ErrBroken, and those of ctx and r.
func Scale(ctx context.Context, r io.Reader, max int) ([]byte, error) {
	source := &remembering{in: r}
	in := bufio.NewReaderSize(io.LimitReader(source, MaxBytes), 64<<10)
	kind, err := sniff(in)
	if err != nil {
		return nil, source.blame(err)
	}
	h, replay, err := kind.header(in)
	if err != nil {
		return nil, source.blame(err)
	}
	if err := h.affordable(); err != nil {
		return nil, err
	}
	if err := memory.Acquire(ctx, h.cost); err != nil {
		return nil, err
	}
	defer memory.Release(h.cost)
	img, err := kind.decode(&ending{ctx: ctx, in: replay})
	if err != nil {
		return nil, source.blame(fmt.Errorf("%w: %w", ErrBroken, err))
	}
	small, err := shrink(ctx, img, max)
	if err != nil {
		return nil, err
	}
	return encode(turned(small, h.orientation), max)
}

// header is what a picture says about itself.
type header struct {
	width, height int
	cost          int64 // bytes of memory to decode it
	orientation   int   // as EXIF numbers it; 0 and 1: upright
}

func (h header) affordable() error {
	switch {
	case h.width <= 0 || h.height <= 0:
		return fmt.Errorf("%w: %d×%d pixels", ErrBroken, h.width, h.height)
	case int64(h.width)*int64(h.height) > MaxPixels:
		return fmt.Errorf("%w: %d×%d are more than %d million pixels", ErrTooLarge, h.width, h.height, MaxPixels/1_000_000)
	case h.cost > maxMemory:
		return fmt.Errorf("%w: to decode its %d×%d pixels takes %d MiB, at most %d", ErrTooLarge, h.width, h.height, h.cost>>20, maxMemory>>20)
	}
	return nil
}

// kind is a format that is read.
type kind struct {
	// header reads what is needed, and gives the picture from its beginning again.
	header func(in io.Reader) (h header, again io.Reader, err error)
	decode func(io.Reader) (image.Image, error)
}

const (
	typeJPEG = "image/jpeg"
	typePNG  = "image/png"
	typeWebP = "image/webp"
)

var kinds = map[string]kind{
	typeJPEG: {header: jpegHeader, decode: jpeg.Decode},
	typePNG:  {header: pngHeader, decode: png.Decode},
	typeWebP: {header: webpHeader, decode: webp.Decode},
}

// sniff goes by the first bytes.
func sniff(in *bufio.Reader) (kind, error) {
	b, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return kind{}, err
	}
	k, ok := kinds[TypeOf(b)]
	if !ok {
		return kind{}, fmt.Errorf("%w: %s", ErrNotPicture, whatIs(b))
	}
	return k, nil
}

// TypeOf tells a picture's media type by its first 12 bytes; empty: it is none that is read.
func TypeOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xFF\xD8\xFF")):
		return typeJPEG
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1A\n")):
		return typePNG
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return typeWebP
	}
	return ""
}

// remembering keeps the reader's own error, which decoders lose.
type remembering struct {
	in  io.Reader
	err error
}

// Read reads on.
func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// blame is the reader's error if it has had one, else err.
func (r *remembering) blame(err error) error {
	if r.err != nil {
		return r.err
	}
	return err
}

// ending stops when ctx ends.
type ending struct {
	ctx context.Context
	in  io.Reader
}

// Read reads on.
func (e *ending) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.in.Read(p)
}
