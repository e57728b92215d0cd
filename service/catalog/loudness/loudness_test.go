package loudness_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"strings"
	"testing"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/demo"
	"github.com/singoff/singoff/service/catalog/loudness"
)

// piece is a tone of a level in dB below full scale, or silence.
type piece struct{ seconds, level, hertz float64 }

// tones gives samples of one channel.
func tones(rate int, pieces ...piece) []float64 {
	var out []float64
	for _, p := range pieces {
		amplitude := math.Pow(10, p.level/20)
		for i := range int(p.seconds * float64(rate)) {
			out = append(out, amplitude*math.Sin(2*math.Pi*p.hertz*float64(i)/float64(rate)))
		}
	}
	return out
}

// wav is a file of a kind (1 whole numbers, 3 floats), with the samples in the given channels and silence in others.
type wav struct {
	kind, bits, channels, rate int
	in                         []int
}

func (w wav) file(samples []float64) []byte {
	head := binary.LittleEndian.AppendUint16(nil, uint16(w.kind))
	head = binary.LittleEndian.AppendUint16(head, uint16(w.channels))
	head = binary.LittleEndian.AppendUint32(head, uint32(w.rate))
	head = binary.LittleEndian.AppendUint32(head, uint32(w.rate*w.channels*w.bits/8))
	head = binary.LittleEndian.AppendUint16(head, uint16(w.channels*w.bits/8))
	head = binary.LittleEndian.AppendUint16(head, uint16(w.bits))
	var data []byte
	for _, s := range samples {
		for c := range w.channels {
			v := 0.0
			for _, in := range w.in {
				if in == c {
					v = s
				}
			}
			data = w.sample(data, v)
		}
	}
	out := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00"), head...)
	out = append(out, "LIST\x03\x00\x00\x00odd\x00data"...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(data))), data...)
}

func (w wav) sample(b []byte, v float64) []byte {
	switch {
	case w.kind == 3 && w.bits == 32:
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	case w.kind == 3:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	case w.bits == 8:
		return append(b, byte(math.Round(v*127)+128))
	}
	n := int64(math.Round(v * (math.Pow(2, float64(w.bits-1)) - 1)))
	for i := range w.bits / 8 {
		b = append(b, byte(n>>(8*i)))
	}
	return b
}

func near(t *testing.T, got float64, err error, want, within float64) {
	t.Helper()
	if err != nil || math.Abs(got-want) > within {
		t.Errorf("got %.2f LUFS, %v, want %.2f ± %.2f", got, err, want, within)
	}
}

// The minimum requirements of EBU Tech 3341, as far as they are of integrated loudness, within its 0.1 LU.
func TestStandard(t *testing.T) {
	t.Parallel()
	stereo := wav{kind: 1, bits: 24, channels: 2, rate: 48000, in: []int{0, 1}}
	slow := wav{kind: 1, bits: 24, channels: 2, rate: 8000, in: []int{0, 1}}
	surround := wav{kind: 3, bits: 32, channels: 6, rate: 8000, in: []int{0, 1}}
	tests := map[string]struct {
		wav    wav
		pieces []piece
		want   float64
	}{
		"1: -23":                     {stereo, []piece{{5, -23, 1000}}, -23},
		"2: -33":                     {stereo, []piece{{5, -33, 1000}}, -33},
		"3: gated, quiet ends":       {slow, []piece{{5, -36, 1000}, {30, -23, 1000}, {5, -36, 1000}}, -23},
		"4: gated, quieter ends":     {slow, []piece{{5, -72, 1000}, {5, -36, 1000}, {30, -23, 1000}, {5, -36, 1000}, {5, -72, 1000}}, -23},
		"5: louder in the middle":    {slow, []piece{{10, -26, 1000}, {10.05, -20, 1000}, {10, -26, 1000}}, -23},
		"front channels of surround": {surround, []piece{{5, -23, 1000}}, -23},
		"the channel of low effects": {wav{kind: 3, bits: 32, channels: 6, rate: 8000, in: []int{0, 1, 3}}, []piece{{5, -23, 1000}}, -23},
		"surround channels":          {wav{kind: 3, bits: 32, channels: 6, rate: 8000, in: []int{4, 5}}, []piece{{5, -23, 1000}}, -21.5},
		"44,100 Hz":                  {wav{kind: 1, bits: 16, channels: 2, rate: 44100, in: []int{0, 1}}, []piece{{5, -23, 1000}}, -23},
		"96,000 Hz, doubles":         {wav{kind: 3, bits: 64, channels: 2, rate: 96000, in: []int{0, 1}}, []piece{{2, -23, 1000}}, -23},
		"32 bits":                    {wav{kind: 1, bits: 32, channels: 2, rate: 48000, in: []int{0, 1}}, []piece{{5, -23, 1000}}, -23},
		"8 bits":                     {wav{kind: 1, bits: 8, channels: 2, rate: 48000, in: []int{0, 1}}, []piece{{5, -6, 1000}}, -6},
		"one channel":                {wav{kind: 1, bits: 16, channels: 1, rate: 48000, in: []int{0}}, []piece{{5, -20, 1000}}, -23},
		"high tones count more":      {stereo, []piece{{5, -23, 10000}}, -19.6},
		"low ones less":              {stereo, []piece{{5, -23, 50}}, -27.6},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := tt.wav.file(tones(tt.wav.rate, tt.pieces...))
			got, err := loudness.Measure(t.Context(), bytes.NewReader(file), audio.WAV)
			near(t, got, err, tt.want, 0.11)
		})
	}
}

func TestFLAC(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	const rate, block = 44100, 4410
	enc, err := flac.NewEncoder(&file, &meta.StreamInfo{BlockSizeMin: block, BlockSizeMax: block, SampleRate: rate, NChannels: 2, BitsPerSample: 16})
	if err != nil {
		t.Fatal(err)
	}
	samples := tones(rate, piece{5, -23, 1000})
	for n := 0; n+block <= len(samples); n += block {
		whole := make([]int32, block)
		for i := range whole {
			whole[i] = int32(samples[n+i] * 32767)
		}
		sub := func() *frame.Subframe {
			return &frame.Subframe{SubHeader: frame.SubHeader{Pred: frame.PredVerbatim}, Samples: whole, NSamples: block}
		}
		f := &frame.Frame{
			Header:    frame.Header{HasFixedBlockSize: true, BlockSize: block, SampleRate: rate, Channels: frame.ChannelsLR, BitsPerSample: 16, Num: uint64(n / block)},
			Subframes: []*frame.Subframe{sub(), sub()},
		}
		if err := enc.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := loudness.Measure(t.Context(), bytes.NewReader(file.Bytes()), audio.FLAC)
	near(t, got, err, -23, 0.1)
}

// The first 20 s of demo songs, against what ffmpeg's ebur128 says of them.
func TestMP3(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]float64{"Lantern Row - Paper Boats.mp3": -19.8, "네온 골목 - 금요일의 불빛.mp3": -15.9} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := fs.ReadFile(demo.Songs, name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := loudness.Measure(t.Context(), bytes.NewReader(file[:160_000]), audio.MP3)
			near(t, got, err, want, 0.15)
			if g := loudness.Gain(got); math.Abs(got+g-loudness.Target) > 1e-9 {
				t.Errorf("got a gain of %.2f for %.2f, want what brings it to %.0f", g, got, loudness.Target)
			}
		})
	}
}

type broken struct{}

var errDisk = errors.New("disk on fire")

func (broken) Read([]byte) (int, error) { return 0, errDisk }

func TestErrors(t *testing.T) {
	t.Parallel()
	stereo := wav{kind: 1, bits: 16, channels: 2, rate: 8000, in: []int{0, 1}}
	tone := stereo.file(tones(8000, piece{5, -20, 1000}))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx    context.Context
		in     io.Reader
		format audio.Format
		want   error
		says   string
	}{
		"no decoder":       {t.Context(), bytes.NewReader(nil), audio.MP4, loudness.ErrNoDecoder, "MP4"},
		"rubbish as Ogg":   {t.Context(), strings.NewReader(strings.Repeat("rubbish ", 1000)), audio.Ogg, loudness.ErrBroken, "page"},
		"silence":          {t.Context(), bytes.NewReader(stereo.file(make([]float64, 40_000))), audio.WAV, loudness.ErrSilent, ""},
		"too short":        {t.Context(), bytes.NewReader(stereo.file(tones(8000, piece{0.3, -20, 1000}))), audio.WAV, loudness.ErrSilent, ""},
		"empty":            {t.Context(), bytes.NewReader(nil), audio.WAV, loudness.ErrBroken, ""},
		"not a WAV's data": {t.Context(), bytes.NewReader(tone[:36]), audio.WAV, loudness.ErrBroken, ""},
		"ADPCM":            {t.Context(), bytes.NewReader(wav{kind: 2, bits: 8, channels: 2, rate: 8000}.file(nil)), audio.WAV, loudness.ErrBroken, "kind 2"},
		"no rate":          {t.Context(), bytes.NewReader(wav{kind: 1, bits: 16, channels: 2}.file(nil)), audio.WAV, loudness.ErrBroken, "0 samples"},
		// The filters are unstable there, which made 2,584 LUFS of noise.
		"a telephone of 1,000 Hz": {t.Context(), bytes.NewReader(wav{kind: 1, bits: 16, channels: 1, rate: 1000}.file(tones(1000, piece{1, -20, 100}))), audio.WAV, loudness.ErrBroken, "1000 samples"},
		"rubbish as MP3":          {t.Context(), strings.NewReader(strings.Repeat("rubbish ", 1000)), audio.MP3, loudness.ErrBroken, ""},
		"rubbish as FLAC":         {t.Context(), strings.NewReader("fLaC" + strings.Repeat("rubbish ", 1000)), audio.FLAC, loudness.ErrBroken, ""},
		"the disk":                {t.Context(), io.MultiReader(bytes.NewReader(tone[:9000]), broken{}), audio.WAV, errDisk, ""},
		"ended":                   {ended, bytes.NewReader(tone), audio.WAV, context.Canceled, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loudness.Measure(tt.ctx, tt.in, tt.format)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %.2f, %v, want %v with %q", got, err, tt.want, tt.says)
			}
		})
	}
	for f, want := range map[audio.Format]bool{audio.MP3: true, audio.FLAC: true, audio.WAV: true, audio.Ogg: true, audio.MP4: false} {
		if got := loudness.Measurable(f); got != want {
			t.Errorf("got %t for %s, want %t", got, f, want)
		}
	}
}

func fuzz(f *testing.F, format audio.Format, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	most := 60.0
	if format == audio.Ogg {
		most = 200 // Opus may say that it is to be played 128 dB louder
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if format == audio.Ogg {
			b = seal(b) // else nothing gets past the checksums
		}
		got, err := loudness.Measure(t.Context(), bytes.NewReader(b), format)
		if err == nil && (math.IsNaN(got) || got < -71 || got > most) {
			t.Errorf("got %f", got)
		}
		if err != nil && !errors.Is(err, loudness.ErrBroken) && !errors.Is(err, loudness.ErrSilent) && !errors.Is(err, loudness.ErrNoDecoder) {
			t.Errorf("got %v, want one of the declared errors", err)
		}
	})
}

func FuzzWAV(f *testing.F) {
	fuzz(f, audio.WAV, wav{kind: 1, bits: 16, channels: 2, rate: 8000, in: []int{0}}.file(tones(8000, piece{0.5, -20, 100})),
		wav{kind: 3, bits: 64, channels: 1, rate: 8000, in: []int{0}}.file(tones(8000, piece{0.5, 200, 100})))
}

func FuzzMP3(f *testing.F) {
	song, err := fs.ReadFile(demo.Songs, "Lantern Row - Paper Boats.mp3")
	if err != nil {
		f.Fatal(err)
	}
	fuzz(f, audio.MP3, song[:4000])
}

func FuzzFLAC(f *testing.F) {
	fuzz(f, audio.FLAC, []byte("fLaC\x80\x00\x00\x22\x10\x00\x10\x00\x00\x00\x00\x00\x00\x00\x0A\xC4\x42\xF0\x00\x00\x00\x00"))
}
