package index

import (
	"bytes"
	"sort"
)

// How texts are packed: a byte for ASCII, one for each Hangul jamo, seven for anything else, none of which occurs within another. Packed texts
// are a third of their UTF-8, and their first bytes tell them apart, which is what makes looking for one in many fast.
const (
	jamoBytes   = 0x80 // conjoining jamo: 19 initials, 21 vowels, 27 finals
	compatBytes = 0xC3 // the 30 consonants of keyboards
	other       = 0xFE // six digits of 16 follow
	digitBytes  = 0x10
	between     = '\n' // title and artist
	end         = 0x00 // of a track
)

// pack gives a folded text in that form. It holds neither a line's end nor a zero.
func pack(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r < 0x20:
			b = append(b, ' ')
		case r < 0x7F:
			b = append(b, byte(r))
		case r >= 0x1100 && r <= 0x1112:
			b = append(b, byte(jamoBytes+r-0x1100))
		case r >= 0x1161 && r <= 0x1175:
			b = append(b, byte(jamoBytes+19+r-0x1161))
		case r >= 0x11A8 && r <= 0x11C2:
			b = append(b, byte(jamoBytes+19+21+r-0x11A8))
		case r >= 0x3131 && r <= 0x314E:
			b = append(b, byte(compatBytes+r-0x3131))
		default:
			b = append(b, other)
			for shift := 20; shift >= 0; shift -= 4 {
				b = append(b, byte(digitBytes+r>>shift&0xF))
			}
		}
	}
	return string(b)
}

// packed is one text of every track, behind each other.
type packed struct {
	text   []byte
	starts []int // of each track
}

func packAll(items []Item, of func(*Keys) string) packed {
	size := 0
	for i := range items {
		size += len(of(items[i].Keys)) + 1
	}
	p := packed{text: make([]byte, 0, size), starts: make([]int, len(items))}
	for i := range items {
		p.starts[i] = len(p.text)
		p.text = append(append(p.text, of(items[i].Keys)...), end)
	}
	return p
}

// mark sets those whose text holds the word.
func (p *packed) mark(found marks, word string) {
	if word == "" {
		return
	}
	w := []byte(word)
	for at := 0; ; {
		i := bytes.Index(p.text[at:], w)
		if i < 0 {
			return
		}
		track := sort.SearchInts(p.starts, at+i+1) - 1
		found[track] = true
		if track+1 == len(p.starts) {
			return
		}
		at = p.starts[track+1]
	}
}
