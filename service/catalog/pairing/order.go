package pairing

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/singoff/singoff/service/catalog/facts"
)

// compare orders files so that their keys come alike whatever Unicode form they are in.
func compare(a, b File) int {
	return cmp.Or(strings.Compare(a.nfc, b.nfc), strings.Compare(a.Key, b.Key))
}

// ranked puts the name written exactly as the audio's first, then goes by extension.
func ranked(files []*File, extensions []string, audio string) []*File {
	if len(files) < 2 {
		return files
	}
	want := norm.NFC.String(facts.Stem(audio))
	differs := func(key string) int {
		if norm.NFC.String(facts.Stem(key)) == want {
			return 0
		}
		return 1
	}
	out := slices.Clone(files)
	slices.SortStableFunc(out, func(a, b *File) int {
		return cmp.Or(
			cmp.Compare(differs(a.Key), differs(b.Key)),
			cmp.Compare(slices.Index(extensions, facts.Extension(a.Key)), slices.Index(extensions, facts.Extension(b.Key))),
		)
	})
	return out
}

// instrumentalMark is how names of instrumentals end, folded.
var instrumentalMark = regexp.MustCompile(`\s*[(\[（【]\s*(mr|m\.r\.|inst|inst\.|instrumental|off vocal|karaoke|반주|엠알)\s*[)\]）】]$`)

// instrumentals links songs of one folder with their instrumentals, which get the song's lyrics and cover if they have none themselves.
func instrumentals(songs []Song) {
	byName := map[string]int{}
	for i := range songs {
		if _, taken := byName[songs[i].name]; !taken {
			byName[songs[i].name] = i
		}
	}
	for i := range songs {
		name := songs[i].name
		mark := instrumentalMark.FindStringIndex(name)
		if mark == nil {
			continue
		}
		of, ok := byName[name[:mark[0]]]
		if !ok || songs[of].Instrumental != "" {
			continue
		}
		full, bare := &songs[of], &songs[i]
		full.Instrumental, bare.Of = bare.Key, full.Key
		if bare.Lyrics.Key == "" {
			bare.Lyrics, bare.Timing = full.Lyrics, full.Timing
		}
		if bare.Cover.Key == "" {
			bare.Cover = full.Cover
		}
	}
}
