package names

import (
	"github.com/rivo/uniseg"
)

const (
	zeroWidthJoiner = '\u200d' // joins emoji to one
	textForm        = '\ufe0e' // asks for the plain form of the emoji before it
	emojiForm       = '\ufe0f' // asks for the colourful one
	keycap          = '\u20e3'
	blackFlag       = '\U0001f3f4'
	firstTag        = '\U000e0020'
	cancelTag       = '\U000e007f'
	lightSkin       = '\U0001f3fb'
	darkSkin        = '\U0001f3ff'
)

// invisible tells what only changes how the emoji around it is drawn.
func invisible(r rune) bool { return r == zeroWidthJoiner || r == textForm || r == emojiForm }

// tag tells the code points that spell a flag's region.
func tag(r rune) bool { return r >= firstTag && r <= cancelTag }

// emojiToCome tells the blocks where newer emoji get their place, so that a phone may know what this server doesn't yet.
func emojiToCome(r rune) bool { return r >= '\U0001f300' && r <= '\U0001faff' }

// pictographic tells whether a code point is an emoji by itself (Extended_Pictographic), by how it joins with another one.
func pictographic(r rune) bool {
	return uniseg.GraphemeClusterCount(string([]rune{r, zeroWidthJoiner, '\u2764'})) == 1
}

// joinsEmoji: the joiner at i has an emoji before it, with its skin and form if it has them, and one after it.
func (c character) joinsEmoji(i int) bool {
	if i+1 >= len(c.runes) || !pictographic(c.runes[i+1]) {
		return false
	}
	for i--; i >= 0; i-- {
		r := c.runes[i]
		if r != emojiForm && r != textForm && (r < lightSkin || r > darkSkin) {
			return pictographic(r)
		}
	}
	return false
}

// choosesForm: the selector at i has an emoji directly before it, or is that of a keycap.
func (c character) choosesForm(i int) bool {
	if i == 0 {
		return false
	}
	before := c.runes[i-1]
	if before == '#' || before == '*' || before >= '0' && before <= '9' {
		return i+1 < len(c.runes) && c.runes[i+1] == keycap
	}
	return pictographic(before)
}

// isTaggedFlag: the whole character is a flag whose region is spelled in tags. Others than these three are drawn as a black flag
// nearly everywhere, and would hide what they spell.
func (c character) isTaggedFlag() bool {
	if c.runes[0] != blackFlag || c.runes[len(c.runes)-1] != cancelTag {
		return false
	}
	var region []rune
	for _, r := range c.runes[1 : len(c.runes)-1] {
		if !tag(r) {
			return false
		}
		region = append(region, r-firstTag+' ')
	}
	switch string(region) {
	case "gbeng", "gbsct", "gbwls":
		return true
	}
	return false
}
