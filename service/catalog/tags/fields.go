package tags

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog/charset"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

// field is one of the things a tag can say.
type field int

const (
	fieldNone field = iota
	fieldTitle
	fieldArtist
	fieldAlbumArtist
	fieldAlbum
	fieldYear
	fieldTrack
	fieldText // lyrics
	fieldReplayGain
	fieldR128Gain
)

// fieldNames are the names of fields in Vorbis comments, APE, MP4's own and ID3's TXXX, in upper case.
var fieldNames = map[string]field{
	"TITLE": fieldTitle, "ARTIST": fieldArtist, "ALBUMARTIST": fieldAlbumArtist, "ALBUM ARTIST": fieldAlbumArtist, "ALBUM": fieldAlbum,
	"DATE": fieldYear, "YEAR": fieldYear, "ORIGINALDATE": fieldNone, "TRACKNUMBER": fieldTrack, "TRACK": fieldTrack,
	"LYRICS": fieldText, "UNSYNCEDLYRICS": fieldText, "UNSYNCED LYRICS": fieldText, "SYNCEDLYRICS": fieldText, "SYNCED LYRICS": fieldText,
	"REPLAYGAIN_TRACK_GAIN": fieldReplayGain, "R128_TRACK_GAIN": fieldR128Gain,
}

// set takes a field in, as the text that stands in the tag.
func (c *collector) set(f field, s string) {
	switch f {
	case fieldTitle:
		c.fill(&c.title, s)
	case fieldArtist:
		c.fill(&c.artist, s)
	case fieldAlbumArtist:
		c.fill(&c.albumArtist, s)
	case fieldAlbum:
		c.fill(&c.album, s)
	case fieldYear:
		if c.year == 0 {
			c.year = number(s)
		}
	case fieldTrack:
		if c.track == 0 {
			c.track = number(s)
		}
	case fieldText:
		c.words(s)
	case fieldReplayGain:
		c.setGain(s, 1, 0)
	case fieldR128Gain:
		c.setGain(s, 1.0/256, 5) // it brings to -23 LUFS, in 256ths of a decibel
	}
}

// fill keeps the first value that says something; a sure one replaces one that isn't.
func (c *collector) fill(v *value, s string) {
	repaired, sure := charset.Repair(strings.Trim(s, "\x00"), c.charset)
	shown := Clean(repaired)
	if shown == "" || v.text != "" && (v.sure || !sure) {
		return
	}
	*v = value{text: shown, sure: sure}
}

// number is the first run of digits, if it is 1 to 9999: `3/12`, `2019-05-01`, `03`.
func number(s string) int {
	s = strings.TrimLeft(s, "\uFEFF\x00 ")
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil || n > 9999 {
		return 0
	}
	return n
}

// maxGain refuses what only a broken tag says, in decibels.
const maxGain = 40

// setGain reads `-6.54 dB`.
func (c *collector) setGain(s string, unit, more float64) {
	if c.gain != nil {
		return
	}
	s = strings.Trim(s, "\x00 \uFEFF")
	if n := len(s) - 2; n > 0 && strings.EqualFold(s[n:], "db") {
		s = strings.TrimSpace(s[:n])
	}
	g, err := strconv.ParseFloat(strings.Replace(strings.TrimPrefix(s, "+"), ",", ".", 1), 64)
	g = g*unit + more
	if err != nil || math.IsNaN(g) || math.Abs(g) > maxGain {
		c.broken("a gain of %.40q", s)
		return
	}
	c.gain = &g
}

// words takes lyrics in that are finer timed than those there are.
func (c *collector) words(s string) {
	s = c.repaired(strings.Trim(s, "\x00"))
	if strings.TrimSpace(s) == "" {
		return
	}
	l, err := lyrics.FromText(s)
	c.sing(l, err)
}

func (c *collector) sing(l lyrics.Lyrics, err error) {
	if err != nil {
		c.note(fmt.Errorf("the lyrics within: %w", err))
		return
	}
	if l.Kind > c.lyrics.Kind {
		c.lyrics = l
	}
}

// song settles what the tags leave open by the file's name.
func (c *collector) song(name fileName) Song {
	s := Song{Album: c.album.text, Year: c.year, Track: c.track, Gain: c.gain, Cover: c.cover, Lyrics: c.lyrics}
	by := c.artist
	if by.text == "" || !by.sure && c.albumArtist.sure {
		by = value{text: cmp.Or(c.albumArtist.text, by.text), sure: c.albumArtist.sure}
	}
	s.Title, s.Artist = c.title.text, by.text
	switch {
	case c.title.text == "":
		s.Title = name.title
	case !c.title.sure || saysNothing(c.title.text):
		c.note(fmt.Errorf("%w: its title %q may be something else; taken from the file's name", ErrDoubtful, c.title.text))
		s.Title = name.title
	}
	switch fromName := s.Title == name.title || fold(s.Title) == fold(name.title); {
	case by.text == "" && fromName:
		s.Artist = name.artist
	case by.text != "" && !by.sure && name.artist != "":
		c.note(fmt.Errorf("%w: its artist %q may be something else; taken from the file's name", ErrDoubtful, by.text))
		s.Artist = name.artist
	}
	if s.Track == 0 && fold(s.Title) == fold(name.title) {
		s.Track = name.track
	}
	return s
}

func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

func (c *collector) repaired(s string) string {
	s, _ = charset.Repair(s, c.charset)
	return s
}
