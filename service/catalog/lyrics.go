package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/charset"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/lrclib"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

// Lyrics gives a track's lyrics in one form, whatever they were written in, or those that Config.LyricsURL knows. Errors are ErrNoLyrics, those
// of Track, and of a bucket that can't be read.
func (c *Catalog) Lyrics(ctx context.Context, id string) (lyrics.Lyrics, error) {
	e, err := c.entry(ctx, id)
	if err != nil {
		return lyrics.Lyrics{}, err
	}
	found, err := c.ownLyrics(ctx, e)
	if errors.Is(err, ErrNoLyrics) && c.lookup.Enabled() {
		return c.lookUp(ctx, e, err)
	}
	return found, err
}

// lookUp asks the lyrics server for a song that has none here, as none says.
func (c *Catalog) lookUp(ctx context.Context, e *entry, none error) (lyrics.Lyrics, error) {
	found, err := c.lookup.Lookup(ctx, sought(&e.Track))
	switch {
	case err == nil:
		return found, nil
	case ctx.Err() != nil:
		return lyrics.Lyrics{}, ctx.Err()
	case errors.Is(err, lrclib.ErrUnavailable):
		c.log.Debug().Err(err).Str("file", e.File).Msg("a song's lyrics aren't looked up")
	}
	return lyrics.Lyrics{}, none
}

// sought is a track as it is looked up.
func sought(t *Track) lrclib.Song {
	return lrclib.Song{Title: t.Title, Artist: t.Artist, Album: t.Album, Duration: t.Duration}
}

// ownLyrics are those beside or within the song's file.
func (c *Catalog) ownLyrics(ctx context.Context, e *entry) (lyrics.Lyrics, error) {
	if e.lyrics.Key == "" {
		return lyrics.Lyrics{}, fmt.Errorf("%w: %s", ErrNoLyrics, e.ID)
	}
	file, err := e.bucket.Open(ctx, e.lyrics.Key)
	if err != nil {
		return lyrics.Lyrics{}, lyricsError(e, err)
	}
	defer func() { _ = file.Close() }() // only read
	if e.lyrics.Embedded {
		found, err := c.reader.Lyrics(ctx, file)
		return found, lyricsError(e, err)
	}
	text, err := readText(file)
	if err != nil {
		return lyrics.Lyrics{}, lyricsError(e, err)
	}
	found, err := lyrics.Reader{Charset: c.cfg.Charset}.Parse(e.lyrics.Key, text)
	return found, lyricsError(e, err)
}

// lyricsError makes a file that went away, or was replaced by one without sense, no lyrics.
func lyricsError(e *entry, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bucket.ErrNotFound), errors.Is(err, lyrics.ErrEmpty), errors.Is(err, lyrics.ErrTooLong), errors.Is(err, lyrics.ErrNotes),
		errors.Is(err, charset.ErrNotText), errors.Is(err, charset.ErrUnclear), errors.Is(err, facts.ErrNothingWithin):
		return fmt.Errorf("%w: %q in %s: %w", ErrNoLyrics, e.lyrics.Key, e.bucket.Name(), err)
	}
	return fmt.Errorf("%q in %s: %w", e.lyrics.Key, e.bucket.Name(), err)
}

func readText(file bucket.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, lyrics.MaxBytes+1))
	if err == nil && len(text) > lyrics.MaxBytes {
		err = lyrics.ErrTooLong
	}
	return text, err
}

// serveLyrics serves the file as UTF-8 text, and never as what its name says.
func (c *Catalog) serveLyrics(w http.ResponseWriter, r *http.Request, e *entry) error {
	if !e.HasLyricsFile {
		return &refusal{code: http.StatusNotFound, text: "this track has no file of lyrics"}
	}
	file, err := e.bucket.Open(r.Context(), e.lyrics.Key)
	if err != nil {
		return lyricsError(e, err)
	}
	defer func() { _ = file.Close() }() // only read
	raw, err := readText(file)
	if err != nil {
		return lyricsError(e, err)
	}
	text, _, err := charset.Decode(raw, c.cfg.Charset)
	if err != nil {
		return lyricsError(e, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("ETag", etag(file.File(), partLyrics))
	h.Set("Cache-Control", c.cacheControl(5*time.Minute))
	http.ServeContent(w, r, "", file.File().Modified, bytes.NewReader([]byte(text)))
	return nil
}
