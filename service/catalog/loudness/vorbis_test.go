package loudness_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/loudness"
)

var (
	// toneOgg is 3 s of 1 kHz at -23 dB in stereo, of which ffmpeg's ebur128 says -23.0 LUFS:
	// ffmpeg -f lavfi -i "aevalsrc=0.0708*sin(2*PI*1000*t)|0.0708*sin(2*PI*1000*t):s=44100:d=3" -c:a libvorbis -q:a 0 tone.ogg
	//go:embed testdata/tone.ogg
	toneOgg []byte
	// surroundOgg is 2 s of it in the left surround channel of 5.1 beside 1 kHz at -6 dB in that of low effects; ebur128 says -25.0 LUFS:
	// ffmpeg -f lavfi -i "aevalsrc=0|0|0|0.5*sin(2*PI*1000*t)|0.0708*sin(2*PI*1000*t)|0:c=5.1:s=16000:d=2" -c:a libvorbis -q:a 0 surround.ogg
	//go:embed testdata/surround.ogg
	surroundOgg []byte
)

// eachPage calls do with the whole pages of a file, and gives what is behind them.
func eachPage(b []byte, do func(page, lacing, body []byte)) []byte {
	for len(b) >= 27 && string(b[:4]) == "OggS" {
		body := 27 + int(b[26])
		if len(b) < body {
			break
		}
		size := body
		for _, n := range b[27:body] {
			size += int(n)
		}
		if len(b) < size {
			break
		}
		do(b[:size], b[27:body], b[body:size])
		b = b[size:]
	}
	return b
}

// seal gives every page of a file the checksum it should have.
func seal(b []byte) []byte {
	b = slices.Clone(b)
	eachPage(b, func(page, _, _ []byte) {
		clear(page[22:26])
		var crc uint32
		for _, x := range page {
			crc ^= uint32(x) << 24
			for range 8 {
				crc = crc<<1 ^ crc>>31*0x04C11DB7
			}
		}
		binary.LittleEndian.PutUint32(page[22:], crc)
	})
	return b
}

// packetsOf takes a file apart.
func packetsOf(b []byte) [][]byte {
	packets := [][]byte{nil}
	eachPage(b, func(_, lacing, body []byte) {
		for _, n := range lacing {
			at := len(packets) - 1
			packets[at] = append(packets[at], body[:n]...)
			if body = body[n:]; n < 255 {
				packets = append(packets, nil)
			}
		}
	})
	return packets[:len(packets)-1]
}

// flipped is a file of which one bit in the middle is another.
func flipped(b []byte) []byte {
	b = slices.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

// oggFile puts packets together, into pages of so many segments.
func oggFile(segments int, packets ...[]byte) []byte {
	var lacing, body, file []byte
	for _, p := range packets {
		lacing = append(lacing, bytes.Repeat([]byte{255}, len(p)/255)...)
		lacing = append(lacing, byte(len(p)%255))
		body = append(body, p...)
	}
	continued := byte(0)
	for len(lacing) > 0 {
		part := lacing[:min(segments, len(lacing))]
		size := 0
		for _, n := range part {
			size += int(n)
		}
		file = append(file, "OggS\x00"...)
		file = append(file, continued)
		file = append(file, make([]byte, 20)...)
		file = append(append(append(file, byte(len(part))), part...), body[:size]...)
		lacing, body = lacing[len(part):], body[size:]
		if continued = 0; part[len(part)-1] == 255 {
			continued = 1
		}
	}
	return seal(file)
}

// other puts a page of another stream behind each page of a file.
func other(b []byte) []byte {
	var file []byte
	eachPage(b, func(page, _, _ []byte) {
		file = append(file, page...)
		file = append(file, "OggS\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00zzzz\x00\x00\x00\x00\x00\x00\x00\x00\x01\x05video"...)
	})
	return file
}

func TestVorbis(t *testing.T) {
	t.Parallel()
	packets := packetsOf(toneOgg)
	replaced := func(n int, by []byte) [][]byte {
		p := slices.Clone(packets)
		p[n] = by
		return p
	}
	picture := append([]byte("\x03vorbis"), bytes.Repeat([]byte("picture!"), 1<<17)...)
	tests := map[string]struct {
		file         []byte
		want, within float64
	}{
		"stereo":                         {toneOgg, -23.0, 0.1},
		"5.1":                            {surroundOgg, -25.0, 0.1},
		"cut short":                      {toneOgg[:len(toneOgg)-100], -23.0, 0.2},
		"packets over many pages":        {oggFile(2, packets...), -23.0, 0.1},
		"beside another stream":          {other(oggFile(20, packets...)), -23.0, 0.1},
		"a packet without its beginning": {slices.Concat(oggFile(255, packets[:3]...), oggFile(1, bytes.Repeat([]byte{255}, 300))[27+1+255:], oggFile(255, packets[3:]...)), -23.0, 0.1},
		"a packet without its end":       {slices.Concat(oggFile(255, packets[:3]...), oggFile(1, bytes.Repeat([]byte{255}, 300))[:27+1+255], oggFile(255, packets[3:]...)), -23.0, 0.1},
		"a packet of no bytes":           {oggFile(255, slices.Insert(slices.Clone(packets), 10, nil)...), -23.0, 0.1},
		"comments of 1 MiB":              {oggFile(255, replaced(1, picture)...), -23.0, 0.1},
		"four thousand million comments": {oggFile(255, replaced(1, []byte("\x03vorbis\x00\x00\x00\x00\xFF\xFF\xFF\xFF"))...), -23.0, 0.1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loudness.Measure(t.Context(), iotest.HalfReader(bytes.NewReader(tt.file)), audio.Ogg)
			near(t, got, err, tt.want, tt.within)
		})
	}
}

// bits writes whole numbers, the lowest bit first: a width before each.
func bits(widths ...int) []byte {
	var out []byte
	n := 0
	for i := 0; i < len(widths); i += 2 {
		for bit := range widths[i] {
			if n%8 == 0 {
				out = append(out, 0)
			}
			out[n/8] |= byte(widths[i+1]>>bit&1) << (n % 8)
			n++
		}
	}
	return out
}

// Of some of these the decoder alone would ask for gigabytes, or never come back.
func TestHostileVorbis(t *testing.T) {
	t.Parallel()
	packets := packetsOf(toneOgg)
	identified := func(at int, value byte) []byte {
		p := slices.Clone(packets[0])
		p[at] = value
		return oggFile(255, append([][]byte{p}, packets[1:]...)...)
	}
	books := func(first ...int) []byte {
		setup := append([]byte("\x05vorbis"), bits(append([]int{8, 0, 24, 0x564342}, first...)...)...)
		return oggFile(255, packets[0], packets[1], append(setup, make([]byte, 1000)...), packets[3])
	}
	tests := map[string]struct {
		file []byte
		says string
	}{
		"a bit turned":                      {flipped(toneOgg), "checksum"},
		"only its headers' beginning":       {toneOgg[:2000], "EOF"},
		"255 channels":                      {identified(11, 255), "255 channels, of 1 to 8"},
		"no channels":                       {identified(11, 0), "0 channels"},
		"blocks of 32,768":                  {identified(28, 0xFB), "2048 and 32768"},
		"blocks of 1":                       {identified(28, 0xB0), "1 and 2048"},
		"the longer block first":            {identified(28, 0x8B), "2048 and 256"},
		"nothing":                           {nil, "EOF"},
		"a version to come":                 {identified(7, 1), "decoding"},
		"no comments":                       {oggFile(255, packets[0], packets[2], packets[2]), "three headers"},
		"no books":                          {oggFile(255, packets[0], packets[1], packets[1]), "three headers"},
		"books of 300 KiB":                  {oggFile(255, packets[0], packets[1], append([]byte("\x05vorbis"), make([]byte, 300<<10)...)), "bytes"},
		"sound of 300 KiB":                  {oggFile(255, packets[0], packets[1], packets[2], make([]byte, 300<<10)), "bytes"},
		"16,777,215 entries":                {books(16, 1, 24, 1<<24-1), "codebooks"},
		"no entries":                        {books(16, 1, 24, 0), "codebooks"},
		"no dimensions":                     {books(16, 0, 24, 4, 1, 0, 1, 0, 5, 1, 5, 1, 5, 1, 5, 1, 4, 0), "codebooks"},
		"no entry that is used":             {books(16, 1, 24, 4, 1, 0, 1, 1, 4, 0, 4, 0), "codebooks"},
		"65,535 dimensions":                 {books(16, 65535, 24, 64, 1, 1, 5, 5, 7, 64, 4, 2), "codebooks"},
		"ordered lengths that never end":    {books(16, 1, 24, 4, 1, 1, 5, 0), "codebooks"},
		"more ordered lengths than entries": {books(16, 1, 24, 4, 1, 1, 5, 3, 3, 7), "codebooks"},
		"a table of a kind there isn't":     {books(16, 1, 24, 2, 1, 0, 1, 0, 5, 0, 5, 0, 4, 3), "codebooks"},
		"nothing behind the books":          {books(16, 1, 24, 2, 1, 0, 1, 0, 5, 0, 5, 0, 4, 0), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loudness.Measure(t.Context(), bytes.NewReader(tt.file), audio.Ogg)
			if !errors.Is(err, loudness.ErrBroken) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %.2f, %v, want %v with %q", got, err, loudness.ErrBroken, tt.says)
			}
		})
	}
}

// after does something once so much was read, then gives the rest.
func after(b []byte, n int, do func()) io.Reader {
	return io.MultiReader(bytes.NewReader(b[:n]), readerFunc(func([]byte) (int, error) {
		do()
		return 0, io.EOF
	}), bytes.NewReader(b[n:]))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if got, err := loudness.Measure(ctx, after(toneOgg, 8000, cancel), audio.Ogg); !errors.Is(err, context.Canceled) {
		t.Errorf("got %.2f, %v, want %v", got, err, context.Canceled)
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := after(toneOgg, 8000, func() { time.Sleep(15 * time.Minute) })
		if got, err := loudness.Measure(t.Context(), slow, audio.Ogg); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %.2f, %v, want %v", got, err, context.DeadlineExceeded)
		}
	})
}

func FuzzVorbis(f *testing.F) {
	packets := packetsOf(toneOgg)
	fuzz(f, audio.Ogg, toneOgg, surroundOgg, oggFile(2, packets[:20]...), oggFile(255, packets[:8]...))
}
