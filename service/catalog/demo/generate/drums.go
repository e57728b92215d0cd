package main

import (
	"math"
	"math/rand/v2"
)

// kick is a tone that falls, with a click.
func kick(n note) []float64 {
	phase := 0.0
	return envelope{rise: 0.001, sink: 0.11, level: 0, release: 0.1}.shaped(n, func(t float64) float64 {
		phase += (46 + 130*math.Exp(-t/0.028)) / rate
		return math.Sin(2*math.Pi*phase) + 0.25*math.Exp(-t/0.004)
	})
}

// snare is noise over a short tone.
func snare(n note) []float64 {
	noise := noiseOf(n, 11)
	return envelope{rise: 0.001, sink: 0.085, level: 0, release: 0.1}.shaped(n, func(t float64) float64 {
		return 0.55*noise() + 0.5*math.Exp(-t/0.05)*math.Sin(2*math.Pi*190*t)
	})
}

// clap is noise that begins thrice.
func clap(n note) []float64 {
	noise := noiseOf(n, 13)
	return envelope{rise: 0.001, sink: 0.12, level: 0, release: 0.12}.shaped(n, func(t float64) float64 {
		again := 1.0
		if t < 0.03 {
			again = math.Exp(-math.Mod(t, 0.01) / 0.004)
		}
		return 0.6 * noise() * again
	})
}

// hat is the high part of noise, short.
func hat(n note) []float64 { return cymbal(n, 0.028) }

// openHat rings on.
func openHat(n note) []float64 { return cymbal(n, 0.13) }

func cymbal(n note, sink float64) []float64 {
	noise := noiseOf(n, 17)
	var low float64
	return envelope{rise: 0.001, sink: sink, level: 0, release: 0.05}.shaped(n, func(float64) float64 {
		x := noise()
		low += 0.62 * (x - low)
		return 0.5 * (x - low)
	})
}

func noiseOf(n note, seed uint64) func() float64 {
	r := rand.New(rand.NewPCG(seed, uint64(n.at*rate)))
	return func() float64 { return r.Float64()*2 - 1 }
}
