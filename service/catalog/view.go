package catalog

import (
	"cmp"
	"fmt"
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

// publish makes a view of what all shelves hold.
func (c *Catalog) publish() {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	b := builder{before: c.view.Load(), taken: map[string]*entry{}, max: c.cfg.MaxTracks}
	for _, s := range c.shelves {
		b.add(s)
	}
	items := make([]index.Item, len(b.entries))
	for i, e := range b.entries {
		items[i] = index.Item{ID: e.ID, Folder: e.Folder, Keys: e.keys, Title: e.Title, Artist: e.Artist}
	}
	c.view.Store(&view{entries: b.entries, index: index.New(items), problems: b.problems})
	c.seen.Lock()
	for id := range b.taken {
		c.seen.ids[id] = true
	}
	c.seen.Unlock()
	c.warn(b.problems)
}

// builder makes a view's entries.
type builder struct {
	before   *view
	taken    map[string]*entry
	max      int
	entries  []*entry
	problems []Problem
}

func (b *builder) add(s *shelf) {
	var files []pairing.File
	known := map[string]*store.Remembered{}
	s.pairable(func(f *store.Remembered) {
		files = append(files, pairing.File{Key: f.Key, Facts: f.Facts})
		known[f.Key] = f
	})
	songs, problems := pairing.Songs(files)
	name := s.bucket.Name()
	b.problems = append(b.problems, s.listProblems()...)
	for _, p := range problems {
		b.problems = append(b.problems, Problem{Bucket: name, File: p.Key, Reason: p.Reason, LeftOut: p.LeftOut})
	}
	if over := len(b.entries) + len(songs) - b.max; over > 0 {
		left := len(songs) - over
		b.problems = append(b.problems, Problem{Bucket: name, File: songs[left].Key, LeftOut: true,
			Reason: fmt.Sprintf("more than MaxTracks (%d) audio files: this one and the %d behind it are left out", b.max, over-1)})
		songs = songs[:left]
	}
	for i := range songs {
		b.take(s.bucket, &songs[i], known[songs[i].Key])
	}
}

// take takes a song in unless its id is taken: by a bucket before, or by the same name in another Unicode form.
func (b *builder) take(from bucket.Bucket, song *pairing.Song, known *store.Remembered) {
	e := entryOf(from, song, known)
	if other := b.taken[e.ID]; other != nil {
		b.problems = append(b.problems, Problem{Bucket: from.Name(), File: e.File, LeftOut: true,
			Reason: fmt.Sprintf("the same name as %q in %s, which is taken", other.File, other.bucket.Name())})
		return
	}
	if old := b.before.entry(e.ID); old != nil && old.Title == e.Title && old.Artist == e.Artist {
		e.keys = old.keys
	} else {
		e.keys = index.Prepare(e.Title, e.Artist)
	}
	b.taken[e.ID] = e
	b.entries = append(b.entries, e)
}

func entryOf(from bucket.Bucket, song *pairing.Song, known *store.Remembered) *entry {
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
	return e
}

func (s *shelf) listProblems() []Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.odd)
}
