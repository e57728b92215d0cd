package catalog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"

	"github.com/singoff/singoff/service/catalog/audio"
)

const (
	maxCover  = 16 << 20 // bytes
	maxLyrics = 1 << 20
)

// entry is a track and where its files are.
type entry struct {
	Track

	bucket                   *bucket
	audio, cover, lyricsFile object

	sortKey []byte // of the title
	folded  string // title and artist, for Find
}

// object is a file to be served; an empty key is none.
type object struct {
	key, mediaType string
}

// found is what came of one song's files.
type found struct {
	entry    *entry // nil: left out
	problems []Problem
}

// load lists all buckets and reads their songs.
func (c *Catalog) load(ctx context.Context, cfg Config) error {
	left := cfg.MaxTracks
	for _, b := range c.buckets {
		keys, err := b.keys(ctx, maxKeys)
		if err != nil {
			return err
		}
		songs := pair(keys)
		if over := len(songs) - left; over > 0 {
			c.problems = append(c.problems, Problem{Bucket: b.name, File: songs[left].audio, LeftOut: true,
				Reason: fmt.Sprintf("more than MaxTracks (%d) audio files: this one and the %d behind it are left out", cfg.MaxTracks, over-1)})
			songs = songs[:left]
		}
		left -= len(songs)
		results, err := b.read(ctx, songs, cfg.Workers)
		if err != nil {
			return err
		}
		for _, f := range results {
			c.add(f)
		}
	}
	order(c.entries)
	return nil
}

// maxKeys bounds the listing of a bucket: files of all kinds.
const maxKeys = 1_000_000

// read looks into the songs' files, some at a time. Its only error is the end of ctx.
func (b *bucket) read(ctx context.Context, songs []song, workers int) ([]found, error) {
	results := make([]found, len(songs))
	var group errgroup.Group
	group.SetLimit(workers)
	for i, s := range songs {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			results[i] = b.look(ctx, s)
			return nil
		})
	}
	_ = group.Wait() // they give no errors
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", b.name, err)
	}
	return results, nil
}

// add takes a song in unless its id is taken: by a bucket before, or by the same name in another Unicode form.
func (c *Catalog) add(f found) {
	c.problems = append(c.problems, f.problems...)
	e := f.entry
	if e == nil {
		return
	}
	if other := c.byID[e.ID]; other != nil {
		c.problems = append(c.problems, Problem{Bucket: e.bucket.name, File: e.File, LeftOut: true,
			Reason: fmt.Sprintf("the same name as %q in %s, which is taken", other.File, other.bucket.name)})
		return
	}
	c.byID[e.ID] = e
	c.entries = append(c.entries, e)
}

// look reads one song's files.
func (b *bucket) look(ctx context.Context, s song) found {
	var f found
	report := func(file string, leftOut bool, err error) {
		f.problems = append(f.problems, Problem{Bucket: b.name, File: file, Reason: reason(err), LeftOut: leftOut})
	}
	e := &entry{bucket: b}
	odd, err := b.lookAudio(ctx, s.audio, e)
	if err != nil {
		report(s.audio, true, err)
		return f
	}
	for _, err := range odd {
		report(s.audio, false, err)
	}
	for _, key := range s.covers {
		if e.cover, err = b.lookCover(ctx, key); err == nil {
			break
		}
		report(key, true, err)
	}
	for _, key := range s.lyrics {
		if e.lyricsFile, err = b.lookLyrics(ctx, key); err == nil {
			break
		}
		report(key, true, err)
	}
	e.HasCover, e.HasLyrics = e.cover.key != "", e.lyricsFile.key != ""
	f.entry = e
	return f
}

// reason says a driver's commonest errors in words.
func reason(err error) string {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return "listed, but not to be opened under this name: it went away, or its name can't be a key here"
	}
	return err.Error()
}

// lookAudio fills the track. What is odd about a file that can be used comes back apart from the error.
func (b *bucket) lookAudio(ctx context.Context, key string, e *entry) (odd []error, err error) {
	a, err := b.stat(ctx, key)
	if err != nil {
		return nil, err
	}
	r := &lookup{ctx: ctx, b: b, key: key, size: a.Size}
	info, err := audio.Inspect(r, a.Size)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(customary[info.Format], extension(key)) {
		odd = append(odd, fmt.Errorf("an %s file under the wrong name", info.Format))
	}
	if info.Duration == 0 {
		odd = append(odd, errors.New("its length is unknown: its end can't be an event"))
	}
	t, err := readTags(r, a.Size)
	if err != nil {
		odd = append(odd, fmt.Errorf("%w; title from its name", err))
	}
	artist, title := named(key)
	if t.title == "" {
		t.title, t.artist = title, cmp.Or(t.artist, artist)
	}
	e.Track = Track{
		ID: trackID(key), Title: t.title, Artist: t.artist, Album: t.album,
		Duration: info.Duration, AudioType: info.Format.MediaType(), File: key,
	}
	e.audio = object{key: key, mediaType: e.AudioType}
	return odd, nil
}

var customary = map[audio.Format][]string{
	audio.MP3: {".mp3"}, audio.FLAC: {".flac"}, audio.Ogg: {".ogg", ".oga", ".opus"},
	audio.MP4: {".m4a", ".mp4"}, audio.WAV: {".wav"},
}

func (b *bucket) lookCover(ctx context.Context, key string) (object, error) {
	head, err := b.head(ctx, key, maxCover, 12)
	if err != nil {
		return object{}, err
	}
	o := object{key: key}
	switch {
	case bytes.HasPrefix(head, []byte("\xFF\xD8\xFF")):
		o.mediaType = "image/jpeg"
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1A\n")):
		o.mediaType = "image/png"
	case len(head) == 12 && string(head[:4]) == "RIFF" && string(head[8:]) == "WEBP":
		o.mediaType = "image/webp"
	default:
		return object{}, errors.New("a cover that is neither JPEG nor PNG nor WebP")
	}
	return o, nil
}

func (b *bucket) lookLyrics(ctx context.Context, key string) (object, error) {
	text, err := b.head(ctx, key, maxLyrics, maxLyrics)
	if err != nil {
		return object{}, err
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return object{}, errors.New("lyrics that aren't UTF-8 text: save them as UTF-8")
	}
	return object{key: key, mediaType: "text/plain; charset=utf-8"}, nil
}

// head gives the first n bytes of a file that is neither empty nor larger than limit.
func (b *bucket) head(ctx context.Context, key string, limit int64, n int) ([]byte, error) {
	a, err := b.stat(ctx, key)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Size == 0:
		return nil, errors.New("it is empty")
	case a.Size > limit:
		return nil, fmt.Errorf("its %d bytes are more than %d", a.Size, limit)
	}
	p := make([]byte, min(int64(n), a.Size))
	if err := b.readFull(ctx, key, 0, p); err != nil {
		return nil, err
	}
	return p, nil
}
