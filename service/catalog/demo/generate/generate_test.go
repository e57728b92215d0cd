package main

import (
	"io/fs"
	"math"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/catalog/demo"
)

func TestScores(t *testing.T) {
	t.Parallel()
	for _, s := range songs {
		t.Run(s.title, func(t *testing.T) {
			t.Parallel()
			if got := s.seconds(s.bars() * stepsOfBar); got != 60 {
				t.Errorf("got %v s, want a minute", got)
			}
			if len(s.chords) != s.bars() {
				t.Fatalf("got chords for %d bars, want %d", len(s.chords), s.bars())
			}
			for step := range s.bars() * stepsOfBar {
				if _, err := s.chordAt(step); err != nil {
					t.Error(err)
				}
			}
			end := 0.0
			for _, l := range s.lines {
				notes, err := s.sung(l)
				if err != nil {
					t.Fatal(err)
				}
				if notes[0].at < end {
					t.Errorf("%q begins at %v s, before the line before it ends at %v s", l.words, notes[0].at, end)
				}
				last := notes[len(notes)-1]
				end = last.at + last.length
			}
			if end > 60.001 {
				t.Errorf("the last line ends at %v s, after the song", end)
			}
		})
	}
}

// What is shown and what is sung come from one score: whoever changes it must write the files anew.
func TestCommittedLyricsAreTheScores(t *testing.T) {
	t.Parallel()
	for _, s := range songs {
		want, err := lyrics(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fs.ReadFile(demo.Songs, s.fileName(".lrc"))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s: got other lyrics than the score's; run the generator", s.fileName(".lrc"))
		}
	}
}

func TestRefusedLines(t *testing.T) {
	t.Parallel()
	for notes, says := range map[string]string{
		"C4:4 D4:4 E4:4":  "more notes than syllables",
		"C4:4 r:4":        "more syllables (2) than notes (1)",
		"C4:4 H4:4":       "no pitch",
		"C4:4 D4":         "no note",
		"C4:4 D4:0":       "no note",
		"C4:4 Dm4:4 E4:4": "no pitch",
	} {
		if _, err := fridayLights.sung(line{notes: notes, words: "가-나"}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", notes, err, says)
		}
	}
	for _, name := range []string{"", "H", "Cmaj99", "C/H"} {
		if _, err := parseChord(name); err == nil {
			t.Errorf("%q: got no error, want that it is no chord", name)
		}
	}
}

func TestSyllables(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"한 곡만 더":             "한|곡|만|더",
		"Ev-ery wave, we're": "Ev|ery|wave|were",
		"심장 beat":            "심|장|beat",
		"":                   "",
	} {
		if got := strings.Join(syllables(words), "|"); got != want {
			t.Errorf("got %q of %q, want %q", got, words, want)
		}
	}
	for syllable, want := range map[string]string{"강": "a", "너": "eo", "노": "o", "무": "u", "음": "eu", "기": "i", "세": "e", "wave": "a", "my": "i"} {
		if got := vowel(syllable); got != want {
			t.Errorf("got %q in %q, want %q", got, syllable, want)
		}
	}
}

// A voice that is off the notes of its score would be off the chords too.
func TestTonesAreInTune(t *testing.T) {
	t.Parallel()
	for name, sound := range map[string]tone{"voice": sing, "electric piano": electricPiano, "piano": piano, "bass": bass} {
		for _, key := range []int{52, 69} {
			want := hertz(key)
			got := pitch(sound(note{length: 0.3, hertz: want, gain: 1, syllable: "아"})[rate/10:rate/4], want)
			if cents := 1200 * math.Log2(got/want); math.Abs(cents) > 25 {
				t.Errorf("%s: got %.1f Hz, want %.1f: %.0f cents off", name, got, want, cents)
			}
		}
	}
}

// pitch is where a sound repeats itself best, within a few semitones of a guess.
func pitch(sound []float64, guess float64) float64 {
	best, lag := math.Inf(-1), 0
	for d := int(rate / guess / 1.2); d <= int(rate/guess*1.2); d++ {
		sum := 0.0
		for i := range len(sound) - 2*rate/100 {
			sum += sound[i] * sound[i+d]
		}
		if sum > best {
			best, lag = sum, d
		}
	}
	return rate / float64(lag)
}

func TestPlayedSongIsFitToBeHeard(t *testing.T) {
	t.Parallel()
	s := fridayLights
	s.bpm, s.sections = 240, []section{{1, "kick clap snare hat bass keys arp pad"}}
	s.lines = []line{{0, "F#4:4 A4:8", "금요"}}
	b, err := play(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, side := range map[string][]float64{"left": b.left, "right": b.right} {
		loudest, energy := 0.0, 0.0
		for _, v := range side {
			if math.IsNaN(v) {
				t.Fatalf("%s: got a sample that is no number", name)
			}
			loudest = max(loudest, math.Abs(v))
			energy += v * v
		}
		if loudest > 0.83 || math.Sqrt(energy/float64(len(side))) < 0.05 {
			t.Errorf("%s: got a peak of %.2f and a mean of %.3f, want no more than 0.82 and something to hear", name, loudest, math.Sqrt(energy/float64(len(side))))
		}
		if last := math.Abs(side[len(side)-1]); last > 0.001 {
			t.Errorf("%s: got an end at %.4f, want silence", name, last)
		}
	}
	var out strings.Builder
	if err := b.writeWAV(&out); err != nil || out.Len() != 44+4*len(b.left) {
		t.Errorf("got a WAV of %d bytes, %v, want %d", out.Len(), err, 44+4*len(b.left))
	}
}
