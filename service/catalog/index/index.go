// Package index finds tracks: by words in their titles and artists, by initial consonants, in the order of titles, of artists or of what was
// played lately, a page at a time. An Index is made of all tracks at once and never changes, so that any number of goroutines may ask
// it; it goes through all tracks for each question, which for 50,000 takes a few milliseconds.
package index

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
)

// ErrToken is returned for a page token that wasn't given for this question.
var ErrToken = errors.New("not a token of this query's pages")

// Order of what is found.
type Order int

// The orders.
const (
	ByTitle Order = iota
	ByArtist
	ByRecency
)

// Item is a track to be found.
type Item struct {
	// ID names it; 16 characters.
	ID string
	// Folder it lies in, `a/b`; empty: the uppermost.
	Folder string
	// Keys of its title and artist.
	Keys *Keys
	// Title and Artist, for page tokens.
	Title, Artist string
}

// Played is when a track last began.
type Played struct {
	ID string
	At time.Time
}

// Query asks for a page.
type Query struct {
	// Text whose words must all be found, of more than 16 different ones the first 16; empty: all tracks.
	Text string
	// Order of what is found.
	Order Order
	// Folder that tracks lie in or below; empty: all.
	Folder string
	// Size of the page, at least 1.
	Size int
	// Token that came with the page before; empty: the first page.
	Token string
	// Recent is what ByRecency lists, the latest first.
	Recent []Played
}

// Result is a page.
type Result struct {
	// Items are positions in what New was given.
	Items []int
	// Next is the next page's token; empty: this is the last one.
	Next string
	// Total is how many are found in all.
	Total int
}

// Index is tracks in order.
type Index struct {
	items    []Item
	byTitle  []int
	byArtist []int
	byID     map[string]int
	folders  map[string][]Folder

	folderKeys sortKeys

	folded, initials packed
}

// New makes an index. It keeps items.
func New(items []Item) *Index { return new(Index).With(items) }

// With makes an index of other items, which it keeps, out of this one, which stays as it is. Those that are in both, by ID and by the very same
// Keys, are in order already: where few are new it takes a tenth of the time of New.
func (x *Index) With(items []Item) *Index {
	n := &Index{items: items, byID: make(map[string]int, len(items))}
	now := slices.Repeat([]int{gone}, len(x.items)) // where items of before are
	var fresh []int
	for i := range items {
		n.byID[items[i].ID] = i
		if at, ok := x.byID[items[i].ID]; ok && x.items[at].Keys == items[i].Keys {
			now[at] = i
		} else {
			fresh = append(fresh, i)
		}
	}
	n.byTitle = n.merged(x.byTitle, now, fresh, byTitle)
	n.byArtist = n.merged(x.byArtist, now, fresh, byArtist)
	n.folders, n.folderKeys = foldersOf(items, x.folderKeys)
	n.folded = packAll(items, func(k *Keys) string { return k.folded })
	n.initials = packAll(items, func(k *Keys) string { return k.initials })
	return n
}

const gone = -1

// merged is an order of before, of which now says where its items are, with fresh ones among them.
func (x *Index) merged(before, now, fresh []int, compare func(a, b *Item) int) []int {
	less := func(a, b int) int { return compare(&x.items[a], &x.items[b]) }
	fresh = slices.SortedFunc(slices.Values(fresh), less)
	order := make([]int, 0, len(x.items))
	for _, at := range before {
		i := now[at]
		if i == gone {
			continue
		}
		for len(fresh) > 0 && less(fresh[0], i) < 0 {
			order, fresh = append(order, fresh[0]), fresh[1:]
		}
		order = append(order, i)
	}
	return append(order, fresh...)
}

func byTitle(a, b *Item) int {
	return cmp.Or(bytes.Compare(a.Keys.title, b.Keys.title), bytes.Compare(a.Keys.artist, b.Keys.artist), strings.Compare(a.ID, b.ID))
}

func byArtist(a, b *Item) int {
	return cmp.Or(bytes.Compare(a.Keys.artist, b.Keys.artist), bytes.Compare(a.Keys.title, b.Keys.title), strings.Compare(a.ID, b.ID))
}

// Position of a track in what New was given.
func (x *Index) Position(id string) (int, bool) {
	i, ok := x.byID[id]
	return i, ok
}

// Find gives a page. The error is ErrToken. A page goes on where the one before ended, whatever came and went in between.
func (x *Index) Find(q Query) (Result, error) {
	m := newMatcher(q)
	last, err := parseToken(q, m)
	if err != nil {
		return Result{}, err
	}
	found := x.matches(m)
	if q.Order == ByRecency {
		return x.recent(q, m, found, last), nil
	}
	order, compare := x.byTitle, byTitle
	if q.Order == ByArtist {
		order, compare = x.byArtist, byArtist
	}
	from := 0
	if last != nil {
		from, _ = slices.BinarySearchFunc(order, last, func(i int, last *place) int {
			return cmp.Or(compare(&x.items[i], &last.Item), -1) // the first one behind it
		})
	}
	var p page
	for rank, i := range order {
		if found.has(i) {
			p.add(i, rank >= from, q.Size)
		}
	}
	return p.result(func(i int) string { return token(&place{Item: x.items[i]}, m) }), nil
}

func (x *Index) recent(q Query, m *matcher, found marks, last *place) Result {
	var p page
	at := map[int]time.Time{}
	for _, played := range q.Recent {
		i, ok := x.byID[played.ID]
		if !ok || !found.has(i) {
			continue
		}
		at[i] = played.At
		behind := last == nil || cmp.Or(last.at.Compare(played.At), strings.Compare(played.ID, last.ID)) > 0
		p.add(i, behind, q.Size)
	}
	return p.result(func(i int) string { return token(&place{Item: x.items[i], at: at[i]}, m) })
}

// page gathers what is found.
type page struct {
	items []int
	total int
	more  bool
}

func (p *page) add(i int, behind bool, size int) {
	p.total++
	switch {
	case !behind:
	case len(p.items) < size:
		p.items = append(p.items, i)
	default:
		p.more = true
	}
}

func (p *page) result(token func(last int) string) Result {
	r := Result{Items: p.items, Total: p.total}
	if p.more {
		r.Next = token(p.items[len(p.items)-1])
	}
	return r
}
