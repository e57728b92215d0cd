// Package audio reads what an audio file is and how long it plays, from its headers and frames alone: MP3, FLAC, Ogg
// (Vorbis, Opus, FLAC), MP4 and WAV. It decodes no sound, reads a bounded part of the file, and goes by the file's content,
// never by its name. A file that ends before its own headers say so is refused rather than listed with a length it hasn't.
package audio

import (
	"errors"
	"fmt"
	"io"
	"time"
)

var (
	// ErrNotAudio is returned for content that is none of the formats known here.
	ErrNotAudio = errors.New("not an MP3, FLAC, Ogg, MP4 or WAV file")
	// ErrTruncated is returned for a file that ends before its own headers say so, an empty one included.
	ErrTruncated = errors.New("the file is cut short")
	// ErrBroken is returned for a file of a known format whose headers make no sense.
	ErrBroken = errors.New("the file is broken")
)

// Format is a kind of audio file.
type Format string

// The formats known.
const (
	MP3  Format = "MP3"
	FLAC Format = "FLAC"
	Ogg  Format = "Ogg"
	MP4  Format = "MP4"
	WAV  Format = "WAV"
)

// MediaType is what an HTTP answer calls the format: `audio/mpeg`.
func (f Format) MediaType() string {
	switch f {
	case MP3:
		return "audio/mpeg"
	case FLAC:
		return "audio/flac"
	case Ogg:
		return "audio/ogg"
	case MP4:
		return "audio/mp4"
	case WAV:
		return "audio/wav"
	}
	return "application/octet-stream"
}

// Info is what Inspect finds.
type Info struct {
	// Format of the content, whatever the file is called.
	Format Format
	// Duration is how long the audio plays; 0: the file doesn't say.
	Duration time.Duration
}

// maxDuration refuses lengths that only a broken header has.
const maxDuration = 100 * time.Hour

// Inspect reads a file of size bytes. It asks r for about 33 MiB at most, and for less than 200 KiB where headers tell the length.
// Its errors are ErrNotAudio, ErrTruncated and ErrBroken, wrapped with what was found, and those of r.
func Inspect(r io.ReaderAt, size int64) (Info, error) {
	f := file{r: r, size: size}
	if size == 0 {
		return Info{}, fmt.Errorf("%w: it is empty", ErrTruncated)
	}
	skip, err := f.leadingTags()
	if err != nil {
		return Info{}, err
	}
	format, err := f.format(skip)
	if err != nil {
		return Info{}, err
	}
	var d time.Duration
	switch body := f.from(skip); format {
	case FLAC:
		d, err = body.flac()
	case Ogg:
		d, err = body.ogg()
	case MP4:
		d, err = body.mp4()
	case WAV:
		d, err = body.wav()
	default:
		d, err = body.mp3()
	}
	if err == nil && (d < 0 || d > maxDuration) {
		err = fmt.Errorf("%w: it claims to play for more than %v", ErrBroken, maxDuration)
	}
	if err != nil {
		return Info{}, err
	}
	return Info{Format: format, Duration: d}, nil
}

// FormatOf tells the format alone, as Inspect does; what bears no mark is taken for MP3.
func FormatOf(r io.ReaderAt, size int64) (Format, error) {
	f := file{r: r, size: size}
	skip, err := f.leadingTags()
	if err != nil {
		return "", err
	}
	return f.format(skip)
}

// format goes by the bytes behind the leading tags. What bears no mark may be MP3, whose frames must then convince.
func (f file) format(skip int64) (Format, error) {
	mark, err := f.upTo(skip, 12)
	if err != nil {
		return "", err
	}
	switch {
	case hasAt(mark, 0, "fLaC"):
		return FLAC, nil
	case hasAt(mark, 0, "OggS"):
		return Ogg, nil
	case hasAt(mark, 4, "ftyp"):
		return MP4, nil
	case hasAt(mark, 0, "RIFF") && hasAt(mark, 8, "WAVE"):
		return WAV, nil
	}
	return MP3, nil
}

func hasAt(b []byte, at int, mark string) bool {
	return len(b) >= at+len(mark) && string(b[at:at+len(mark)]) == mark
}

// played is the length of n samples. It is exact to a nanosecond, and out of Inspect's bounds where it would overflow.
func played(samples, rate uint64) time.Duration {
	if rate == 0 || samples/rate > uint64(maxDuration/time.Second) {
		return -1
	}
	return time.Duration(samples/rate)*time.Second + time.Duration(samples%rate*uint64(time.Second)/rate)
}
