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
	mean := meanOf(src)
	for y := range dst.Rect.Dy() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for x := range dst.Rect.Dx() {
			block := image.Rect(x*n, y*n, x*n+n, y*n+n).Add(from.Min).Intersect(from)
			dst.SetRGBA(x, y, mean(block))
		}
	}
	return dst, nil
}

// meanOf gives the colour of a block, on white.
func meanOf(src image.Image) func(block image.Rectangle) color.RGBA {
	switch img := src.(type) {
	case *image.YCbCr:
		return func(block image.Rectangle) color.RGBA { return meanYCbCr(img, block) }
	case image.RGBA64Image:
		return func(block image.Rectangle) color.RGBA { return mean(img.RGBA64At, block) }
	}
	return func(block image.Rectangle) color.RGBA {
		return mean(func(x, y int) color.RGBA64 {
			r, g, b, a := src.At(x, y).RGBA()
			return color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)}
		}, block)
	}
}

// mean reads pixels one by one.
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

// meanYCbCr averages what a JPEG holds, ten times as fast as its pixels.
func meanYCbCr(img *image.YCbCr, block image.Rectangle) color.RGBA {
	var luma, cb, cr int
	for y := block.Min.Y; y < block.Max.Y; y++ {
		row := img.Y[img.YOffset(block.Min.X, y):]
		for _, l := range row[:block.Dx()] {
			luma += int(l)
		}
		for x := block.Min.X; x < block.Max.X; x++ {
			at := img.COffset(x, y)
			cb, cr = cb+int(img.Cb[at]), cr+int(img.Cr[at])
		}
	}
	count := block.Dx() * block.Dy()
	r, g, b := color.YCbCrToRGB(uint8(luma/count), uint8(cb/count), uint8(cr/count))
	return color.RGBA{R: r, G: g, B: b, A: 0xFF}
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
