package cover_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/singoff/singoff/service/catalog/cover"
)

// halves is a picture that is red on the left and blue on the right, darker below.
func halves(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			p := row[4*x : 4*x+4]
			p[3] = 255
			if x < w/2 {
				p[0] = 250
			} else {
				p[2] = 250
			}
			if y >= h/2 {
				p[1] = 120
			}
		}
	}
	return img
}

func noise(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif puts an orientation into a JPEG.
func exif(j []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	mark := "MM"
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		mark = "II"
	}
	b := append(order.AppendUint16([]byte("Exif\x00\x00"+mark), 42), order.AppendUint32(nil, 8)...)
	b = order.AppendUint16(b, 2)
	b = append(order.AppendUint16(b, 0x0100), make([]byte, 10)...)
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0112), 3), 1)
	b = append(order.AppendUint16(b, orientation), 0, 0)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(b)+2)), b...)
	return append(append(bytes.Clone(j[:2]), segment...), j[2:]...)
}

func scale(t *testing.T, b []byte, limit int) image.Image {
	t.Helper()
	out, err := cover.Scale(t.Context(), bytes.NewReader(b), limit)
	if err != nil {
		t.Fatal(err)
	}
	if limit <= cover.Picker && len(out) > 100_000 || len(out) > 400_000 {
		t.Errorf("got %d bytes for %d pixels", len(out), limit)
	}
	img, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestScale(t *testing.T) {
	t.Parallel()
	gray := image.NewGray(image.Rect(0, 0, 400, 400))
	deep := image.NewNRGBA64(image.Rect(0, 0, 330, 330))
	tests := map[string]struct {
		file  []byte
		limit int
		w, h  int
	}{
		"JPEG":                 {asJPEG(t, halves(500, 500)), 320, 320, 320},
		"JPEG for the stage":   {asJPEG(t, halves(1350, 450)), 1280, 1280, 426},
		"PNG":                  {asPNG(t, halves(350, 450)), 320, 248, 320},
		"gray":                 {asPNG(t, gray), 320, 320, 320},
		"16 bits":              {asPNG(t, deep), 320, 320, 320},
		"small, never larger":  {asPNG(t, halves(60, 40)), 320, 60, 40},
		"one pixel":            {asPNG(t, halves(1, 1)), 320, 1, 1},
		"a banner of 4 to 1":   {asJPEG(t, halves(1200, 300)), 320, 320, 80},
		"a line":               {asPNG(t, halves(2000, 2)), 320, 320, 1},
		"noise, hard to press": {asPNG(t, noise(340, 340)), 320, 320, 320},
		"noise for the stage":  {asPNG(t, noise(600, 600)), 1280, 600, 600},
		"a long header":        {long(asJPEG(t, halves(400, 400)), 30), 320, 320, 320},
		"WebP":                 {webp(t), 320, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := scale(t, tt.file, tt.limit).Bounds(); got.Dx() != tt.w || got.Dy() != tt.h {
				t.Errorf("got %v, want %d×%d", got, tt.w, tt.h)
			}
		})
	}
}

// webp is the smallest lossless one: a pixel.
func webp(t *testing.T) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString("UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAfQ//73v/+BiOh/AAA=")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// long puts n segments of 64 KB before the frame, as colour profiles and thumbnails do.
func long(j []byte, n int) []byte {
	segment := append([]byte{0xFF, 0xE2, 0xFF, 0xFF}, make([]byte, 0xFFFF-2)...)
	return append(append(bytes.Clone(j[:2]), bytes.Repeat(segment, n)...), j[2:]...)
}

func TestTransparentIsWhite(t *testing.T) {
	t.Parallel()
	got := scale(t, asPNG(t, image.NewNRGBA(image.Rect(0, 0, 340, 340))), 320)
	if r, g, b, _ := got.At(100, 100).RGBA(); r < 0xF000 || g < 0xF000 || b < 0xF000 {
		t.Errorf("got %v, want white", got.At(100, 100))
	}
}

// CMYK pictures of printers' shops never showed, or inverted.
func TestCMYK(t *testing.T) {
	t.Parallel()
	got := scale(t, cmyk(t), 320)
	r, g, b, _ := got.At(4, 4).RGBA()
	if r < 0xC000 || g > 0x4000 || b > 0x4000 {
		t.Errorf("got %v, want red", got.At(4, 4))
	}
}

// cmyk turns a JPEG of one component into one of four of the same values, marked by Adobe: inverted, so that 255 is no ink.
func cmyk(t *testing.T) []byte {
	t.Helper()
	// 8×8, quantisation of ones, one code for DC (3 bits of size 0..) built by hand: DC of each component, then end of block.
	var b bytes.Buffer
	b.Write([]byte{0xFF, 0xD8, 0xFF, 0xEE, 0, 14})
	b.WriteString("Adobe")
	b.Write([]byte{0, 100, 0, 0, 0, 0, 0})
	b.Write([]byte{0xFF, 0xDB, 0, 67, 0})
	b.Write(bytes.Repeat([]byte{1}, 64))
	b.Write([]byte{0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0})
	b.Write([]byte{0xFF, 0xC4, 0, 20, 0x00, 1}) // DC: one code of one bit, size 10
	b.Write(make([]byte, 15))
	b.Write([]byte{10})
	b.Write([]byte{0xFF, 0xC4, 0, 20, 0x10, 1}) // AC: one code of one bit, end of block
	b.Write(make([]byte, 15))
	b.Write([]byte{0})
	b.Write([]byte{0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0})
	bits := ""
	for _, v := range []int{1016, -1016, -1016, 1016} { // C, M, Y, K as Adobe has them: 255, 0, 0, 255; DC is 8 times the level from 128
		code := v
		if v < 0 {
			code = v + 1023
		}
		bits += "0"
		for i := 9; i >= 0; i-- {
			bits += string('0' + rune(code>>i&1))
		}
		bits += "0"
	}
	for len(bits)%8 != 0 {
		bits += "1"
	}
	for i := 0; i < len(bits); i += 8 {
		var x byte
		for _, c := range bits[i : i+8] {
			x = x<<1 | byte(c-'0')
		}
		b.WriteByte(x)
		if x == 0xFF {
			b.WriteByte(0)
		}
	}
	b.Write([]byte{0xFF, 0xD9})
	return b.Bytes()
}

// Phones write pictures lying on their side and say so.
func TestOrientation(t *testing.T) {
	t.Parallel()
	upright := halves(400, 200)
	// Where the corner that is red and light, upright at the top left, is found in the file, for each orientation of EXIF.
	stored := map[uint16]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y }, 2: func(x, y int) (int, int) { return 399 - x, y },
		3: func(x, y int) (int, int) { return 399 - x, 199 - y }, 4: func(x, y int) (int, int) { return x, 199 - y },
		5: func(x, y int) (int, int) { return y, x }, 6: func(x, y int) (int, int) { return y, 399 - x },
		7: func(x, y int) (int, int) { return 199 - y, 399 - x }, 8: func(x, y int) (int, int) { return 199 - y, x },
	}
	for orientation, at := range stored {
		size := image.Rect(0, 0, 400, 200)
		if orientation > 4 {
			size = image.Rect(0, 0, 200, 400)
		}
		file := image.NewRGBA(size)
		for y := range 200 {
			for x := range 400 {
				fx, fy := at(x, y)
				file.SetRGBA(fx, fy, upright.RGBAAt(x, y))
			}
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			got := scale(t, exif(asJPEG(t, file), order, orientation), 320)
			if got.Bounds() != image.Rect(0, 0, 320, 160) {
				t.Errorf("got %v for orientation %d, want 320×160", got.Bounds(), orientation)
				continue
			}
			for _, p := range []struct {
				x, y          int
				red, blue, lo bool
			}{{40, 20, true, false, false}, {280, 20, false, true, false}, {40, 140, true, false, true}, {280, 140, false, true, true}} {
				r, g, b, _ := got.At(p.x, p.y).RGBA()
				if r > 0x8000 != p.red || b > 0x8000 != p.blue || g > 0x4000 != p.lo {
					t.Errorf("got %v at %d,%d for orientation %d", got.At(p.x, p.y), p.x, p.y, orientation)
				}
			}
		}
	}
}

// claiming is a picture's beginning that claims a size.
func claiming(t *testing.T, w, h uint32) (png, jpg []byte) {
	t.Helper()
	png = asPNG(t, halves(8, 8))
	binary.BigEndian.PutUint32(png[16:], w)
	binary.BigEndian.PutUint32(png[20:], h)
	binary.BigEndian.PutUint32(png[29:], crc32.ChecksumIEEE(png[12:29]))
	jpg = asJPEG(t, halves(8, 8))
	at := bytes.Index(jpg, []byte{0xFF, 0xC0})
	binary.BigEndian.PutUint16(jpg[at+5:], uint16(h))
	binary.BigEndian.PutUint16(jpg[at+7:], uint16(w))
	return png, jpg
}

func TestRefused(t *testing.T) {
	t.Parallel()
	hugePNG, hugeJPEG := claiming(t, 12_000, 12_000)
	absurd, _ := claiming(t, 1<<31-1, 1<<31-1)
	_, nothing := claiming(t, 0, 0)
	_, progressive := claiming(t, 6000, 6000)
	progressive[bytes.Index(progressive, []byte{0xFF, 0xC0})+1] = 0xC2
	whole := asJPEG(t, halves(400, 400))
	tests := map[string]struct {
		file []byte
		want error
		says string
	}{
		"a JPEG of 12,000²":            {hugeJPEG, cover.ErrTooLarge, "12000×12000 are more than 40 million"},
		"a PNG of 12,000²":             {hugePNG, cover.ErrTooLarge, "12000×12000"},
		"a PNG beyond all":             {absurd, cover.ErrTooLarge, "pixels"},
		"progressive, much memory":     {progressive, cover.ErrTooLarge, "MiB"},
		"no pixels":                    {nothing, cover.ErrBroken, "0×0"},
		"SVG":                          {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), cover.ErrNotPicture, "SVG"},
		"SVG with a mark":              {[]byte("\xEF\xBB\xBF <svg/>"), cover.ErrNotPicture, "SVG"},
		"text":                         {[]byte("a .jpg that is text"), cover.ErrNotPicture, "text/plain"},
		"a page of a web server":       {[]byte("<!DOCTYPE html><title>404</title>"), cover.ErrNotPicture, "text/html"},
		"GIF":                          {[]byte("GIF89a....."), cover.ErrNotPicture, "GIF"},
		"HEIC":                         {[]byte("\x00\x00\x00\x18ftypheic\x00\x00"), cover.ErrNotPicture, "heic"},
		"empty":                        {nil, cover.ErrNotPicture, "empty"},
		"a JPEG cut within its pixels": {whole[:len(whole)/2], cover.ErrBroken, "broken"},
		"a JPEG cut within its header": {whole[:30], cover.ErrBroken, "header"},
		"a JPEG without a frame":       {[]byte("\xFF\xD8\xFF\xDA\x00\x02rubbish"), cover.ErrBroken, "frame"},
		"a header without an end":      {append([]byte("\xFF\xD8\xFF"), make([]byte, 5<<20)...), cover.ErrBroken, "header"},
		"a PNG of rubbish":             {append(asPNG(t, halves(8, 8))[:40], "rubbish"...), cover.ErrBroken, "broken"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := cover.Scale(t.Context(), bytes.NewReader(tt.file), 320)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %d bytes, %v, want %v with %q", len(out), err, tt.want, tt.says)
			}
		})
	}
}

// Very large covers broke the scan: memory is the process's, so this test runs alone.
func TestMemoryIsBounded(t *testing.T) {
	var files [][]byte
	flat := asPNG(t, image.NewGray(image.Rect(0, 0, 1000, 1000)))
	color := asJPEG(t, halves(500, 500))
	for range 2 {
		files = append(files, flat, color, append(bytes.Clone(color), make([]byte, 40<<20)...))
	}
	runtime.GC()
	var before, most runtime.MemStats
	runtime.ReadMemStats(&before)
	var all sync.WaitGroup
	for _, b := range files {
		all.Go(func() {
			if _, err := cover.Scale(t.Context(), bytes.NewReader(b), 320); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	runtime.ReadMemStats(&most)
	if grown := int64(most.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
		t.Errorf("got %d MiB more, want at most 64: what stands behind a picture isn't read", grown>>20)
	}
}

// All decoding of a process together stays within one bound: who finds no memory left waits. The bound is the process's, so this test runs alone.
func TestMemoryIsShared(t *testing.T) {
	if err := cover.Memory.Acquire(t.Context(), cover.MaxMemory); err != nil {
		t.Fatal(err)
	}
	small := asPNG(t, halves(8, 8))
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := cover.Scale(ctx, bytes.NewReader(small), 320); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v while others have all memory, want the end of ctx", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := cover.Scale(t.Context(), bytes.NewReader(small), 320)
		done <- err
	}()
	cover.Memory.Release(cover.MaxMemory)
	if err := <-done; err != nil {
		t.Errorf("got %v, want the picture when there is memory again", err)
	}
}

type broken struct{}

var errDisk = errors.New("disk on fire")

func (broken) Read([]byte) (int, error) { return 0, errDisk }

func TestEnds(t *testing.T) {
	t.Parallel()
	if _, err := cover.Scale(t.Context(), broken{}, 320); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
	b := asJPEG(t, halves(400, 400))
	if _, err := cover.Scale(t.Context(), io.MultiReader(bytes.NewReader(b[:len(b)/2]), broken{}), 320); !errors.Is(err, errDisk) {
		t.Errorf("got %v in the middle, want %v", err, errDisk)
	}
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	if _, err := cover.Scale(ctx, bytes.NewReader(b), 320); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of ctx", err)
	}
}

func FuzzScale(f *testing.F) {
	f.Add(asJPEG(f, halves(16, 16)))
	f.Add(asPNG(f, halves(16, 16)))
	f.Add(exif(asJPEG(f, halves(16, 8)), binary.LittleEndian, 6))
	f.Add([]byte("RIFF\x1e\x00\x00\x00WEBPVP8L\x11\x00\x00\x00/"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		out, err := cover.Scale(t.Context(), bytes.NewReader(b), 32)
		switch {
		case err == nil:
			if c, err := jpeg.DecodeConfig(bytes.NewReader(out)); err != nil || c.Width > 32 || c.Height > 32 {
				t.Errorf("got %+v, %v", c, err)
			}
		case !errors.Is(err, cover.ErrBroken) && !errors.Is(err, cover.ErrNotPicture) && !errors.Is(err, cover.ErrTooLarge):
			t.Errorf("got %v, want one of the declared errors", err)
		}
	})
}
