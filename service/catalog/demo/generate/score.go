package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// step is a sixteenth of a bar, the unit of all places and lengths in a score.
const stepsOfBar = 16

// song is a whole piece: what is played, sung and painted.
type song struct {
	file, title, artist, album string
	bpm                        float64
	chords                     []string // one a bar, or two with a space between
	sections                   []section
	lines                      []line
	style                      style
	paint                      painter
}

// section is some bars in which the same instruments play.
type section struct {
	bars  int
	parts string
}

// line is a line of the lyrics: its bar, its notes as `pitch:steps` or `r:steps`, and a syllable for each note: a Hangul
// letter is one, and hyphens part the others.
type line struct {
	bar          int
	notes, words string
}

// style is how the accompaniment plays: patterns of a bar, a sign a step.
type style struct {
	swing             float64 // 0 to 0.3: how much later every second step comes
	kick, snare, hat  string  // x: a beat, o: an open hat
	bass              string  // 1, 5, 8: that note of the scale above the root; -: held on
	keys              string  // x: the chord; -: held on
	keysTone, arpTone tone
	pump              float64 // 0 to 1: how far the kick pushes the pads down
}

// note is one tone of a part, in seconds and hertz.
type note struct {
	at, length, hertz float64
	gain              float64
	syllable          string
}

func (s song) bars() int {
	n := 0
	for _, part := range s.sections {
		n += part.bars
	}
	return n
}

// seconds of a step's beginning, swung.
func (s song) seconds(step int) float64 {
	at := float64(step)
	if step%2 == 1 {
		at += s.style.swing
	}
	return at * 60 / s.bpm / 4
}

// playing says whether a part plays in a bar.
func (s song) playing(part string, bar int) bool {
	for _, sec := range s.sections {
		if bar < sec.bars {
			return strings.Contains(" "+sec.parts+" ", " "+part+" ")
		}
		bar -= sec.bars
	}
	return false
}

// sung is a line's notes.
func (s song) sung(l line) ([]note, error) {
	syllables := syllables(l.words)
	var notes []note
	step := l.bar * stepsOfBar
	for word := range strings.FieldsSeq(l.notes) {
		pitch, length, ok := strings.Cut(word, ":")
		n, err := strconv.Atoi(length)
		if !ok || err != nil || n < 1 {
			return nil, fmt.Errorf("%q: %q is no note", l.words, word)
		}
		if pitch != "r" {
			key, err := parsePitch(pitch)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", l.words, err)
			}
			if len(notes) == len(syllables) {
				return nil, fmt.Errorf("%q has more notes than syllables", l.words)
			}
			at := s.seconds(step)
			notes = append(notes, note{at: at, length: s.seconds(step+n) - at, hertz: hertz(key), gain: 1, syllable: syllables[len(notes)]})
		}
		step += n
	}
	if len(notes) < len(syllables) {
		return nil, fmt.Errorf("%q has more syllables (%d) than notes (%d)", l.words, len(syllables), len(notes))
	}
	return notes, nil
}

// syllables parts a line's words.
func syllables(words string) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == ' ' || r == '-' }) {
		var latin []rune
		for _, r := range word {
			switch {
			case unicode.Is(unicode.Hangul, r):
				out = append(out, string(r))
			case unicode.IsLetter(r):
				latin = append(latin, r)
			}
		}
		if len(latin) > 0 {
			out = append(out, string(latin))
		}
	}
	return out
}

var naturals = map[byte]int{'C': 0, 'D': 2, 'E': 4, 'F': 5, 'G': 7, 'A': 9, 'B': 11}

// parsePitch reads `F#4` as a MIDI key, of which 69 is A4.
func parsePitch(s string) (int, error) {
	name, octave := s[:len(s)-1], s[len(s)-1]
	key, rest, err := parseRoot(name)
	if err != nil || rest != "" || octave < '0' || octave > '9' {
		return 0, fmt.Errorf("%q is no pitch", s)
	}
	return key + 12*int(octave-'0'+1), nil
}

func parseRoot(s string) (int, string, error) {
	if s == "" {
		return 0, "", fmt.Errorf("no root")
	}
	key, ok := naturals[s[0]]
	if !ok {
		return 0, "", fmt.Errorf("%q is no root", s)
	}
	switch s = s[1:]; {
	case strings.HasPrefix(s, "#"):
		return key + 1, s[1:], nil
	case strings.HasPrefix(s, "b"):
		return key - 1, s[1:], nil
	}
	return key, s, nil
}

func hertz(key int) float64 { return 440 * math.Pow(2, float64(key-69)/12) }

// chord is a bass and the keys above it, close around middle C.
type chord struct {
	bass int
	keys []int
}

var qualities = map[string][]int{
	"": {0, 4, 7}, "m": {0, 3, 7}, "7": {0, 4, 7, 10}, "maj7": {0, 4, 7, 11}, "m7": {0, 3, 7, 10},
	"m9": {0, 3, 10, 14}, "13": {4, 10, 14, 21}, "sus4": {0, 5, 7}, "add9": {0, 4, 7, 14},
}

func parseChord(s string) (chord, error) {
	above, below, slash := strings.Cut(s, "/")
	root, quality, err := parseRoot(above)
	if err != nil {
		return chord{}, err
	}
	intervals, ok := qualities[quality]
	if !ok {
		return chord{}, fmt.Errorf("%q is no chord", s)
	}
	c := chord{bass: root}
	if slash {
		if c.bass, _, err = parseRoot(below); err != nil {
			return chord{}, err
		}
	}
	c.bass = 36 + (c.bass+8)%12 - 8 // E1 to D#2 and an octave on: where small loudspeakers still tell
	if c.bass < 33 {
		c.bass += 12
	}
	for _, i := range intervals {
		c.keys = append(c.keys, 54+(root+i+6)%12)
	}
	return c, nil
}

// chordAt is the chord of a step.
func (s song) chordAt(step int) (chord, error) {
	names := strings.Fields(s.chords[step/stepsOfBar])
	return parseChord(names[step%stepsOfBar*len(names)/stepsOfBar])
}
