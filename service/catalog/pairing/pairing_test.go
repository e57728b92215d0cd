package pairing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/pairing"
)

// said makes facts of a key's kind: "!" before it is a file that can't be used, "+" audio with cover and lyrics within.
func said(key string) pairing.File {
	kind := facts.KindOf(key)
	bad, within := strings.HasPrefix(key, "!"), strings.HasPrefix(key, "+")
	key = strings.TrimLeft(key, "!+")
	f := &facts.Facts{}
	switch {
	case bad:
		f.Problems = []facts.Problem{{Reason: "broken", LeftOut: true}}
	case kind == facts.AudioFile && within:
		f.Audio = &facts.Audio{Title: key, Cover: true, Lyrics: facts.TimedLines}
	case kind == facts.AudioFile:
		f.Audio = &facts.Audio{Title: key}
	case kind == facts.CoverFile:
		f.Cover = &facts.Cover{MediaType: "image/png"}
	case kind == facts.LyricsFile:
		f.Lyrics = &facts.Lyrics{Timing: facts.TimedLines}
	}
	return pairing.File{Key: key, Facts: f}
}

func source(s pairing.Source) string {
	if s.Embedded {
		return "+"
	}
	return s.Key
}

func TestPairs(t *testing.T) {
	t.Parallel()
	nfc, nfd := norm.NFC.String("심장 위로"), norm.NFD.String("심장 위로")
	tests := map[string]struct {
		files         []string
		cover, lyrics string
		problems      int
	}{
		"same name":              {[]string{"a.mp3", "a.jpg", "a.lrc"}, "a.jpg", "a.lrc", 0},
		"other case":             {[]string{"Song.MP3", "SONG.Png", "song.TXT"}, "SONG.Png", "song.TXT", 0},
		"other Unicode form":     {[]string{nfc + ".mp3", nfd + ".webp", nfd + ".lrc"}, nfd + ".webp", nfd + ".lrc", 0},
		"folder of another form": {[]string{nfd + "/a.mp3", nfc + "/a.jpeg", nfc + "/a.lrc"}, nfc + "/a.jpeg", nfc + "/a.lrc", 0},
		"other folder":           {[]string{"x/a.mp3", "y/a.jpg", "a.lrc"}, "", "", 0},
		"other name":             {[]string{"a.mp3", "a2.jpg", "a.b.lrc", "!readme.txt"}, "", "", 0},
		"dots within":            {[]string{"feat. b.mp3", "feat. b.jpg", "feat.lrc"}, "feat. b.jpg", "", 0},
		"second choice":          {[]string{"a.mp3", "!a.jpg", "a.png", "!a.lrc", "a.txt"}, "a.png", "a.txt", 2},
		"best kind":              {[]string{"a.mp3", "a.png", "a.jpg", "a.txt", "a.lrc"}, "a.jpg", "a.lrc", 0},
		"within":                 {[]string{"+a.mp3"}, "+", "+", 0},
		"beside before within":   {[]string{"+a.mp3", "a.jpg", "a.lrc"}, "a.jpg", "a.lrc", 0},
		"folder's picture":       {[]string{"x/a.mp3", "x/Folder.JPG", "x/cover.png"}, "x/cover.png", "", 0},
		"within before folder's": {[]string{"+a.mp3", "cover.jpg"}, "+", "+", 0},
		"folder's is broken":     {[]string{"a.mp3", "!cover.jpg", "folder.png"}, "folder.png", "", 1},
		"of the folder above":    {[]string{"x/y/a.mp3", "x/cover.jpg"}, "", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var files []pairing.File
			for _, key := range tt.files {
				files = append(files, said(key))
			}
			songs, problems := pairing.Songs(files)
			if len(songs) != 1 {
				t.Fatalf("got %d songs, want 1", len(songs))
			}
			if got := songs[0]; source(got.Cover) != tt.cover || source(got.Lyrics) != tt.lyrics || (got.Timing != 0) != (tt.lyrics != "") {
				t.Errorf("got %+v, want cover %q and lyrics %q", got, tt.cover, tt.lyrics)
			}
			if len(problems) != tt.problems {
				t.Errorf("got %v, want %d problems", problems, tt.problems)
			}
		})
	}
}

func TestInstrumentals(t *testing.T) {
	t.Parallel()
	var files []pairing.File
	for _, key := range []string{
		"a.mp3", "a (MR).mp3", "a.lrc", "a.jpg", "b.flac", "B [inst].MP3", "b [inst].lrc", "c (Instrumental).mp3", "d.mp3", "d(반주).mp3", "d [MR].mp3",
		"mr.mp3", "x/e.mp3", "e (MR).mp3", "!f.mp3", "f (MR).mp3",
	} {
		files = append(files, said(key))
	}
	songs, _ := pairing.Songs(files)
	var got []string
	for _, s := range songs {
		if s.Instrumental != "" || s.Of != "" {
			got = append(got, fmt.Sprintf("%s of %q has %q, %s %s", s.Key, s.Of, s.Instrumental, source(s.Cover), source(s.Lyrics)))
		}
	}
	want := []string{
		`B [inst].MP3 of "b.flac" has "",  b [inst].lrc`,
		`a (MR).mp3 of "a.mp3" has "", a.jpg a.lrc`,
		`a.mp3 of "" has "a (MR).mp3", a.jpg a.lrc`,
		`b.flac of "" has "B [inst].MP3",  `,
		`d [MR].mp3 of "d.mp3" has "",  `,
		`d.mp3 of "" has "d [MR].mp3",  `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// An UltraStar folder names its files in the notes, not by a base name they share.
func TestUltraStar(t *testing.T) {
	t.Parallel()
	star := func(audio, cover string) *facts.Facts {
		return &facts.Facts{Lyrics: &facts.Lyrics{Timing: facts.TimedWords, Star: &facts.Star{Title: "T", Artist: "A", Audio: audio, Cover: cover}}}
	}
	files := []pairing.File{
		said("A - T/audio.MP3"), {Key: "A - T/notes.txt", Facts: star("Audio.mp3", "A - T [CO].jpg")}, said("A - T/A - T [CO].jpg"), said("A - T/A - T [BG].jpg"),
		said("B - U/B - U.mp3"), {Key: "B - U/B - U.txt", Facts: star("", "missing.jpg")}, said("B - U/cover.jpg"),
	}
	songs, problems := pairing.Songs(files)
	if len(songs) != 2 || len(problems) != 0 {
		t.Fatalf("got %v, %v, want two songs", songs, problems)
	}
	for i, want := range []string{"A - T/A - T [CO].jpg A - T/notes.txt", "B - U/cover.jpg B - U/B - U.txt"} {
		s := songs[i]
		if got := s.Cover.Key + " " + s.Lyrics.Key; got != want || s.Star == nil || s.Timing != facts.TimedWords {
			t.Errorf("got %s with %v, want %s with its head", got, s.Star, want)
		}
	}
}
