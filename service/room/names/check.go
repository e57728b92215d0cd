package names

import (
	"unicode"

	"github.com/rivo/uniseg"
)

// check refuses a name for what it is made of; it is in NFC, trimmed and has plain spaces only.
func check(name string) error {
	position, state := 0, -1
	afterSpace := true
	for name != "" {
		var cluster string
		cluster, name, _, state = uniseg.FirstGraphemeClusterInString(name, state)
		position++
		c := character{runes: []rune(cluster), position: position, standsAlone: afterSpace}
		if err := c.check(); err != nil {
			return err
		}
		afterSpace = cluster == " "
	}
	return nil
}

// character is one grapheme cluster of a name.
type character struct {
	runes       []rune
	position    int  // from 1
	standsAlone bool // nothing but space is before it, so that a mark at its begin has no base
}

func (c character) check() error {
	marks := 0
	base := !c.standsAlone
	for i, r := range c.runes {
		if err := c.checkRune(i); err != nil {
			return err
		}
		switch {
		case invisible(r), tag(r): // checked above, by what is around it
		case !unicode.IsMark(r):
			marks, base = 0, r != ' '
		case !base:
			return baseless(r, c.position)
		default:
			if marks++; marks > MaxMarks {
				return tower(r, c.position)
			}
		}
	}
	if len(c.runes) > MaxCodePoints {
		return crowd(len(c.runes), c.position)
	}
	return nil
}

// checkRune refuses the i-th code point for its class, or for what is around it.
func (c character) checkRune(i int) error {
	r := c.runes[i]
	switch {
	case r == zeroWidthJoiner:
		if !c.joinsEmoji(i) {
			return notAllowed(r, "an invisible joiner, except within an emoji", c.position)
		}
	case r == textForm || r == emojiForm:
		if !c.choosesForm(i) {
			return notAllowed(r, "an invisible variation selector, except after an emoji", c.position)
		}
	case tag(r):
		if !c.isTaggedFlag() {
			return notAllowed(r, "an invisible tag, except within the flags of England, Scotland and Wales", c.position)
		}
	default:
		if what := unwanted(r); what != "" {
			return notAllowed(r, what, c.position)
		}
	}
	return nil
}

// unwanted says what a code point is that no name may have; empty: it may.
func unwanted(r rune) string {
	switch {
	case r == ' ':
		return ""
	case unicode.Is(unicode.Bidi_Control, r):
		return "a control of the writing direction"
	case unicode.Is(unicode.Cc, r):
		return "a control character"
	case unicode.In(r, unicode.Zl, unicode.Zp):
		return "a line separator"
	case blank(r):
		return "an invisible filler"
	case unicode.Is(unicode.Variation_Selector, r):
		return "an invisible variation selector"
	case unicode.Is(unicode.Cf, r):
		return "an invisible format character"
	case r == unicode.ReplacementChar:
		return "the sign of a broken text"
	case unicode.Is(unicode.Co, r):
		return "a private character, which looks different everywhere"
	case unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S), emojiToCome(r):
		return ""
	}
	return "not assigned to any character"
}

// blank tells what is drawn as nothing though its class says otherwise: the fillers of Hangul, and their kin in other scripts.
func blank(r rune) bool {
	switch r {
	case '\u2800', // Braille pattern blank
		'\ufffc',     // object replacement character
		'\U00013441', // Egyptian hieroglyph full blank
		'\U00013442', // Egyptian hieroglyph half blank
		'\U00016fe4', // Khitan small script filler
		'\U0001d159': // musical symbol null notehead
		return true
	}
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !tag(r)
}
