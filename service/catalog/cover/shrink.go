package cover

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// shrink fits a picture into a square, on white where it is transparent: whole blocks of pixels are averaged first, which costs no
// memory, whatever the size.
func shrink(ctx context.Context, src image.Image, limit int) (*image.RGBA, error) {
	size := src.Bounds()
	w, h := fit(size.Dx(), size.Dy(), limit)
	block := max(1, min(size.Dx()/w, size.Dy()/h))
	averaged, err := average(ctx, src, block)
	if err != nil {
		return nil, err
	}
	if averaged.Rect.Dx() == w && averaged.Rect.Dy() == h {
		return averaged, nil
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(dst, dst.Rect, averaged, averaged.Rect, draw.Src, nil)
	return dst, nil
}

// fit is the size within a square, each side at least a pixel.
func fit(w, h, limit int) (int, int) {
	long := max(w, h)
	if long <= limit {
		return w, h
	}
	return max(1, w*limit/long), max(1, h*limit/long)
}

// average makes a pixel of each block of n by n.
func average(ctx context.Context, src image.Image, n int) (*image.RGBA, error) {
	from := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, max(1, from.Dx()/n), max(1, from.Dy()/n)))
	at := pixels(src)
	for y := range dst.Rect.Dy() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for x := range dst.Rect.Dx() {
			block := image.Rect(x*n, y*n, x*n+n, y*n+n).Add(from.Min).Intersect(from)
			dst.SetRGBA(x, y, mean(at, block))
		}
	}
	return dst, nil
}

// mean is a block's colour on white.
func mean(at func(x, y int) color.RGBA64, block image.Rectangle) color.RGBA {
	var r, g, b, a uint64
	for y := block.Min.Y; y < block.Max.Y; y++ {
		for x := block.Min.X; x < block.Max.X; x++ {
			c := at(x, y)
			r, g, b, a = r+uint64(c.R), g+uint64(c.G), b+uint64(c.B), a+uint64(c.A)
		}
	}
	count := uint64(block.Dx() * block.Dy())
	white := count*0xFFFF - a
	eight := func(sum uint64) uint8 { return uint8(min((sum+white)/count, 0xFFFF) >> 8) }
	return color.RGBA{R: eight(r), G: eight(g), B: eight(b), A: 0xFF}
}

// pixels reads a picture without allocating for each pixel.
func pixels(src image.Image) func(x, y int) color.RGBA64 {
	if fast, ok := src.(image.RGBA64Image); ok {
		return fast.RGBA64At
	}
	return func(x, y int) color.RGBA64 {
		r, g, b, a := src.At(x, y).RGBA()
		return color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)}
	}
}

// encode lowers the quality until the file is small enough for its use.
func encode(img image.Image, limit int) ([]byte, error) {
	bytesMax := 100_000
	if limit > Picker {
		bytesMax = 400_000
	}
	var out bytes.Buffer
	for quality := 85; quality > 0; quality -= 12 {
		out.Reset()
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		if out.Len() <= bytesMax {
			break
		}
	}
	return out.Bytes(), nil
}
