package index

import (
	"bytes"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Keys are a title and an artist prepared for being searched and sorted. They don't change, and stay valid for as long as the texts do.
type Keys struct {
	folded   string // title and artist, packed: syllables taken apart, case and width folded
	initials string // the same with initial consonants alone, without spaces
	title    []byte // sort key
	artist   []byte
}

// Prepare makes the keys of a track. It is the costly part of indexing: keep what it gives.
func Prepare(title, artist string) *Keys {
	c := collators.Get().(*collator)
	defer collators.Put(c)
	return &Keys{
		folded:   pack(fold(title)) + string(between) + pack(fold(artist)),
		initials: pack(initials(title)) + string(between) + pack(initials(artist)),
		title:    c.key(title),
		artist:   c.key(artist),
	}
}

var folding = cases.Fold() // keeps nothing between calls

// fold makes texts comparable: compatibility forms (width, compatibility jamo) and syllables taken apart, case folded.
func fold(s string) string {
	s = norm.NFKD.String(folding.String(norm.NFKD.String(s)))
	return strings.Join(strings.Fields(s), " ")
}

// A collator orders as Korean readers expect it; one serves one goroutine at a time.
type collator struct {
	by     *collate.Collator
	buffer collate.Buffer
}

var collators = sync.Pool{New: func() any {
	return &collator{by: collate.New(language.Korean, collate.Numeric)}
}}

// What a text begins with decides first: 가나다, then A to Z, then all else.
const (
	hangulFirst = iota
	latinThen
	restLast
	nothing // has no text: behind all
)

func (c *collator) key(text string) []byte {
	key := append([]byte{class(text)}, c.by.KeyFromString(&c.buffer, text)...)
	c.buffer.Reset()
	return bytes.Clone(key)
}

func class(text string) byte {
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Hangul, r):
			return hangulFirst
		case unicode.Is(unicode.Latin, r):
			return latinThen
		case unicode.IsLetter(r), unicode.IsNumber(r):
			return restLast
		}
	}
	if text == "" {
		return nothing
	}
	return restLast
}
