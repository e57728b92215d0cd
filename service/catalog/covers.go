package catalog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"time"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/cover"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/tags"
)

// serveCover serves a picture scaled to so many pixels. It is always a JPEG of our own making: what files claim to be pictures never reaches a
// browser. One that can't be scaled is reported, and a plain one is served in its place.
func (c *Catalog) serveCover(pixels int) func(http.ResponseWriter, *http.Request, *entry) error {
	return func(w http.ResponseWriter, r *http.Request, e *entry) error {
		if e.cover.Key == "" {
			return &refusal{code: http.StatusNotFound, text: "this track has no cover"}
		}
		// Others may wait for the same picture: who goes away doesn't end the reading of it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), fileTimeout)
		defer cancel()
		file, err := e.bucket.Open(ctx, e.cover.Key)
		if err != nil {
			return fmt.Errorf("%q in %s: %w", e.cover.Key, e.bucket.Name(), err)
		}
		defer func() { _ = file.Close() }() // only read
		id := contentID(file.File(), fmt.Sprintf("%s %s %d", e.bucket.Name(), e.cover.Key, pixels))
		picture, err := c.scaled(r.Context(), scaling{e: e, file: file, id: id, pixels: pixels})
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", "image/jpeg")
		h.Set("ETag", `"`+id+`"`)
		h.Set("Cache-Control", c.cacheControl(time.Hour))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture))
		return nil
	}
}

// scaling is a picture to be scaled.
type scaling struct {
	e      *entry
	file   bucket.Reader
	id     string
	pixels int
}

// scaled gives the picture as it is remembered, else makes it. Who goes away doesn't stop it for the others.
func (c *Catalog) scaled(ctx context.Context, s scaling) ([]byte, error) {
	picture, err := c.store.Cover(ctx, s.id)
	if picture != nil || ctx.Err() != nil {
		return picture, ctx.Err()
	}
	if err != nil { // the store's covers may be broken: the picture itself isn't
		c.log.Debug().Err(err).Msg("a remembered cover can't be read")
	}
	result, err, _ := c.scaling.Do(s.id, func() (any, error) {
		ctx := context.WithoutCancel(ctx)
		picture, err := c.scale(ctx, s)
		if err != nil {
			return nil, err
		}
		if err := c.store.SaveCover(ctx, s.id, picture); err != nil {
			c.log.Warn().Err(err).Msg("a cover isn't remembered")
		}
		return picture, nil
	})
	picture, _ = result.([]byte)
	return picture, err
}

// scale takes the picture apart. The error is of a file that can't be read; one that makes no sense becomes a plain picture.
func (c *Catalog) scale(ctx context.Context, s scaling) ([]byte, error) {
	picture, err := c.pictureOf(ctx, s.e, s.file, s.pixels)
	if err == nil || !senseless(err) {
		return picture, err
	}
	c.log.Warn().Err(err).Str("bucket", s.e.bucket.Name()).Str("file", s.e.cover.Key).Msg("a cover can't be used")
	return plainPicture(s.e.ID, s.pixels)
}

// senseless says whether an error is the picture's own: it will be the same tomorrow.
func senseless(err error) bool {
	for _, is := range []error{cover.ErrNotPicture, cover.ErrTooLarge, cover.ErrBroken, tags.ErrTag, facts.ErrNothingWithin} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// pictureOf scales an entry's cover out of the file that it is, or lies in.
func (c *Catalog) pictureOf(ctx context.Context, e *entry, file bucket.Reader, pixels int) ([]byte, error) {
	if !e.cover.Embedded {
		return cover.Scale(ctx, file, pixels)
	}
	within, err := c.reader.Picture(ctx, file)
	if err != nil {
		return nil, err
	}
	return cover.Scale(ctx, within, pixels)
}

// plainPicture is of one colour fading to black, which the track's id decides.
func plainPicture(id string, pixels int) ([]byte, error) {
	const side = 64
	pixels = min(pixels, side)
	seed := binary.BigEndian.Uint32([]byte(id + "    "))
	full := color.RGBA{R: uint8(seed>>16)/2 + 64, G: uint8(seed>>8)/2 + 64, B: uint8(seed)/2 + 64, A: 255}
	picture := image.NewRGBA(image.Rect(0, 0, pixels, pixels))
	for y := range pixels {
		shade := func(v uint8) uint8 { return uint8(int(v) * (pixels - y/2) / pixels) }
		for x := range pixels {
			picture.SetRGBA(x, y, color.RGBA{R: shade(full.R), G: shade(full.G), B: shade(full.B), A: 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, picture, nil)
	return b.Bytes(), err
}
