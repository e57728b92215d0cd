package cover

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/image/webp"
)

// maxHeader is how far into a file its size must be told: colour profiles and thumbnails come before.
const maxHeader = 4 << 20

// again reads a header and gives the whole from its beginning: what was read is kept.
func again(in io.Reader, read func(io.Reader) (header, error)) (header, io.Reader, error) {
	var kept bytes.Buffer
	h, err := read(io.TeeReader(io.LimitReader(in, maxHeader), &kept))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: it ends within its header", ErrBroken)
	}
	return h, io.MultiReader(&kept, in), err
}

// jpegHeader goes through the segments up to the frame's.
func jpegHeader(in io.Reader) (header, io.Reader, error) {
	return again(in, func(r io.Reader) (header, error) {
		var h header
		b := make([]byte, 4)
		if _, err := io.ReadFull(r, b[:2]); err != nil {
			return h, err
		}
		for {
			marker, err := nextMarker(r)
			if err != nil {
				return h, err
			}
			if marker == 0xD8 || marker == 0x01 || marker >= 0xD0 && marker <= 0xD7 {
				continue
			}
			if _, err := io.ReadFull(r, b[:2]); err != nil {
				return h, err
			}
			size := int64(binary.BigEndian.Uint16(b)) - 2
			if size < 0 || marker == 0xD9 || marker == 0xDA {
				return h, fmt.Errorf("%w: no frame before its data", ErrBroken)
			}
			segment := io.LimitReader(r, size)
			switch {
			case marker == 0xE1 && h.orientation == 0:
				content, err := io.ReadAll(segment)
				if err != nil {
					return h, err
				}
				h.orientation = orientation(content)
			case marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
				err := h.frame(segment, marker)
				return h, err
			}
			if _, err := io.Copy(io.Discard, segment); err != nil {
				return h, err
			}
		}
	})
}

func nextMarker(r io.Reader) (byte, error) {
	var b [1]byte
	for last := byte(0); ; last = b[0] {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return 0, err
		}
		if last == 0xFF && b[0] != 0 && b[0] != 0xFF {
			return b[0], nil
		}
	}
}

// frame reads size and sampling. A progressive picture is held as coefficients too, of four bytes each.
func (h *header) frame(r io.Reader, marker byte) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if len(b) < 6 || len(b) < 6+3*int(b[5]) {
		return io.ErrUnexpectedEOF
	}
	h.height, h.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	var most, all int64
	for i := range int(b[5]) {
		sampling := b[6+3*i+1]
		n := int64(sampling>>4) * int64(sampling&15)
		all += n
		most = max(most, n)
	}
	if most == 0 {
		return fmt.Errorf("%w: no components", ErrBroken)
	}
	perSample := int64(1)
	if marker != 0xC0 && marker != 0xC1 {
		perSample += 4
	}
	if b[5] == 4 {
		perSample++ // converted
	}
	h.cost = int64(h.width+31) * int64(h.height+31) * all / most * perSample
	return nil
}

// pngHeader reads IHDR.
func pngHeader(in io.Reader) (header, io.Reader, error) {
	return again(in, func(r io.Reader) (header, error) {
		b := make([]byte, 29)
		if _, err := io.ReadFull(r, b); err != nil {
			return header{}, err
		}
		w, ht := int64(binary.BigEndian.Uint32(b[16:])), int64(binary.BigEndian.Uint32(b[20:]))
		if w > 1<<20 || ht > 1<<20 {
			return header{}, fmt.Errorf("%w: %d×%d pixels", ErrTooLarge, w, ht)
		}
		perPixel := int64(4)
		switch depth, colours := b[24], b[25]; {
		case depth == 16:
			perPixel = 8
		case colours == 0 || colours == 3:
			perPixel = 1
		}
		if b[28] != 0 { // interlaced: a pass is held beside the whole
			perPixel *= 2
		}
		return header{width: int(w), height: int(ht), cost: w * ht * perPixel}, nil
	})
}

func webpHeader(in io.Reader) (header, io.Reader, error) {
	return again(in, func(r io.Reader) (header, error) {
		c, err := webp.DecodeConfig(r)
		if err != nil {
			return header{}, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		return header{width: c.Width, height: c.Height, cost: int64(c.Width) * int64(c.Height) * 4}, nil
	})
}

// whatIs names what isn't a picture for us, for the operator.
func whatIs(b []byte) string {
	switch text := strings.ToLower(string(bytes.TrimLeft(b, "\xEF\xBB\xBF \t\r\n"))); {
	case len(b) == 0:
		return "it is empty"
	case strings.Contains(text, "<svg"):
		return "an SVG drawing"
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		return fmt.Sprintf("an ISO media file (%q: HEIC or AVIF, for instance)", b[8:12])
	case bytes.HasPrefix(b, []byte("GIF8")):
		return "a GIF"
	case bytes.HasPrefix(b, []byte("BM")):
		return "a BMP"
	}
	return http.DetectContentType(b)
}
