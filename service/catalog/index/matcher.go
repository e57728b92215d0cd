package index

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word is one of those that must be found, packed.
type word struct {
	folded  string
	typing  string // its form while its last consonant is yet to begin the next syllable; empty: it has none
	initial string // initial consonants; empty: it isn't made of them alone
}

// matcher is a query ready to be asked of each track.
type matcher struct {
	words  []word
	folder string
	hash   [8]byte // of all that a page token belongs to
}

// maxWords is how many different words are looked for; the others of a longer question, which is somebody's whole sentence, are passed over.
const maxWords = 16

func newMatcher(q Query) *matcher {
	m := &matcher{folder: norm.NFC.String(strings.Trim(q.Folder, "/"))}
	folded := make([]string, 0, 4)
	for _, text := range strings.Fields(q.Text) {
		for i, f := range strings.Fields(fold(text)) {
			if len(folded) == maxWords || slices.Contains(folded, f) {
				continue
			}
			w := word{folded: pack(f), typing: pack(whileTyping(f))}
			if initial, ok := asInitials(text); ok && i == 0 {
				w.initial = pack(initial)
			}
			m.words = append(m.words, w)
			folded = append(folded, f)
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%q\x00%s", q.Order, folded, m.folder))
	copy(m.hash[:], sum[:])
	return m
}

// whileTyping gives 가ᄀ for 각: on the way to 가구, a keyboard shows 각 for a moment.
func whileTyping(folded string) string {
	r, n := utf8.DecodeLastRuneInString(folded)
	if initial, ok := finals[r]; ok {
		return folded[:len(folded)-n] + initial
	}
	return ""
}

// marks say for each track whether it is found; none: all are.
type marks []bool

func (m marks) has(i int) bool { return len(m) == 0 || m[i] }

// matches gives the tracks found.
func (x *Index) matches(m *matcher) marks {
	if len(m.words) == 0 && m.folder == "" {
		return nil
	}
	found := make(marks, len(x.items))
	x.markWord(found, m, 0)
	for i := 1; i < len(m.words); i++ {
		too := make(marks, len(x.items))
		x.markWord(too, m, i)
		for t := range found {
			found[t] = found[t] && too[t]
		}
	}
	for t := range found {
		found[t] = found[t] && within(x.items[t].Folder, m.folder)
	}
	return found
}

func (x *Index) markWord(found marks, m *matcher, i int) {
	if i >= len(m.words) {
		for t := range found {
			found[t] = true
		}
		return
	}
	w := m.words[i]
	x.folded.mark(found, w.folded)
	x.folded.mark(found, w.typing)
	x.initials.mark(found, w.initial)
}

// within says whether a folder is another or lies below it.
func within(folder, above string) bool {
	return above == "" || folder == above || len(folder) > len(above) && folder[len(above)] == '/' && folder[:len(above)] == above
}
