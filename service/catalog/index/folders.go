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

// sortKeys are what folders are ordered by, by their paths.
type sortKeys map[string][]byte

// foldersOf takes the keys of folders that were there before from them.
func foldersOf(items []Item, before sortKeys) (below map[string][]Folder, keys sortKeys) {
	direct := map[string]int{}
	for i := range items {
		direct[items[i].Folder]++
	}
	tracks := make(map[string]int, len(direct))
	for folder, n := range direct {
		for f := folder; f != ""; f = parentOf(f) {
			tracks[f] += n
		}
	}
	below, keys = map[string][]Folder{}, make(sortKeys, len(tracks))
	c := collators.Get().(*collator)
	defer collators.Put(c)
	for f, n := range tracks {
		p := parentOf(f)
		below[p] = append(below[p], Folder{Path: f, Tracks: n})
		if keys[f] = before[f]; keys[f] == nil {
			keys[f] = append(c.key(path.Base(f)), f...)
		}
	}
	for _, folders := range below {
		slices.SortFunc(folders, func(a, b Folder) int { return bytes.Compare(keys[a.Path], keys[b.Path]) })
	}
	return below, keys
}

func parentOf(folder string) string {
	if i := strings.LastIndexByte(folder, '/'); i >= 0 {
		return folder[:i]
	}
	return ""
}
