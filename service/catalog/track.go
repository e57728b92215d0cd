package catalog

import (
	"crypto/sha256"
	"encoding/base32"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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
	// HasCover and HasLyrics say what else is served.
	HasCover, HasLyrics bool
	// File is the audio's key in its bucket, for the operator.
	File string
}

// maxText is how many characters of a title, an artist or an album are kept.
const maxText = 200

// trackID hashes the key, so that a link to a song goes on working whatever system, bucket or Unicode form its file is copied
// to.
func trackID(key string) string {
	sum := sha256.Sum256([]byte("singoff track" + norm.NFC.String(key)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// named reads `artist - title` from a file's name. A number in the artist's place is the track's and is left out.
func named(key string) (artist, title string) {
	base := clean(stem(key))
	for _, dash := range []string{" - ", " – ", " — "} {
		before, after, ok := strings.Cut(base, dash)
		if !ok || strings.TrimSpace(after) == "" {
			continue
		}
		if strings.Trim(before, "0123456789. ") == "" {
			return "", after
		}
		return before, after
	}
	if base == "" {
		base = path.Base(key)
	}
	return "", base
}

// stem is a key's last part without its extension.
func stem(key string) string {
	base := path.Base(key)
	return strings.TrimSuffix(base, path.Ext(base))
}

// clean makes a tag's text fit to be shown, or empty if it isn't text: NFC, on one line, without controls and what turns the
// direction of what follows, at most maxText characters.
func clean(s string) string {
	if !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
		return ""
	}
	s = strings.ReplaceAll(strings.Trim(s, "\x00"), "\x00", ", ") // several values
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF':
			return -1
		}
		return r
	}, s)
	s = norm.NFC.String(strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > maxText {
		s = strings.TrimSpace(string(r[:maxText]))
	}
	return s
}
