package index

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Folder holds tracks.
type Folder struct {
	// Path names it, `a/b`.
	Path string
	// Tracks in it and below it.
	Tracks int
}

// MaxFolders is how many folders of one parent are listed.
const MaxFolders = 1000

// Folders directly below the parent (empty: the uppermost), by name, at most MaxFolders.
func (x *Index) Folders(parent string) []Folder {
	found := x.folders[norm.NFC.String(strings.Trim(parent, "/"))]
	return found[:min(len(found), MaxFolders)]
}

func foldersOf(items []Item) map[string][]Folder {
	tracks := map[string]int{}
	for i := range items {
		for f := items[i].Folder; f != ""; f = parentOf(f) {
			tracks[f]++
		}
	}
	below := map[string][]Folder{}
	for f, n := range tracks {
		p := parentOf(f)
		below[p] = append(below[p], Folder{Path: f, Tracks: n})
	}
	c := collators.Get().(*collator)
	defer collators.Put(c)
	for _, folders := range below {
		keys := make(map[string][]byte, len(folders))
		for _, f := range folders {
			keys[f.Path] = append(c.key(path.Base(f.Path)), f.Path...)
		}
		slices.SortFunc(folders, func(a, b Folder) int { return bytes.Compare(keys[a.Path], keys[b.Path]) })
	}
	return below
}

func parentOf(folder string) string {
	if i := strings.LastIndexByte(folder, '/'); i >= 0 {
		return folder[:i]
	}
	return ""
}
