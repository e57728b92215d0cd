package loudness_test

import (
	"bytes"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/loudness"
)

// toneOga is 1 s of 1 kHz, -23 dB to the left and -29 dB to the right; ebur128 says -25.0 LUFS:
// ffmpeg -f lavfi -i "aevalsrc=0.0708*sin(2*PI*1000*t)|0.0354*sin(2*PI*1000*t):s=8000:d=1" -c:a flac tone.oga
//
//go:embed testdata/tone.oga
var toneOga []byte

func TestOggFLAC(t *testing.T) {
	t.Parallel()
	packets := packetsOf(toneOga)
	picture := append([]byte{6, 0x10, 0, 0}, make([]byte, 1<<20)...)
	tests := map[string][]byte{
		"stereo":                  toneOga,
		"packets over many pages": oggFile(2, packets...),
		"beside another stream":   other(oggFile(20, packets...)),
		"a packet of no bytes":    oggFile(255, append(slices.Clone(packets), nil)...),
		"a picture of 1 MiB":      oggFile(255, slices.Insert(slices.Clone(packets), 1, picture)...),
		"no comments":             oggFile(255, slices.Delete(slices.Clone(packets), 1, 2)...),
	}
	for name, file := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loudness.Measure(t.Context(), iotest.HalfReader(bytes.NewReader(file)), audio.Ogg)
			near(t, got, err, -25.0, 0.1)
		})
	}
}

func TestOggFLACErrors(t *testing.T) {
	t.Parallel()
	packets := packetsOf(toneOga)
	frame := packets[2]
	tests := map[string]struct {
		file []byte
		want error
		says string
	}{
		"only headers":            {oggFile(255, packets[:2]...), loudness.ErrSilent, ""},
		"a short header":          {oggFile(255, packets[0][:50]), loudness.ErrBroken, "header"},
		"a header that is longer": {oggFile(255, append(slices.Clone(packets[0]), 0)), loudness.ErrBroken, "header"},
		"no FLAC":                 {oggFile(255, changed(packets, 9, 'F')...), loudness.ErrBroken, "header"},
		"a bit turned":            {flipped(toneOga), loudness.ErrBroken, "checksum"},
		"a frame cut short":       {oggFile(255, packets[0], packets[1], frame[:len(frame)/2]), loudness.ErrBroken, ""},
		"sound of 300 KiB":        {oggFile(255, packets[0], packets[1], bytes.Repeat([]byte{255}, 300<<10)), loudness.ErrBroken, "bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loudness.Measure(t.Context(), bytes.NewReader(tt.file), audio.Ogg)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %.2f, %v, want %v with %q", got, err, tt.want, tt.says)
			}
		})
	}
}

func FuzzOggFLAC(f *testing.F) {
	packets := packetsOf(toneOga)
	fuzz(f, audio.Ogg, toneOga, oggFile(255, packets[:3]...))
}
