package catalog

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/index"
	"github.com/singoff/singoff/service/catalog/pairing"
)

// Track is a song.
type Track struct {
	// ID is the same wherever the same file name stands in the same folder of a bucket: 16 of a-z and 2-7.
	ID string
	// Title is the tag's, else from the file's name; never empty, at most 200 characters, as Artist and Album are.
	Title string
	// Artist is the tag's, else from the file's name, `artist - title`; may be empty.
	Artist string
	// Album is the tag's; may be empty.
	Album string
	// Duration; 0: unknown.
	Duration time.Duration
	// AudioType is the audio's media type: `audio/mpeg`.
	AudioType string
	// Year of the recording and Number on the album; 0: unknown.
	Year, Number int
	// Folder it lies in, `a/b`, alike in all buckets; empty: the uppermost.
	Folder string
	// HasCover says that a picture is served.
	HasCover bool
	// Lyrics says how its lyrics are timed; 0: there are none, or they weren't looked up yet.
	Lyrics facts.Timing
	// HasLyricsFile says that lyrics are served as a file too.
	HasLyricsFile bool
	// InstrumentalID is the track that is this song's instrumental, OfID the song whose instrumental this is; empty: none.
	InstrumentalID, OfID string
	// Gain in decibels that makes it as loud as others, -18 LUFS; nil: not known (yet).
	Gain *float64
	// File is the audio's key in its bucket, for the operator.
	File string
}

// entry is a track and where its files are.
type entry struct {
	Track
	bucket        bucket.Bucket
	cover, lyrics pairing.Source
	file          bucket.File // the audio as it was listed
	format        audio.Format
	measured      bool // or it was found that it can't be
	keys          *index.Keys
}

// track is an entry's track as it is known now.
func (c *Catalog) track(e *entry) Track {
	t := e.Track
	if t.Lyrics == 0 {
		t.Lyrics = facts.Timing(c.lookup.Known(sought(&t)))
	}
	if t.Gain == nil {
		if gain, ok := c.gains.Load(gainKeyOf(e)); ok {
			t.Gain = gainOf(nil, gain.(*float64))
		}
	}
	return t
}

// trackID hashes the key, so that a link to a song goes on working whatever system, bucket or Unicode form its file is copied
// to.
func trackID(key string) string {
	sum := sha256.Sum256([]byte("singoff track" + norm.NFC.String(key)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// folderOf is the folder of a key, as clients name it.
func folderOf(key string) string {
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		return norm.NFC.String(key[:i])
	}
	return ""
}
