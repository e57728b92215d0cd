package catalog

import (
	"fmt"
	"time"

	"github.com/singoff/singoff/service/catalog/index"
)

// Query asks for a page of tracks.
type Query struct {
	// Text whose words must all be found in title or artist; empty: all tracks.
	Text string
	// Order of what is found. Default index.ByTitle.
	Order index.Order
	// Folder that tracks lie in or below; empty: all.
	Folder string
	// Namespace whose plays index.ByRecency goes by.
	Namespace string
	// Size of the page; 0: DefaultPage.
	Size int
	// Token is Found.Next of the page before; empty: the first page.
	Token string
}

// DefaultPage is the size of a page for who doesn't say.
const DefaultPage = 50

// Found is a page of tracks.
type Found struct {
	Tracks []Track
	// Next is the next page's token; empty: this is the last one.
	Next string
	// Total is how many are found in all.
	Total int
}

// Find gives a page of tracks. The error is index.ErrToken, ErrClosed, or ErrUnreadable.
func (c *Catalog) Find(q Query) (Found, error) {
	if c.closed.Load() {
		return Found{}, ErrClosed
	}
	v := c.view.Load()
	if len(v.entries) == 0 {
		if _, err := c.unreadable(); err != nil {
			return Found{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
	}
	ask := index.Query{Text: q.Text, Order: q.Order, Folder: q.Folder, Size: q.Size, Token: q.Token}
	if ask.Size <= 0 {
		ask.Size = DefaultPage
	}
	if q.Order == index.ByRecency {
		ask.Recent = c.plays.of(q.Namespace)
	}
	r, err := v.index.Find(ask)
	if err != nil {
		return Found{}, err
	}
	found := Found{Next: r.Next, Total: r.Total, Tracks: make([]Track, len(r.Items))}
	for i, at := range r.Items {
		found.Tracks[i] = c.track(v.entries[at])
	}
	return found, nil
}

// Folders gives those directly below the parent (empty: the uppermost), by name, at most index.MaxFolders, with their tracks.
func (c *Catalog) Folders(parent string) ([]index.Folder, error) {
	if c.closed.Load() {
		return nil, ErrClosed
	}
	return c.view.Load().index.Folders(parent), nil
}

// Links are the addresses of a track's files, relative to the HTTP port; empty: there is none.
type Links struct {
	Audio, Cover, StageCover, Lyrics string
}

// Links gives a track's addresses for a namespace: signed, unless songs are public, for 12 hours.
func (c *Catalog) Links(t Track, namespace string) Links {
	now := time.Now()
	link := func(there bool, part string) string {
		at := "/songs/" + t.ID + "/" + part
		switch {
		case !there:
			return ""
		case c.cfg.Public:
			return at
		}
		return c.signer.Sign(at, namespace, now)
	}
	return Links{
		Audio: link(true, partAudio), Cover: link(t.HasCover, partCover), StageCover: link(t.HasCover, partStage), Lyrics: link(t.HasLyricsFile, partLyrics),
	}
}
