// Package loudness measures how loud a song is, as EBU R 128 and ITU-R BS.1770-4 define it: K-weighted energy of overlapping blocks
// of 400 ms, gated at -70 LUFS and at 10 LU below what is left. It decodes MP3, FLAC, WAV, and Vorbis, Opus and FLAC within Ogg; other
// formats have no decoder in Go and are named so. What it reads is a stream: memory doesn't grow with the song, and a song is heard for
// 15 minutes at most.
package loudness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/singoff/singoff/service/catalog/audio"
)

var (
	// ErrNoDecoder is returned for a format that can't be decoded here.
	ErrNoDecoder = errors.New("no decoder")
	// ErrBroken is returned for a file that can't be decoded.
	ErrBroken = errors.New("the audio can't be decoded")
	// ErrSilent is returned for a song, or a piece shorter than 400 ms, in which nothing is louder than -70 LUFS.
	ErrSilent = errors.New("nothing to be heard")
)

// Target is the loudness that songs are brought to, in LUFS.
const Target = -18.0

// heard is how much of a song is measured at most.
const heard = 15 * time.Minute

// Measurable says whether Measure decodes a format; of Ogg, no Opus in surround.
func Measurable(f audio.Format) bool { return decoders[f] != nil }

// Gain is by how many decibels a song of a loudness is brought to Target.
func Gain(lufs float64) float64 { return Target - lufs }

// decoder gives a song's samples, block after block, and io.EOF at its end.
type decoder interface {
	// format is samples a second and channels.
	format() (rate, channels int)
	// next gives interleaved samples of -1 to 1, valid until the next call.
	next() ([]float64, error)
}

var decoders = map[audio.Format]func(io.Reader) (decoder, error){audio.MP3: newMP3, audio.FLAC: newFLAC, audio.WAV: newWAV, audio.Ogg: newOgg}

func noDecoder(what string) error {
	return fmt.Errorf("%w for %s: give the song a ReplayGain tag", ErrNoDecoder, what)
}

// Measure reads a song of a format from its beginning and gives its integrated loudness in LUFS. It takes a core for about a
// fiftieth of the song's length, and never for more than 15 minutes. Errors are ErrNoDecoder, ErrBroken, ErrSilent, and those of ctx and r.
func Measure(ctx context.Context, r io.Reader, f audio.Format) (lufs float64, err error) {
	open := decoders[f]
	if open == nil {
		return 0, noDecoder(string(f))
	}
	ctx, cancel := context.WithTimeout(ctx, heard)
	defer cancel()
	source := &remembering{ctx: ctx, in: r}
	defer func() { // decoders of outside bytes; none of ours
		if p := recover(); p != nil {
			lufs, err = 0, fmt.Errorf("%w: %v", ErrBroken, p)
		}
	}()
	d, err := open(source)
	if errors.Is(err, ErrNoDecoder) {
		return 0, err
	}
	if err != nil {
		return 0, source.blame(err)
	}
	rate, channels := d.format()
	if rate < 8000 || rate > 768_000 || channels < 1 || channels > 8 {
		return 0, fmt.Errorf("%w: %d channels of %d samples a second", ErrBroken, channels, rate)
	}
	m := newMeter(rate, channels)
	most := int(heard.Seconds()) * rate
	for n := 0; n < most; {
		if err := ctx.Err(); err != nil { // a little of a file may make a lot of sound
			return 0, err
		}
		samples, err := d.next()
		m.add(samples)
		n += len(samples) / channels
		if errors.Is(err, io.EOF) && source.err == nil {
			break
		}
		if err != nil {
			return 0, source.blame(err)
		}
	}
	lufs = m.integrated()
	if math.IsInf(lufs, 0) || math.IsNaN(lufs) {
		return 0, ErrSilent
	}
	return lufs, nil
}

// remembering keeps the reader's own error, which decoders lose, and ends with ctx.
type remembering struct {
	ctx context.Context
	in  io.Reader
	err error
}

// Read reads on.
func (r *remembering) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		r.err = err
		return 0, err
	}
	n, err := r.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// blame is the reader's error if it has had one, else a decoder's.
func (r *remembering) blame(err error) error {
	if r.err != nil {
		return r.err
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
