package main

import (
	"encoding/binary"
	"io"
	"math"
)

// bus is a stereo sum.
type bus struct{ left, right []float64 }

func newBus(n int) bus { return bus{left: make([]float64, n), right: make([]float64, n)} }

// add puts a sound at a time, a gain and a place from -1, left, to 1.
func (b bus) add(sound []float64, at, gain, place float64) {
	l, r := gain*math.Sqrt((1-place)/2), gain*math.Sqrt((1+place)/2)
	from := samples(at)
	for i, v := range sound {
		if from+i >= len(b.left) {
			return
		}
		b.left[from+i] += l * v
		b.right[from+i] += r * v
	}
}

// mixIn adds another bus.
func (b bus) mixIn(other bus, gain float64) {
	for i := range b.left {
		b.left[i] += gain * other.left[i]
		b.right[i] += gain * other.right[i]
	}
}

// echo throws a bus from side to side.
func (b bus) echo(seconds, feedback float64) bus {
	d := samples(seconds)
	out := newBus(len(b.left))
	for i := d; i < len(out.left); i++ {
		out.left[i] = b.left[i-d] + feedback*out.right[i-d]
		out.right[i] = feedback * out.left[i-d]
	}
	return out
}

// room is a reverberation: combs side by side, all-passes behind, their lengths different left and right.
func (b bus) room(decay float64) bus {
	return bus{left: reverb(b.left, decay, 0), right: reverb(b.right, decay, 23)}
}

func reverb(in []float64, decay float64, spread int) []float64 {
	out := make([]float64, len(in))
	for _, d := range []int{1557, 1617, 1491, 1422, 1277, 1356} {
		comb(out, in, d+spread, decay)
	}
	for _, d := range []int{225, 556, 441} {
		allPass(out, d+spread)
	}
	return out
}

func comb(out, in []float64, d int, decay float64) {
	ring := make([]float64, d)
	low := 0.0
	for i, x := range in {
		y := ring[i%d]
		low += 0.55 * (y - low)
		ring[i%d] = x + low*decay
		out[i] += y / 6
	}
}

func allPass(x []float64, d int) {
	ring := make([]float64, d)
	for i, v := range x {
		y := ring[i%d]
		ring[i%d] = v + y*0.5
		x[i] = y - v*0.5
	}
}

// duck pushes a bus down behind each of some times.
func (b bus) duck(times []float64, depth float64) {
	if depth == 0 {
		return
	}
	gain := make([]float64, len(b.left))
	for i := range gain {
		gain[i] = 1
	}
	for _, at := range times {
		for i, from := 0, samples(at); i < rate/3 && from+i < len(gain); i++ {
			gain[from+i] = min(gain[from+i], 1-depth*math.Exp(-float64(i)/rate/0.09))
		}
	}
	for i, g := range gain {
		b.left[i] *= g
		b.right[i] *= g
	}
}

// master takes rumble away, rounds peaks, fades the end and makes the loudest sample peak.
func (b bus) master(peak float64, fade float64) {
	loudest := 0.0
	for _, side := range [][]float64{b.left, b.right} {
		low, from := 0.0, len(side)-samples(fade)
		for i, v := range side {
			low += 0.004 * (v - low)
			v = math.Tanh((v - low) * 1.1)
			if i > from {
				v *= math.Pow(math.Cos(math.Pi/2*float64(i-from)/float64(len(side)-from)), 2)
			}
			side[i] = v
			loudest = max(loudest, math.Abs(v))
		}
	}
	for i := range b.left {
		b.left[i] *= peak / loudest
		b.right[i] *= peak / loudest
	}
}

// writeWAV writes 16 bits a sample.
func (b bus) writeWAV(w io.Writer) error {
	size := len(b.left) * 4
	head := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(36+size))...)
	head = append(head, "WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00"...)
	head = binary.LittleEndian.AppendUint32(head, rate)
	head = binary.LittleEndian.AppendUint32(head, rate*4)
	head = append(head, "\x04\x00\x10\x00data"...)
	out := binary.LittleEndian.AppendUint32(head, uint32(size))
	for i := range b.left {
		for _, v := range [2]float64{b.left[i], b.right[i]} {
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(v*32767))))
		}
	}
	_, err := w.Write(out)
	return err
}
