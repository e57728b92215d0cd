package main

import (
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
)

// edge is a cover's width and height in pixels.
const edge = 512

// colour is light: red, green and blue from 0 to 1.
type colour [3]float64

// The stage's colours.
var (
	night = colour{0.035, 0.035, 0.055}
	coral = colour{1, 0.42, 0.36}
	cyan  = colour{0.25, 0.86, 0.92}
	cream = colour{1, 0.93, 0.84}
)

// painter gives the light at a place, from -1, left and top, to 1.
type painter func(x, y float64) colour

// mixed is a as far as t is 0 and b as far as it is 1.
func mixed(a, b colour, t float64) colour {
	t = min(max(t, 0), 1)
	for i := range a {
		a[i] += (b[i] - a[i]) * t
	}
	return a
}

// lit adds light.
func lit(a, light colour, much float64) colour {
	for i := range a {
		a[i] += light[i] * max(much, 0)
	}
	return a
}

// glow is 1 at a distance of 0 and fades over a width.
func glow(distance, width float64) float64 { return math.Exp(-math.Abs(distance) / width) }

// inside is 1 where the distance is negative, with a soft edge of a pixel.
func inside(distance float64) float64 { return min(max(0.5-distance*edge/2, 0), 1) }

// writeCover paints with four samples a pixel.
func writeCover(w io.Writer, paint painter) error {
	img := image.NewRGBA(image.Rect(0, 0, edge, edge))
	for py := range edge {
		for px := range edge {
			var sum colour
			for _, d := range [4][2]float64{{0.25, 0.25}, {0.75, 0.25}, {0.25, 0.75}, {0.75, 0.75}} {
				sum = lit(sum, paint((float64(px)+d[0])/edge*2-1, (float64(py)+d[1])/edge*2-1), 0.25)
			}
			img.SetRGBA(px, py, color.RGBA{R: level(sum[0]), G: level(sum[1]), B: level(sum[2]), A: 255})
		}
	}
	return jpeg.Encode(w, img, &jpeg.Options{Quality: 88})
}

// level bends what is brighter than a screen back into what it has.
func level(v float64) uint8 {
	const knee = 0.75
	if v > knee {
		v = knee + (1-knee)*(1-math.Exp((knee-v)/(1-knee)))
	}
	return uint8(255*v + 0.5)
}

// neonAlley is a sun of neon tubes over a grid of street lights.
func neonAlley(x, y float64) colour {
	c := mixed(night, colour{0.16, 0.05, 0.14}, (y+1)/2)
	r := math.Hypot(x, y+0.12)
	if horizon := y - 0.3; horizon < 0 {
		sun := inside(r - 0.52)
		gap := 1.0
		if y > -0.25 && math.Mod((y+0.25)*9, 1) < 0.28+(y+0.25)*0.5 {
			gap = 0
		}
		c = mixed(c, mixed(cream, coral, (y+0.6)/0.7), sun*gap)
		c = lit(c, coral, 0.35*glow(r-0.52, 0.09)*(1-sun))
	} else {
		deep := 1 / (horizon + 0.06)
		across, along := x*deep*1.3, deep*2.2
		line := max(glow(math.Mod(math.Abs(across)+0.5, 1)-0.5, 0.012*deep), glow(math.Mod(along, 1)-0.5, 0.035*deep*horizon+0.02))
		c = lit(c, cyan, 0.85*line*min(1, horizon*5))
	}
	return lit(c, cyan, 0.9*glow(y-0.3, 0.008))
}

// moonOverWater is a moon, its way over the waves, and a paper boat.
func moonOverWater(x, y float64) colour {
	c := mixed(night, colour{0.04, 0.09, 0.16}, (y+1)/1.4)
	r := math.Hypot(x-0.3, y+0.42)
	c = mixed(c, cream, inside(r-0.24))
	c = lit(c, cream, 0.25*glow(max(r-0.24, 0), 0.16))
	if y > 0.1 {
		deep := y - 0.1
		wave := math.Pow(max(0, math.Sin(64*math.Sqrt(deep)+1.1*math.Sin(x*7/(0.4+deep)+y*11))), 3)
		path := math.Exp(-math.Pow((x-0.3)/(0.1+0.35*deep), 2))
		c = lit(mixed(c, colour{0.02, 0.1, 0.15}, 0.8), cyan, 0.16*wave)
		c = lit(c, cream, 0.6*wave*path)
	}
	hull := max(math.Abs(x+0.28)-0.34+(y-0.3)*0.75, 0.3-y, y-0.5)
	sail := max(math.Abs(x+0.28)*1.25-(y+0.14)*0.55, -y-0.14, y-0.29)
	shade := 0.72 + 0.28*inside(x+0.28)
	c = mixed(c, lit(colour{}, coral, shade), inside(hull))
	return mixed(c, lit(colour{}, cream, shade), inside(sail))
}

// pulse is a heart's line between rings.
func pulse(x, y float64) colour {
	c := mixed(night, colour{0.09, 0.03, 0.08}, glow(math.Hypot(x, y), 0.7))
	r := math.Hypot(x, y)
	for i := range 7 {
		ring := 0.26 + 0.13*float64(i)
		c = lit(c, mixed(coral, cyan, float64(i)/6), 0.55*glow(r-ring, 0.006+0.002*float64(i))/(1+0.35*float64(i)))
	}
	beat := 0.62*math.Exp(-math.Pow((x+0.06)/0.055, 2)) - 0.42*math.Exp(-math.Pow((x-0.07)/0.05, 2)) + 0.13*math.Exp(-math.Pow((x+0.32)/0.07, 2)) +
		0.16*math.Exp(-math.Pow((x-0.36)/0.09, 2))
	slope := math.Abs(x+0.06)*8*math.Exp(-math.Pow((x+0.06)/0.07, 2)) + math.Abs(x-0.07)*6*math.Exp(-math.Pow((x-0.07)/0.07, 2))
	d := math.Abs(y+beat) / (1 + 3*slope)
	return lit(lit(c, coral, 1.5*glow(d, 0.012)), cream, 1.2*glow(d, 0.004))
}

// spotlight is a microphone in two crossing lights.
func spotlight(x, y float64) colour {
	c := night
	for _, l := range []struct {
		at   float64
		tint colour
	}{{-0.75, cyan}, {0.75, coral}} {
		down := y + 1.15
		off := x - l.at + l.at*0.44*down
		c = lit(c, l.tint, 0.34*math.Exp(-math.Pow(off/(0.1+0.17*down), 2))*math.Exp(-down*0.35))
	}
	floor := math.Hypot(x/0.8, (y-0.82)/0.16)
	c = lit(c, cream, 0.3*inside(floor-1)*(1.2-floor))
	head := math.Hypot(x, y+0.2) - 0.21
	mesh := 0.55 + 0.25*math.Sin(x*95)*math.Sin((y+0.2)*95)
	side := mixed(cyan, coral, (x+0.21)/0.42)
	c = mixed(c, lit(colour{}, mixed(side, cream, 0.45), mesh*(1-0.6*math.Hypot(x+0.05, y+0.27))), inside(head))
	body := max(math.Abs(x)-0.135+(y-0.02)*0.1, 0.015-y, y-0.6)
	c = mixed(c, lit(colour{}, side, 0.16+0.25*glow(math.Abs(x)-0.1, 0.03)), inside(body))
	band := max(math.Abs(x)-0.175, math.Abs(y-0.02)-0.03)
	return mixed(c, mixed(side, cream, 0.5), inside(band))
}
