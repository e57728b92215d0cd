// Package tags reads what a song's file says about itself: title, artist, length, loudness, cover and lyrics, from ID3v2 in all its
// versions, ID3v1, APE, Vorbis comments, MP4 and RIFF. The format is told by the content, never by the name; text under a wrong
// label is repaired, and where it stays doubtful the file's name wins. What is broken costs its own field and one error, never a
// panic or more than about 2 MiB of memory: pictures aren't read, only found.
package tags

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/charset"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

var (
	// ErrTag is returned for a tag that is broken; what could be read of it is used.
	ErrTag = errors.New("its tag is broken")
	// ErrDoubtful is returned where a text can be read in two ways, or says nothing, and the file's name was taken instead.
	ErrDoubtful = errors.New("its tag is doubtful")
	// ErrUnknownLength is returned for audio whose length can't be told.
	ErrUnknownLength = errors.New("its length is unknown: its end can't be an event")
)

// Song is what a file says about itself.
type Song struct {
	// Format of the audio, by its content; empty: the file can't be played, and nothing else is set but Title and Artist.
	Format audio.Format
	// Duration is how long it plays; 0: unknown.
	Duration time.Duration
	// Title is never empty: the tag's, else the file name's. Texts are NFC, on one line, at most 200 characters.
	Title string
	// Artist is the tag's, else the file name's; may be empty.
	Artist string
	// Album may be empty.
	Album string
	// Year of the recording, 1 to 9999; 0: unknown.
	Year int
	// Track is the number on the album, 1 to 9999; 0: unknown.
	Track int
	// Gain is by how many decibels it must be made louder (below 0: quieter) to be at -18 LUFS, by ReplayGain or R128 tags; nil:
	// the file doesn't say.
	Gain *float64
	// Cover is the picture in the file, the front cover if there are several; nil: none.
	Cover *Picture
	// Lyrics in the file, the most finely timed ones; Kind None: none.
	Lyrics lyrics.Lyrics
}

// Reader reads files.
type Reader struct {
	// Charset is what text is expected in that is neither UTF-8 nor what its label says. Default CP949.
	Charset charset.Name
}

// Read is Reader.Read where CP949 is expected.
func Read(r io.ReaderAt, size int64, fileName string) (Song, []error) {
	return Reader{}.Read(r, size, fileName)
}

// Read reads a file of size bytes. fileName is its name, with or without folders before it. The errors are all that is wrong with
// it, in words that fit behind the file's name: audio's if it can't be played, else ErrTag, ErrDoubtful, ErrUnknownLength, those of
// charset, lyrics and r.
func (rd Reader) Read(r io.ReaderAt, size int64, fileName string) (Song, []error) {
	named := parseName(fileName)
	info, err := audio.Inspect(r, size)
	if err != nil {
		return Song{Title: named.title, Artist: named.artist}, []error{err}
	}
	c := collector{charset: rd.Charset, r: r, size: size}
	c.collect(info.Format)
	song := c.song(named)
	song.Format, song.Duration = info.Format, info.Duration
	if info.Duration == 0 {
		c.errs = append(c.errs, ErrUnknownLength)
	}
	return song, c.errs
}

// Within gives the cover and the lyrics that are in a file which Read has found to be a song: nothing else is set, its length isn't measured.
// The error is that of r.
func (rd Reader) Within(r io.ReaderAt, size int64) (Song, error) {
	format, err := audio.FormatOf(r, size)
	if err != nil {
		return Song{}, err
	}
	c := collector{charset: rd.Charset, r: r, size: size}
	c.collect(format)
	return Song{Format: format, Cover: c.cover, Lyrics: c.lyrics}, nil
}

// collector gathers what the tags of one file say. What was found first stays: tags are read in the order of how much they hold.
type collector struct {
	charset charset.Name
	r       io.ReaderAt
	size    int64

	title, artist, albumArtist, album value
	year, track                       int
	gain                              *float64
	cover                             *Picture
	lyrics                            lyrics.Lyrics
	errs                              []error
}

// value is a text and whether it is surely what was meant.
type value struct {
	text string
	sure bool
}

// collect reads all the tags there are.
func (c *collector) collect(format audio.Format) {
	at := c.leadingID3()
	switch body := c.from(at); format {
	case audio.FLAC:
		c.flac(body)
	case audio.Ogg:
		c.ogg(body)
	case audio.MP4:
		c.mp4(body)
	case audio.WAV:
		c.riff(body)
	}
	c.trailing()
}

// from is the rest of the file.
func (c *collector) from(at int64) *io.SectionReader {
	return io.NewSectionReader(c.r, at, max(0, c.size-at))
}

// maxErrors is how many errors of one file are kept: a broken file has many of one kind.
const maxErrors = 8

// broken notes what is wrong with a tag.
func (c *collector) broken(format string, args ...any) {
	c.note(fmt.Errorf("%w: %w", ErrTag, fmt.Errorf(format, args...)))
}

func (c *collector) note(err error) {
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, err)
	}
}
