package audio_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

func inspect(b []byte) (audio.Info, error) { return audio.Inspect(bytes.NewReader(b), int64(len(b))) }

// lasts is the length of so many samples.
func lasts(samples, rate int) time.Duration {
	return time.Duration(float64(samples) / float64(rate) * float64(time.Second))
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func patched(b []byte, at int, with ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

func TestDurations(t *testing.T) {
	t.Parallel()
	noise := bytes.Repeat([]byte("padding "), 500)
	tag := audiotest.ID3(audiotest.Text("TIT2", "title"))
	id3v1 := append([]byte("TAG"), make([]byte, 125)...)
	ape := cat([]byte("APETAGEX\xd0\x07\x00\x00\x40\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x80"), make([]byte, 8), make([]byte, 1968),
		[]byte("APETAGEX\xd0\x07\x00\x00\x40\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x80"), make([]byte, 8))
	vbr := cat(bytes.Repeat(cat(audiotest.MP3Frame(32, ""), audiotest.MP3Frame(320, ""), audiotest.MP3Frame(128, "")), 4000))
	streamed := audiotest.WAV(8000, 16000)
	at := bytes.Index(streamed, []byte("data"))
	mvhd1 := audiotest.MP4(1000, 0, "soun")
	mvhd1 = patched(mvhd1, bytes.Index(mvhd1, []byte("mvhd"))+4, cat([]byte{1}, make([]byte, 19), []byte{0, 0, 0x03, 0xE8, 0, 0, 0, 0, 0, 0, 0x30, 0x39})...)
	mp3 := func(frames int) time.Duration { return lasts(frames*audiotest.MP3Samples, audiotest.MP3Rate) }

	tests := map[string]struct {
		file   []byte
		format audio.Format
		want   time.Duration
	}{
		"mp3 of one bit rate":                {audiotest.MP3(500), audio.MP3, mp3(500)},
		"mp3 longer than what is walked":     {audiotest.MP3(20000), audio.MP3, mp3(20000)},
		"mp3 of many bit rates, no header":   {vbr, audio.MP3, mp3(12000)},
		"mp3 with LAME's header":             {audiotest.Xing(1000, 576, 1000), audio.MP3, lasts(1000*1152-1576, 44100)},
		"mp3 that grew behind its header":    {cat(audiotest.Xing(1000, 0, 0), bytes.Repeat(audiotest.MP3Frame(128, ""), 3000)), audio.MP3, mp3(4001)},
		"mp3 whose header tells too much":    {patched(audiotest.Xing(1000, 0, 0), 4+32+8, 0, 0, 0x20, 0), audio.MP3, mp3(1001)},
		"mp3 whose header tells too little":  {patched(audiotest.Xing(1000, 0, 0), 4+32+8, 0, 0, 0, 100), audio.MP3, mp3(1001)},
		"mp3 of many rates with a header":    {cat(audiotest.Xing(400, 0, 0), bytes.Repeat(audiotest.MP3Frame(320, ""), 100)), audio.MP3, mp3(501)},
		"mp3 with Fraunhofer's header":       {audiotest.VBRI(1000), audio.MP3, mp3(1000)},
		"mp3 of three frames":                {audiotest.MP3(3), audio.MP3, mp3(3)},
		"mp3 behind a tag":                   {cat(tag, audiotest.MP3(100)), audio.MP3, mp3(100)},
		"mp3 behind two tags":                {cat(tag, tag, audiotest.MP3(100)), audio.MP3, mp3(100)},
		"mp3 behind padding":                 {cat(tag, make([]byte, 4096), audiotest.Xing(100, 0, 0)), audio.MP3, mp3(100)},
		"mp3 before an ID3v1 tag":            {cat(audiotest.MP3(100), id3v1), audio.MP3, mp3(100)},
		"mp3 before APE and ID3v1 tags":      {cat(audiotest.MP3(100), ape, id3v1), audio.MP3, mp3(100)},
		"flac":                               {audiotest.FLAC(44100, 441000, 441000), audio.FLAC, 10 * time.Second},
		"flac of unknown length":             {audiotest.FLAC(44100, 0, 441000), audio.FLAC, 0},
		"flac behind an ID3 tag":             {cat(tag, audiotest.FLAC(48000, 96000, 96000)), audio.FLAC, 2 * time.Second},
		"flac whose frames are out of reach": {cat(audiotest.FLAC(48000, 96000, 0), make([]byte, 200<<10)), audio.FLAC, 2 * time.Second},
		"vorbis":                             {audiotest.Vorbis(44100, 44100*3), audio.Ogg, 3 * time.Second},
		"opus":                               {audiotest.Opus(312, 48000*3+312), audio.Ogg, 3 * time.Second},
		"vorbis before another stream":       {cat(audiotest.Vorbis(44100, 44100), audiotest.Page(noise, 99999999, 8)), audio.Ogg, time.Second},
		"mp4":                                {audiotest.MP4(1000, 12345, "vide", "soun"), audio.MP4, 12345 * time.Millisecond},
		"mp4 with long times":                {mvhd1, audio.MP4, 12345 * time.Millisecond},
		"mp4 of unknown length":              {audiotest.MP4(1000, 0xFFFFFFFF, "soun"), audio.MP4, 0},
		"mp4 with a last box to the end":     {cat(audiotest.MP4(1000, 500, "soun"), []byte("\x00\x00\x00\x00free"), noise), audio.MP4, 500 * time.Millisecond},
		"mp4 with a long box":                {cat(audiotest.MP4(1000, 500, "soun"), []byte("\x00\x00\x00\x01free\x00\x00\x00\x00\x00\x00\x00\x18"), make([]byte, 8)), audio.MP4, 500 * time.Millisecond},
		"wav":                                {audiotest.WAV(8000, 20000), audio.WAV, 2500 * time.Millisecond},
		"wav from a pipe":                    {patched(streamed, at+4, 0xFF, 0xFF, 0xFF, 0xFF), audio.WAV, 2 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := inspect(tt.file)
			if err != nil {
				t.Fatal(err)
			}
			if off := (got.Duration - tt.want).Abs(); got.Format != tt.format || off > 10*time.Microsecond {
				t.Errorf("got %v, want %v of %v", got, tt.format, tt.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 50_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	xing := audiotest.Xing(1000, 0, 0)
	flac := audiotest.FLAC(44100, 441000, 441000)
	ogg := audiotest.Vorbis(44100, 44100)
	mp4 := audiotest.MP4(1000, 1000, "soun")
	wav := audiotest.WAV(8000, 20000)
	tests := map[string]struct {
		file []byte
		want error
		says string
	}{
		"nothing":                    {nil, audio.ErrTruncated, "empty"},
		"text":                       {[]byte("this is not a song\n"), audio.ErrNotAudio, ""},
		"noise":                      {noise, audio.ErrNotAudio, ""},
		"zeros":                      {make([]byte, 100_000), audio.ErrNotAudio, ""},
		"one frame and noise":        {cat(audiotest.MP3(1), noise), audio.ErrNotAudio, ""},
		"mp3 of 60%":                 {xing[:len(xing)*6/10], audio.ErrTruncated, "of the"},
		"a tag alone":                {audiotest.ID3(audiotest.Text("TIT2", "x")), audio.ErrTruncated, "tag ends"},
		"a tag cut":                  {audiotest.ID3(audiotest.Text("TIT2", "long title"))[:15], audio.ErrTruncated, "tag ends"},
		"a tag of no size":           {[]byte("ID3\x03\x00\x00\xFF\xFF\xFF\xFFxxxxxxxxx"), audio.ErrBroken, "ID3"},
		"flac without frames":        {audiotest.FLAC(44100, 441000, 0), audio.ErrTruncated, "beyond its end"},
		"flac within its header":     {flac[:20], audio.ErrTruncated, "beyond its end"},
		"flac of half its frames":    {flac[:len(flac)/2], audio.ErrTruncated, "of 441000"},
		"flac of no rate":            {audiotest.FLAC(0, 441000, 441000), audio.ErrBroken, "rate is 0"},
		"flac without STREAMINFO":    {patched(flac, 4, 0x84), audio.ErrBroken, "STREAMINFO"},
		"flac of endless blocks":     {cat([]byte("fLaC\x00\x00\x00\x22"), flac[8:42], make([]byte, 100_000)), audio.ErrBroken, "metadata blocks"},
		"ogg within its first page":  {audiotest.Vorbis(44100, 44100)[:30], audio.ErrTruncated, "first page"},
		"ogg within its last page":   {ogg[:len(ogg)-500], audio.ErrTruncated, "last page lacks"},
		"ogg of video":               {audiotest.Page([]byte("\x80theora and what follows"), 0, 1), audio.ErrNotAudio, "Ogg"},
		"vorbis of no rate":          {audiotest.Vorbis(0, 44100), audio.ErrBroken, "rate is 0"},
		"mp4 without an end":         {mp4[:4000], audio.ErrTruncated, `"mdat"`},
		"mp4 without a moov":         {mp4[:16+5008], audio.ErrTruncated, "moov"},
		"mp4 of video":               {audiotest.MP4(1000, 1000, "vide"), audio.ErrNotAudio, "sound track"},
		"mp4 with a box too small":   {cat(audiotest.Box("ftyp"), []byte("\x00\x00\x00\x04moov")), audio.ErrBroken, "smaller than its header"},
		"mp4 with a child too large": {cat(audiotest.Box("ftyp"), audiotest.Box("moov", []byte("\x00\x00\x00\x40trak")), make([]byte, 99)), audio.ErrBroken, "larger than what holds it"},
		"mp4 of a million boxes":     {cat(audiotest.Box("ftyp"), bytes.Repeat(audiotest.Box("free"), 11_000)), audio.ErrBroken, "boxes"},
		"wav cut":                    {wav[:len(wav)-4000], audio.ErrTruncated, "bytes of sound"},
		"wav without data":           {wav[:40], audio.ErrTruncated, "beyond its end"},
		"wav of no rate":             {audiotest.WAV(0, 100), audio.ErrBroken, "bytes a second"},
		"a year of silence":          {audiotest.MP4(1, 31_536_000, "soun"), audio.ErrBroken, "more than"},
		"2,000 years":                {cat(audiotest.FLAC(1, 1<<36-1, 0), make([]byte, 100)), audio.ErrBroken, "more than"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := inspect(tt.file)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, %v, want %v with %q", got, err, tt.want, tt.says)
			}
		})
	}
}

// counting notes how much is asked of a file, which may be far larger than what it holds: zeros behind.
type counting struct {
	io.ReaderAt
	size, bytes int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += int64(len(p))
	n, err := c.ReaderAt.ReadAt(p, off)
	if off+int64(len(p)) <= c.size && errors.Is(err, io.EOF) {
		clear(p[n:])
		return len(p), nil
	}
	return n, err
}

// A file of gigabytes must not be read whole to be listed.
func TestReadsAreBounded(t *testing.T) {
	t.Parallel()
	vbr := bytes.Repeat(cat(audiotest.MP3Frame(32, ""), audiotest.MP3Frame(320, "")), 20_000)
	wav := audiotest.WAV(8000, 100)
	tests := map[string]struct {
		head  []byte
		limit int64
	}{
		"mp3 with a header":   {audiotest.Xing(10, 0, 0), 1 << 20},
		"mp3 of one bit rate": {audiotest.MP3(3000), 1 << 20},
		"mp3 of many":         {vbr, 34 << 20},
		"zeros":               {nil, 1 << 20},
		"flac":                {audiotest.FLAC(44100, 44100, 44100), 1 << 20},
		"ogg":                 {audiotest.Vorbis(44100, 44100), 1 << 20},
		"wav":                 {wav, 1 << 20},
		"mp4 of empty boxes":  {cat(audiotest.Box("ftyp"), audiotest.Box("moov")), 1 << 20},
		"mp4 of many boxes within many": {cat(audiotest.Box("ftyp"), audiotest.Box("moov",
			bytes.Repeat(audiotest.Box("trak", bytes.Repeat(audiotest.Box("mdia"), 100)), 2000))), 1 << 20},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &counting{ReaderAt: bytes.NewReader(tt.head), size: 4 << 30}
			_, _ = audio.Inspect(c, c.size) // whatever it finds
			if c.bytes > tt.limit {
				t.Errorf("got %d bytes read, want at most %d", c.bytes, tt.limit)
			}
		})
	}
}

type broken struct{}

var errDisk = errors.New("disk on fire")

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

func TestReadErrorsAreTold(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{1, 200, 1 << 20} {
		if _, err := audio.Inspect(broken{}, size); !errors.Is(err, errDisk) {
			t.Errorf("got %v, want %v", err, errDisk)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	for format, want := range map[audio.Format]string{
		audio.MP3: "audio/mpeg", audio.FLAC: "audio/flac", audio.Ogg: "audio/ogg", audio.MP4: "audio/mp4", audio.WAV: "audio/wav",
	} {
		if got := format.MediaType(); got != want {
			t.Errorf("got %q for %s, want %q", got, format, want)
		}
	}
}

// fuzz checks what holds for any bytes: no panic, a length within bounds, one of the errors that are told.
func fuzz(f *testing.F, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
		f.Add(s[:len(s)*2/3])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := inspect(b)
		switch {
		case err == nil:
			if info.Duration < 0 || info.Duration > 100*time.Hour || info.Format == "" {
				t.Errorf("got %+v", info)
			}
		case !errors.Is(err, audio.ErrNotAudio) && !errors.Is(err, audio.ErrTruncated) && !errors.Is(err, audio.ErrBroken):
			t.Errorf("got %v, want one of the declared errors", err)
		}
	})
}

func FuzzMP3(f *testing.F) {
	fuzz(f, audiotest.MP3(10), audiotest.Xing(10, 576, 100), audiotest.VBRI(10), audiotest.ID3(audiotest.Text("TIT2", "x")),
		cat(audiotest.MP3(4), []byte("TAG"), make([]byte, 125)))
}

func FuzzFLAC(f *testing.F) { fuzz(f, audiotest.FLAC(44100, 10000, 10000)) }

func FuzzOgg(f *testing.F) { fuzz(f, audiotest.Vorbis(44100, 1000), audiotest.Opus(312, 4000)) }

func FuzzMP4(f *testing.F) { fuzz(f, audiotest.MP4(1000, 1000, "soun")) }

func FuzzWAV(f *testing.F) {
	wav := audiotest.WAV(8000, 100)
	binary.LittleEndian.PutUint32(wav[len(wav)-404:], 0xFFFFFFFF)
	fuzz(f, audiotest.WAV(8000, 100), wav)
}
