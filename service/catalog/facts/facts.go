// Package facts reads what single files say that may belong to a song: an audio file's format, length and tags, an image's kind, and how
// lyrics are timed. It knows no other file than the one it reads and keeps nothing, so that what it gives can be remembered for as long as
// the file stays what it is. Whatever is wrong with a file becomes a Problem; an unreadable file has no other facts.
package facts

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/singoff/singoff/service/catalog/audio"
)

// Version of what is read: facts of another version are read again.
const Version = 1

// Kind of file, by its name.
type Kind int

// The kinds. Other files aren't read.
const (
	Other Kind = iota
	AudioFile
	CoverFile
	LyricsFile
)

// Extensions of what is read, the better ones first. What an audio file is, its content tells.
var (
	AudioExtensions  = []string{".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".wav"}
	CoverExtensions  = []string{".jpg", ".jpeg", ".png", ".webp"}
	LyricsExtensions = []string{".lrc", ".txt"}
)

// KindOf goes by a key's extension.
func KindOf(key string) Kind {
	ext := Extension(key)
	switch {
	case slices.Contains(AudioExtensions, ext):
		return AudioFile
	case slices.Contains(CoverExtensions, ext):
		return CoverFile
	case slices.Contains(LyricsExtensions, ext):
		return LyricsFile
	}
	return Other
}

// Extension of a key, in lower case, with its dot.
func Extension(key string) string { return strings.ToLower(path.Ext(key)) }

// Timing is how finely lyrics are timed; 0: there are none.
type Timing int

// The timings.
const (
	Untimed Timing = iota + 1
	TimedLines
	TimedWords
)

// Facts are what a file says. One of Audio, Cover and Lyrics is set, or none if the file can't be used.
type Facts struct {
	Audio    *Audio    `json:",omitempty"`
	Cover    *Cover    `json:",omitempty"`
	Lyrics   *Lyrics   `json:",omitempty"`
	Problems []Problem `json:",omitempty"`
}

// Audio is what an audio file says of itself.
type Audio struct {
	// Format of the content, whatever the file is called.
	Format audio.Format
	// Duration; 0: unknown.
	Duration time.Duration
	// Title, Artist and Album are the tags', else the name's; Title is never empty.
	Title, Artist, Album string
	// Year of the recording and number on the album; 0: unknown.
	Year, Number int `json:",omitempty"`
	// Gain in decibels to -18 LUFS, as its tags say; nil: they don't.
	Gain *float64 `json:",omitempty"`
	// Cover says that a picture is embedded.
	Cover bool `json:",omitempty"`
	// Lyrics says how embedded lyrics are timed; 0: there are none.
	Lyrics Timing `json:",omitempty"`
}

// Cover is what an image file says of itself.
type Cover struct{ MediaType string }

// Lyrics is what a file of lyrics says of itself.
type Lyrics struct {
	// Timing; 0: it holds no text.
	Timing Timing
	// Star is set for a file of UltraStar's notes.
	Star *Star `json:",omitempty"`
}

// Star is the head of a file of UltraStar's notes.
type Star struct {
	Title, Artist string
	// Audio and Cover are names of files in the same folder; may be empty.
	Audio, Cover string `json:",omitempty"`
}

// Problem is something wrong with a file.
type Problem struct {
	// Reason is a sentence for the operator.
	Reason string
	// LeftOut says that the file isn't used at all.
	LeftOut bool `json:",omitempty"`
}
