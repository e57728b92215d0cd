// Package pairing finds out which files of a bucket belong together: a song is an audio file, with the cover and the lyrics that share its
// name in its folder, whatever case or Unicode form the names are in; else those named by a file of UltraStar's notes, those within the audio
// file, and the picture of the whole folder. `X (MR)` and the like are the instrumental of X. It looks at names and facts alone.
package pairing

import (
	"path"
	"slices"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog/facts"
)

// File is a file and what it says.
type File struct {
	Key   string
	Facts *facts.Facts

	nfc  string // the key, in the Unicode form that keys are compared in
	name string // folded, without extension
}

// Source is where a cover or lyrics come from.
type Source struct {
	// Key of the file; empty: there is none.
	Key string
	// Embedded says that it lies within that audio file.
	Embedded bool
}

// Song is an audio file and what belongs to it.
type Song struct {
	// Key of the audio file.
	Key string
	// Audio is what it says.
	Audio *facts.Audio
	// Cover and Lyrics, if there are.
	Cover, Lyrics Source
	// Timing of the lyrics; 0: there are none.
	Timing facts.Timing
	// Star is the head of the notes that name this song; nil: none do.
	Star *facts.Star
	// Instrumental is the key of this song's instrumental, Of that of the song whose instrumental this is; empty: none.
	Instrumental, Of string

	name string // as File's
}

// Problem is a file that can't be used, or only in part.
type Problem struct {
	Key string
	facts.Problem
}

// folder is the files of one folder.
type folder struct {
	audio, covers, lyrics []*File
}

// Songs finds the songs among a bucket's files, in the order of their keys, and what is wrong with the files that are meant to be used.
func Songs(files []File) (songs []Song, problems []Problem) {
	for i := range files {
		files[i].nfc = norm.NFC.String(files[i].Key)
		files[i].name = fold(facts.Stem(files[i].nfc))
	}
	slices.SortFunc(files, compare)
	folders := map[string]*folder{}
	var order []string
	for i := range files {
		f := &files[i]
		dir := path.Dir(f.nfc)
		if folders[dir] == nil {
			folders[dir] = &folder{}
			order = append(order, dir)
		}
		folders[dir].add(f)
	}
	used := map[string]bool{}
	for _, dir := range order {
		found := folders[dir].songs(used)
		instrumentals(found)
		songs = append(songs, found...)
	}
	for i := range files {
		f := &files[i]
		if facts.KindOf(f.Key) == facts.AudioFile || used[f.Key] {
			for _, p := range f.Facts.Problems {
				problems = append(problems, Problem{Key: f.Key, Problem: p})
			}
		}
	}
	return songs, problems
}

func (d *folder) add(f *File) {
	switch facts.KindOf(f.Key) {
	case facts.AudioFile:
		d.audio = append(d.audio, f)
	case facts.CoverFile:
		d.covers = append(d.covers, f)
	case facts.LyricsFile:
		d.lyrics = append(d.lyrics, f)
	}
}

// songs pairs the files of a folder. used gets the keys of those that were meant for a song, whether they could be used or not.
func (d *folder) songs(used map[string]bool) []Song {
	stars := d.stars()
	covers, lyrics := byName(d.covers), byName(d.lyrics)
	var songs []Song
	for _, f := range d.audio {
		if f.Facts.Audio == nil {
			continue
		}
		s := Song{Key: f.Key, Audio: f.Facts.Audio, name: f.name}
		var star *File
		if len(stars) > 0 {
			star = stars[fold(path.Base(f.Key))]
		}
		lyricsOf(&s, star, ranked(lyrics[f.name], facts.LyricsExtensions, f.Key), used)
		coverOf(&s, ranked(covers[f.name], facts.CoverExtensions, f.Key), covers, used)
		songs = append(songs, s)
	}
	return songs
}

// stars are the files of notes, by the names of the audio files they are for.
func (d *folder) stars() map[string]*File {
	stars := map[string]*File{}
	for _, f := range d.lyrics {
		if l := f.Facts.Lyrics; l != nil && l.Star != nil && l.Star.Audio != "" {
			stars[fold(path.Base(l.Star.Audio))] = f
		}
	}
	return stars
}

func lyricsOf(s *Song, star *File, beside []*File, used map[string]bool) {
	if star != nil {
		beside = append(slices.Clip(beside), star)
	}
	for _, f := range beside {
		used[f.Key] = true
		l := f.Facts.Lyrics
		if l == nil {
			continue
		}
		if s.Star == nil {
			s.Star = l.Star
		}
		if s.Lyrics.Key == "" && l.Timing != 0 {
			s.Lyrics, s.Timing = Source{Key: f.Key}, l.Timing
		}
	}
	if s.Lyrics.Key == "" && s.Audio.Lyrics != 0 {
		s.Lyrics, s.Timing = Source{Key: s.Key, Embedded: true}, s.Audio.Lyrics
	}
}

// coverOf looks for a song's cover beside it, then elsewhere among the folder's covers, which are by their names.
func coverOf(s *Song, beside []*File, covers map[string][]*File, used map[string]bool) {
	if s.Star != nil && s.Star.Cover != "" {
		want := fold(path.Base(s.Star.Cover))
		for _, f := range covers[fold(facts.Stem(s.Star.Cover))] {
			if fold(path.Base(f.Key)) == want {
				beside = append(slices.Clip(beside), f)
			}
		}
	}
	if s.Cover = first(beside, used); s.Cover.Key != "" {
		return
	}
	if s.Audio.Cover {
		s.Cover = Source{Key: s.Key, Embedded: true}
		return
	}
	s.Cover = first(slices.Concat(covers["cover"], covers["folder"]), used) // the picture of the whole folder
}

// first gives the first picture that can be used.
func first(covers []*File, used map[string]bool) Source {
	for _, f := range covers {
		used[f.Key] = true
		if f.Facts.Cover != nil {
			return Source{Key: f.Key}
		}
	}
	return Source{}
}

// byName gives files by their folded names without extension.
func byName(files []*File) map[string][]*File {
	named := map[string][]*File{}
	for _, f := range files {
		named[f.name] = append(named[f.name], f)
	}
	return named
}

var folding = cases.Fold() // keeps nothing between calls

// fold is what names that are to be the same have in common.
func fold(name string) string {
	return norm.NFC.String(folding.String(norm.NFC.String(name)))
}
