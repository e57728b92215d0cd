package catalog

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Page asks for a part of what is found.
type Page struct {
	// Size is how many tracks at most; 0: 50.
	Size int
	// Token is what Find gave with the page before; empty: the first page.
	Token string
}

// DefaultPage is the size of a page for who doesn't say.
const DefaultPage = 50

// Find gives the tracks whose title or artist holds the query, by title and then id, the token of the next page (empty: there
// is none) and how many there are in all. Case, width and Unicode form don't matter, and a syllable or letter is found in one
// that has more to it: 가 in 강, e in é; so a search can begin while its last syllable is being typed. The error is
// ErrPageToken, or ErrClosed.
func (c *Catalog) Find(query string, page Page) (tracks []Track, next string, total int, err error) {
	if c.closed.Load() {
		return nil, "", 0, ErrClosed
	}
	query = fold(query)
	after, err := parseToken(page.Token, query)
	if err != nil {
		return nil, "", 0, err
	}
	size := page.Size
	if size <= 0 {
		size = DefaultPage
	}
	var last *entry
	for _, e := range c.entries {
		if !strings.Contains(e.folded, query) {
			continue
		}
		total++
		if after != nil && compare(e, after) <= 0 {
			continue
		}
		switch {
		case len(tracks) < size:
			tracks = append(tracks, e.Track)
			last = e
		case next == "":
			next = token(last, query)
		}
	}
	return tracks, next, total, nil
}

// fold makes texts comparable: compatibility forms (width, compatibility jamo) and syllables taken apart, case folded.
func fold(s string) string {
	s = norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s)))
	return strings.Join(strings.Fields(s), " ")
}

// order sorts by title, as Korean readers expect it, and prepares for being searched.
func order(entries []*entry) {
	c := collate.New(language.Korean, collate.Numeric)
	var buf collate.Buffer
	for _, e := range entries {
		e.sortKey = bytes.Clone(c.KeyFromString(&buf, e.Title))
		buf.Reset()
		e.folded = fold(e.Title) + "\n" + fold(e.Artist) // no query holds a line's end
	}
	slices.SortFunc(entries, compare)
}

func compare(a, b *entry) int {
	return cmp.Or(bytes.Compare(a.sortKey, b.sortKey), strings.Compare(a.ID, b.ID))
}

// A token is the base64url of tokenVersion, eight bytes of the query's hash, the last track's id and its title: the page after
// it can be told even when songs have come or gone in between.
const (
	tokenVersion = 1
	idLength     = 16
	maxToken     = 2048
)

func token(last *entry, query string) string {
	b := append([]byte{tokenVersion}, queryHash(query)...)
	b = append(b, last.ID...)
	return base64.RawURLEncoding.EncodeToString(append(b, last.Title...))
}

func parseToken(s, query string) (*entry, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > maxToken {
		return nil, ErrPageToken
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 9+idLength || b[0] != tokenVersion || !bytes.Equal(b[1:9], queryHash(query)) {
		return nil, ErrPageToken
	}
	e := &entry{Track: Track{ID: string(b[9 : 9+idLength]), Title: string(b[9+idLength:])}}
	order([]*entry{e})
	return e, nil
}

func queryHash(folded string) []byte {
	sum := sha256.Sum256([]byte(folded))
	return sum[:8]
}
