package catalog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/singoff/singoff/service/catalog/bucket"
	"github.com/singoff/singoff/service/catalog/index"
	"github.com/singoff/singoff/service/catalog/pairing"
	"github.com/singoff/singoff/service/catalog/store"
)

// view is what is known at a moment. It never changes.
type view struct {
	entries  []*entry
	index    *index.Index
	problems []Problem
}

func emptyView() *view { return &view{index: index.New(nil)} }

func (v *view) entry(id string) *entry {
	if i, ok := v.index.Position(id); ok {
		return v.entries[i]
	}
	return nil
}

// paired is what belongs together in a folder of a bucket.
type paired struct {
	entries  []*entry
	problems []Problem
}

// publish makes a view of what all shelves hold. Folders in which nothing happened are as they were in the view before.
func (c *Catalog) publish() {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	before := c.view.Load()
	b := builder{max: c.cfg.MaxTracks, taken: make(map[string]*entry, len(before.entries)), entries: make([]*entry, 0, len(before.entries))}
	for _, s := range c.shelves {
		c.noteSeen(s.pair(before))
		b.add(s)
	}
	items := make([]index.Item, len(b.entries))
	for i, e := range b.entries {
		items[i] = index.Item{ID: e.ID, Folder: e.Folder, Keys: e.keys, Title: e.Title, Artist: e.Artist}
	}
	c.view.Store(&view{entries: b.entries, index: before.index.With(items), problems: b.problems})
	c.warn(b.problems)
}

func (c *Catalog) noteSeen(entries []*entry) {
	c.seen.Lock()
	defer c.seen.Unlock()
	for _, e := range entries {
		c.seen.ids[e.ID] = true
	}
}

// pair pairs the files of folders in which something happened, and gives what it found there.
func (s *shelf) pair(before *view) (found []*entry) {
	for folder, files := range s.takeTouched() {
		pairable, known := make([]pairing.File, len(files)), make(map[string]*store.Remembered, len(files))
		for i, f := range files {
			pairable[i] = pairing.File{Key: f.Key, Facts: f.Facts}
			known[f.Key] = f
		}
		songs, problems := pairing.Songs(pairable)
		if len(songs)+len(problems) == 0 {
			delete(s.paired, folder)
			continue
		}
		p := &paired{}
		for i := range songs {
			p.entries = append(p.entries, entryOf(s.bucket, &songs[i], known[songs[i].Key], before))
		}
		for _, one := range problems {
			p.problems = append(p.problems, Problem{Bucket: s.bucket.Name(), File: one.Key, Reason: one.Reason, LeftOut: one.LeftOut})
		}
		s.paired[folder] = p
		found = append(found, p.entries...)
	}
	return found
}

// builder makes a view's entries.
type builder struct {
	taken    map[string]*entry
	max      int
	entries  []*entry
	problems []Problem
}

func (b *builder) add(s *shelf) {
	b.problems = append(b.problems, s.listProblems()...)
	folders := slices.Sorted(maps.Keys(s.paired))
	for _, folder := range folders {
		b.problems = append(b.problems, s.paired[folder].problems...)
	}
	var first *entry // beyond what is taken
	over := 0
	for _, folder := range folders {
		for _, e := range s.paired[folder].entries {
			if len(b.entries) == b.max {
				first, over = cmp.Or(first, e), over+1
				continue
			}
			b.take(e)
		}
	}
	if first != nil {
		b.problems = append(b.problems, Problem{Bucket: s.bucket.Name(), File: first.File, LeftOut: true,
			Reason: fmt.Sprintf("more than MaxTracks (%d) audio files: this one and the %d behind it are left out", b.max, over-1)})
	}
}

// take takes a song in unless its id is taken: by a bucket before, or by the same name in another Unicode form.
func (b *builder) take(e *entry) {
	if other := b.taken[e.ID]; other != nil {
		b.problems = append(b.problems, Problem{Bucket: e.bucket.Name(), File: e.File, LeftOut: true,
			Reason: fmt.Sprintf("the same name as %q in %s, which is taken", other.File, other.bucket.Name())})
		return
	}
	b.taken[e.ID] = e
	b.entries = append(b.entries, e)
}

// entryOf makes an entry of a song. What it has in common with the view before, and is costly, it takes from there.
func entryOf(from bucket.Bucket, song *pairing.Song, known *store.Remembered, before *view) *entry {
	a := song.Audio
	e := &entry{
		Track: Track{
			ID: trackID(song.Key), Title: a.Title, Artist: a.Artist, Album: a.Album, Duration: a.Duration, AudioType: a.Format.MediaType(),
			Year: a.Year, Number: a.Number, Folder: folderOf(song.Key), HasCover: song.Cover.Key != "", Lyrics: song.Timing,
			HasLyricsFile: song.Lyrics.Key != "" && !song.Lyrics.Embedded, File: song.Key,
		},
		bucket: from, cover: song.Cover, lyrics: song.Lyrics, file: known.File, format: a.Format, measured: known.Loudness != nil,
	}
	if song.Star != nil {
		e.Title, e.Artist = cmp.Or(song.Star.Title, e.Title), cmp.Or(song.Star.Artist, e.Artist)
	}
	if song.Instrumental != "" {
		e.InstrumentalID = trackID(song.Instrumental)
	}
	if song.Of != "" {
		e.OfID = trackID(song.Of)
	}
	e.Gain = gainOf(a.Gain, known.Loudness)
	if old := before.entry(e.ID); old != nil && old.Title == e.Title && old.Artist == e.Artist {
		e.keys = old.keys
	} else {
		e.keys = index.Prepare(e.Title, e.Artist)
	}
	return e
}

func (s *shelf) listProblems() []Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.odd)
}
