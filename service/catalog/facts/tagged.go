package facts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/lyrics"
	"github.com/singoff/singoff/service/catalog/tags"
)

// audio goes by the content. What is odd about a file that can be used is reported, and it is used.
func (r Reader) audio(key string, file *window) *Facts {
	song, errs := tags.Reader{Charset: r.Charset}.Read(file, file.size, key)
	if song.Format == "" {
		return refused(errors.Join(errs...))
	}
	f := &Facts{Audio: &Audio{
		Format: song.Format, Duration: song.Duration, Title: song.Title, Artist: song.Artist, Album: song.Album,
		Year: song.Year, Number: song.Track, Gain: song.Gain, Cover: song.Cover != nil, Lyrics: Timing(song.Lyrics.Kind),
	}}
	if !slices.Contains(customary[song.Format], Extension(key)) {
		errs = append(errs, fmt.Errorf("an %s file under the wrong name", song.Format))
	}
	if len(errs) > 0 { // one warning a file
		f.odd(joined(errs))
	}
	return f
}

// joined says all in one line.
func joined(errs []error) error {
	all := errs[0]
	for _, err := range errs[1:] {
		all = fmt.Errorf("%w; %w", all, err)
	}
	return all
}

var customary = map[audio.Format][]string{
	audio.MP3: {".mp3"}, audio.FLAC: {".flac"}, audio.Ogg: {".ogg", ".oga", ".opus"},
	audio.MP4: {".m4a", ".mp4"}, audio.WAV: {".wav"},
}

// ErrNothingWithin is returned for an audio file that holds no picture, or no lyrics: it isn't the one that was read.
var ErrNothingWithin = errors.New("the file holds none within")

// Picture gives the picture within an audio file.
func (r Reader) Picture(ctx context.Context, file bucket.Reader) (io.Reader, error) {
	song, err := r.within(ctx, file)
	if err != nil {
		return nil, err
	}
	if song.Cover == nil {
		return nil, ErrNothingWithin
	}
	return song.Cover.Open(file)
}

// Lyrics gives the lyrics within an audio file.
func (r Reader) Lyrics(ctx context.Context, file bucket.Reader) (lyrics.Lyrics, error) {
	song, err := r.within(ctx, file)
	if err != nil {
		return lyrics.Lyrics{}, err
	}
	if song.Lyrics.Kind == lyrics.None {
		return lyrics.Lyrics{}, ErrNothingWithin
	}
	return song.Lyrics, nil
}

func (r Reader) within(ctx context.Context, file bucket.Reader) (tags.Song, error) {
	source := &window{of: file, size: file.File().Size}
	song, _ := tags.Reader{Charset: r.Charset}.Within(source, source.size) // one that makes no sense holds nothing
	return song, errors.Join(source.err, ctx.Err())
}
