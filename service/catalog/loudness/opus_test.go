package loudness_test

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/loudness"
)

var (
	// toneOpus is 2 s of 1 kHz, -23 dB to the left and -29 dB to the right, in the forms for music and for both; ebur128 says -25.3 LUFS:
	// ffmpeg -f lavfi -i "aevalsrc=0.0708*sin(2*PI*1000*t)|0.0354*sin(2*PI*1000*t):s=48000:d=2" -c:a libopus -b:a 24k tone.opus
	//go:embed testdata/tone.opus
	toneOpus []byte
	// voiceOpus is 2 s of something like a vowel, in the form for speech, 60 ms a packet, one channel; ebur128 says -19.1 LUFS:
	// ffmpeg -f lavfi -i "aevalsrc=0.2*sin(2*PI*150*t)*sin(2*PI*450*t)*(1+sin(2*PI*3*t)):s=48000:d=2" -c:a libopus -application voip -b:a 10k -frame_duration 60 voice.opus
	//go:embed testdata/voice.opus
	voiceOpus []byte
)

// changed gives packets with another byte, or two of a number, in the first of them.
func changed(packets [][]byte, at int, by ...byte) [][]byte {
	head := slices.Clone(packets[0])
	copy(head[at:], by)
	return append([][]byte{head}, packets[1:]...)
}

const (
	opusChannelsAt = 9
	opusSkipAt     = 10
	opusGainAt     = 16
	opusFamilyAt   = 18
)

// gained is by decibels louder when it is played.
func gained(packets [][]byte, decibels float64) [][]byte {
	return changed(packets, opusGainAt, binary.LittleEndian.AppendUint16(nil, uint16(int16(decibels*256)))...)
}

func TestOpus(t *testing.T) {
	t.Parallel()
	packets := packetsOf(toneOpus)
	comments := func(by []byte) [][]byte { return slices.Replace(slices.Clone(packets), 1, 2, by) }
	picture := append([]byte("OpusTags"), bytes.Repeat([]byte("picture!"), 1<<17)...)
	tests := map[string]struct {
		file         []byte
		want, within float64
	}{
		"stereo":                   {toneOpus, -25.3, 0.1},
		"a voice":                  {voiceOpus, -19.1, 0.1},
		"played 6 dB louder":       {oggFile(255, gained(packets, 6)...), -19.3, 0.1},
		"played 10.5 dB quieter":   {oggFile(255, gained(packets, -10.5)...), -35.8, 0.1},
		"stereo played in mono":    {oggFile(255, changed(packets, opusChannelsAt, 1)...), -28.7, 0.1}, // the mean of both sides
		"a voice played in stereo": {oggFile(255, changed(packetsOf(voiceOpus), opusChannelsAt, 2)...), -16.1, 0.1},
		"cut short":                {toneOpus[:len(toneOpus)-100], -25.3, 0.2},
		"packets over many pages":  {oggFile(2, packets...), -25.3, 0.1},
		"beside another stream":    {other(oggFile(20, packets...)), -25.3, 0.1},
		"a packet of no bytes":     {oggFile(255, slices.Insert(slices.Clone(packets), 10, nil)...), -25.3, 0.1},
		"a packet that was lost":   {oggFile(255, slices.Insert(slices.Clone(packets), 10, packets[10][:1])...), -25.3, 0.2},
		"comments of 1 MiB":        {oggFile(255, comments(picture)...), -25.3, 0.1},
		"no comments in it":        {oggFile(255, comments([]byte("OpusTags"))...), -25.3, 0.1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loudness.Measure(t.Context(), iotest.HalfReader(bytes.NewReader(tt.file)), audio.Ogg)
			near(t, got, err, tt.want, tt.within)
		})
	}
}

func TestOpusErrors(t *testing.T) {
	t.Parallel()
	packets := packetsOf(toneOpus)
	sounding := func(packet ...byte) []byte { return oggFile(255, append(slices.Clone(packets[:20]), packet)...) }
	tests := map[string]struct {
		file []byte
		want error
		says string
	}{
		// 30 packets are 600 ms, which is enough, and without 400 of them not.
		"before its beginning":     {oggFile(255, changed(packets[:32], opusSkipAt, 0, 0x4B)...), loudness.ErrSilent, ""},
		"nothing of it is heard":   {oggFile(255, gained(packets, -127)...), loudness.ErrSilent, ""},
		"only headers":             {oggFile(255, packets[:2]...), loudness.ErrSilent, ""},
		"5.1":                      {oggFile(255, changed(changed(packets, opusChannelsAt, 6), opusFamilyAt, 1)...), loudness.ErrNoDecoder, "Opus of 6 channels, mapping family 1: give the song a ReplayGain tag"},
		"a version to come":        {oggFile(255, changed(packets, 8, 16)...), loudness.ErrNoDecoder, "Opus of version 16"},
		"no channels":              {oggFile(255, changed(packets, opusChannelsAt, 0)...), loudness.ErrBroken, "0 channels"},
		"three channels":           {oggFile(255, changed(packets, opusChannelsAt, 3)...), loudness.ErrBroken, "3 channels"},
		"a short header":           {oggFile(255, packets[0][:18]), loudness.ErrBroken, "header"},
		"nothing behind it":        {oggFile(255, packets[0]), loudness.ErrBroken, "EOF"},
		"no comments":              {oggFile(255, slices.Delete(slices.Clone(packets), 1, 2)...), loudness.ErrBroken, "header"},
		"a bit turned":             {flipped(toneOpus), loudness.ErrBroken, "checksum"},
		"sound of 300 KiB":         {sounding(make([]byte, 300<<10)...), loudness.ErrBroken, "bytes"},
		"a frame of 1,276 bytes":   {sounding(make([]byte, 1277)...), loudness.ErrBroken, "1276"},
		"no frames":                {sounding(0xFF, 0), loudness.ErrBroken, "frame count"},
		"63 frames of 20 ms":       {sounding(0xFF, 63), loudness.ErrBroken, "120 ms"},
		"more padding than packet": {sounding(0xFF, 0x41, 255, 255, 255), loudness.ErrBroken, "padding"},
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
	got, err := loudness.Measure(t.Context(), bytes.NewReader(oggFile(255, packets[:32]...)), audio.Ogg)
	near(t, got, err, -25.3, 0.3)
}

func FuzzOpus(f *testing.F) {
	packets := packetsOf(toneOpus)
	fuzz(f, audio.Ogg, toneOpus, voiceOpus, oggFile(2, packets[:20]...), oggFile(255, packetsOf(voiceOpus)[:12]...))
}
