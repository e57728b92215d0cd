package catalog

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Extensions of what is looked at, the better ones first. What an audio file is its content tells.
var (
	audioExts  = []string{".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".wav"}
	coverExts  = []string{".jpg", ".jpeg", ".png", ".webp"}
	lyricsExts = []string{".lrc", ".txt"}
)

// song is the files that belong together: one audio file, and the covers and lyrics to choose from, best first.
type song struct {
	audio          string
	covers, lyrics []string
}

// pair finds the songs among a bucket's keys. Two audio files of one name are two songs; they share cover and lyrics.
func pair(keys []string) []song {
	type sidecars struct{ covers, lyrics []string }
	beside := map[string]*sidecars{}
	var audio []string
	for _, key := range keys {
		ext := extension(key)
		if slices.Contains(audioExts, ext) {
			audio = append(audio, key)
			continue
		}
		cover, lyrics := slices.Contains(coverExts, ext), slices.Contains(lyricsExts, ext)
		if !cover && !lyrics {
			continue
		}
		name := pairName(key)
		if beside[name] == nil {
			beside[name] = &sidecars{}
		}
		if cover {
			beside[name].covers = append(beside[name].covers, key)
		} else {
			beside[name].lyrics = append(beside[name].lyrics, key)
		}
	}
	songs := make([]song, 0, len(audio))
	for _, key := range audio {
		s := song{audio: key}
		if b := beside[pairName(key)]; b != nil {
			s.covers, s.lyrics = ranked(b.covers, coverExts, key), ranked(b.lyrics, lyricsExts, key)
		}
		songs = append(songs, s)
	}
	return songs
}

func extension(key string) string { return strings.ToLower(path.Ext(key)) }

// pairName is what the files of one song have in common. Folders must be written alike but for the Unicode form.
func pairName(key string) string {
	return norm.NFC.String(path.Dir(key)) + "/" + norm.NFC.String(cases.Fold().String(norm.NFC.String(stem(key))))
}

// ranked puts the name written exactly as the audio's first, then goes by extension.
func ranked(keys, exts []string, audio string) []string {
	want := norm.NFC.String(stem(audio))
	differs := func(key string) int {
		if norm.NFC.String(stem(key)) == want {
			return 0
		}
		return 1
	}
	out := slices.Clone(keys)
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Or(
			cmp.Compare(differs(a), differs(b)),
			cmp.Compare(slices.Index(exts, extension(a)), slices.Index(exts, extension(b))),
		)
	})
	return out
}
