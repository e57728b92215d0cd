package main

import (
	"math"
	"math/rand/v2"
	"strings"
)

// rate is how many samples a second has.
const rate = 44100

// tone makes the sound of one note: n samples, and what rings on behind them.
type tone func(n note) []float64

func samples(seconds float64) int { return int(seconds * rate) }

// envelope is the loudness of a note t seconds after its beginning: it rises, sinks towards a level that it keeps, and is let
// go at the note's end.
type envelope struct{ rise, sink, level, release float64 }

func (e envelope) at(t, length float64) float64 {
	held := min(t, length)
	v := e.level + (1-e.level)*math.Exp(-held/e.sink)
	if t < e.rise {
		v *= t / e.rise
	}
	if t > length {
		v *= math.Exp(-(t - length) / e.release * 3)
	}
	return v
}

// shaped calls wave for each sample of a note and its release.
func (e envelope) shaped(n note, wave func(t float64) float64) []float64 {
	out := make([]float64, samples(n.length+e.release*2))
	for i := range out {
		t := float64(i) / rate
		out[i] = wave(t) * e.at(t, n.length) * n.gain
	}
	return out
}

// formants are the resonances of a sung vowel, in hertz.
var formants = map[string][3]float64{
	"a": {780, 1250, 2700}, "eo": {600, 1000, 2600}, "o": {430, 800, 2600}, "u": {340, 760, 2500},
	"eu": {380, 1350, 2500}, "i": {300, 2250, 3000}, "e": {520, 1850, 2600},
}

// hangulVowels are those of the 21 medial letters, by what they end in.
var hangulVowels = strings.Fields("a e a e eo e eo e o a e e o u eo e i u eu i i")

// vowel is that of a syllable, Hangul or Latin.
func vowel(syllable string) string {
	for _, r := range syllable {
		if r >= '가' && r <= '힣' {
			return hangulVowels[(int(r)-'가')/28%21]
		}
		switch {
		case strings.ContainsRune("aA", r):
			return "a"
		case strings.ContainsRune("eE", r):
			return "e"
		case strings.ContainsRune("iIyY", r):
			return "i"
		case strings.ContainsRune("oO", r):
			return "o"
		case strings.ContainsRune("uU", r):
			return "eo"
		}
	}
	return "a"
}

// sing is a voice: harmonics under a vowel's resonances, breath at the beginning and vibrato once the note lasts.
func sing(n note) []float64 {
	f := formants[vowel(n.syllable)]
	var harmonics []float64
	for h := 1; float64(h)*n.hertz < 6000; h++ {
		hz := float64(h) * n.hertz
		level := 0.15
		for i, width := range [3]float64{110, 150, 260} {
			level += []float64{1, 0.6, 0.25}[i] / (1 + math.Pow((hz-f[i])/width, 2))
		}
		harmonics = append(harmonics, level/math.Pow(float64(h), 0.7))
	}
	breath := rand.New(rand.NewPCG(uint64(n.at*1000), 7))
	phase := 0.0
	return envelope{rise: 0.035, sink: 0.6, level: 0.75, release: 0.09}.shaped(n, func(t float64) float64 {
		scoop := 1 - 0.03*math.Exp(-t/0.03)
		vibrato := 1 + 0.006*math.Sin(2*math.Pi*5.4*t)*math.Min(1, max(0, t-0.18)*4)
		phase += n.hertz * scoop * vibrato / rate
		v := 0.0
		for i, level := range harmonics {
			v += level * math.Sin(2*math.Pi*phase*float64(i+1))
		}
		return 0.22*v + (0.05*math.Exp(-t/0.04)+0.004)*breath.NormFloat64()
	})
}

// electricPiano is a sine that another one bends: soft below, with the ring of a tine above.
func electricPiano(n note) []float64 {
	return envelope{rise: 0.003, sink: 0.9, level: 0.12, release: 0.25}.shaped(n, func(t float64) float64 {
		p := 2 * math.Pi * n.hertz * t
		tine := 0.25 * math.Exp(-t/0.12) * math.Sin(p*14)
		return 0.5 * math.Sin(p+1.1*math.Exp(-t/0.5)*math.Sin(p)+tine)
	})
}

// piano is strings slightly out of tune with their harmonics, the higher the shorter.
func piano(n note) []float64 {
	return envelope{rise: 0.004, sink: 1.6, level: 0.02, release: 0.3}.shaped(n, func(t float64) float64 {
		v := 0.0
		for h := 1.0; h <= 7; h++ {
			hz := n.hertz * h * math.Sqrt(1+0.0004*h*h)
			v += math.Exp(-t*h*0.9) * math.Sin(2*math.Pi*hz*t) / math.Pow(h, 1.3)
		}
		return 0.45 * v
	})
}

// pluck is a bright short tone for broken chords.
func pluck(n note) []float64 {
	return filtered(saw(n.hertz*1.003, n.hertz*0.997), envelope{rise: 0.002, sink: 0.12, level: 0.05, release: 0.12}, n,
		func(t float64) float64 { return 700 + 5200*math.Exp(-t/0.07) })
}

// pad is a broad slow tone.
func pad(n note) []float64 {
	return filtered(saw(n.hertz*1.004, n.hertz, n.hertz*0.995), envelope{rise: 0.25, sink: 2, level: 0.8, release: 0.5}, n,
		func(t float64) float64 { return 900 + 500*math.Sin(2*math.Pi*0.2*(n.at+t)) })
}

// bass is round, with a little edge at its beginning.
func bass(n note) []float64 {
	wave := saw(n.hertz)
	sub := func(t float64) float64 { return 0.7*math.Sin(2*math.Pi*n.hertz*t) + 0.5*wave(t) }
	return filtered(sub, envelope{rise: 0.004, sink: 0.4, level: 0.55, release: 0.06}, n,
		func(t float64) float64 { return 260 + 900*math.Exp(-t/0.09) })
}

// saw is the mean of saws, without the harmonics that sampling would turn into noise.
func saw(hertz ...float64) func(t float64) float64 {
	return func(t float64) float64 {
		v := 0.0
		for i, hz := range hertz {
			p := math.Mod(hz*t+0.31*float64(i), 1)
			v += 2*p - 1 - blep(p, hz/rate)
		}
		return v / float64(len(hertz))
	}
}

// blep rounds a saw's edge off.
func blep(p, step float64) float64 {
	switch {
	case p < step:
		x := p / step
		return x + x - x*x - 1
	case p > 1-step:
		x := (p - 1) / step
		return x*x + x + x + 1
	}
	return 0
}

// filtered lets only what is below a moving frequency through, twice over.
func filtered(wave func(t float64) float64, e envelope, n note, cut func(t float64) float64) []float64 {
	var a, b float64
	return e.shaped(n, func(t float64) float64 {
		k := 1 - math.Exp(-2*math.Pi*cut(t)/rate)
		a += k * (wave(t) - a)
		b += k * (a - b)
		return b
	})
}
