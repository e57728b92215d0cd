package loudness

import "math"

// meter gathers the energy of 100 ms pieces, of which four in a row are a block.
type meter struct {
	channels int
	weights  []float64 // of a channel's energy
	filters  []kFilter // one a channel
	piece    int       // samples of a piece
	filled   int
	energy   float64   // of the piece so far
	pieces   []float64 // mean squares
}

func newMeter(rate, channels int) *meter {
	m := &meter{channels: channels, piece: (rate + 5) / 10}
	for c := range channels {
		m.weights = append(m.weights, weight(c, channels))
		m.filters = append(m.filters, newKFilter(float64(rate)))
	}
	return m
}

// weight is 1.41 for surround channels and 0 for the one of low effects, in the usual order: L R C LFE Ls Rs.
func weight(c, channels int) float64 {
	switch {
	case channels >= 6 && c == 3:
		return 0
	case channels >= 6 && c >= 4, channels == 5 && c >= 3, channels == 4 && c >= 2:
		return 1.41
	}
	return 1
}

// add takes interleaved samples in.
func (m *meter) add(samples []float64) {
	for i := 0; i+m.channels <= len(samples); i += m.channels {
		for c := range m.channels {
			y := m.filters[c].next(samples[i+c])
			m.energy += m.weights[c] * y * y
		}
		if m.filled++; m.filled == m.piece {
			m.pieces = append(m.pieces, m.energy/float64(m.piece))
			m.energy, m.filled = 0, 0
		}
	}
}

// lufs is the loudness of a mean square.
func lufs(meanSquare float64) float64 { return -0.691 + 10*math.Log10(meanSquare) }

// integrated is the loudness of all blocks that pass both gates; -Inf: there are none.
func (m *meter) integrated() float64 {
	const absolute, relative = -70.0, -10.0
	var blocks []float64
	for i := 3; i < len(m.pieces); i++ {
		blocks = append(blocks, (m.pieces[i-3]+m.pieces[i-2]+m.pieces[i-1]+m.pieces[i])/4)
	}
	return lufs(gated(blocks, lufs(gated(blocks, absolute))+relative))
}

// gated is the mean of the blocks above a loudness, and never of those below the absolute gate.
func gated(blocks []float64, gate float64) float64 {
	var sum float64
	n := 0
	for _, b := range blocks {
		if l := lufs(b); l > gate && l > -70 {
			sum += b
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// biquad is a filter of second order.
type biquad struct {
	b0, b1, b2, a1, a2 float64
	z1, z2             float64
}

func (f *biquad) next(x float64) float64 {
	y := f.b0*x + f.z1
	f.z1 = f.b1*x - f.a1*y + f.z2
	f.z2 = f.b2*x - f.a2*y
	return y
}

// kFilter is K-weighting: a shelf for the head, then a high pass.
type kFilter struct{ shelf, pass biquad }

// newKFilter makes the filters of BS.1770 for any rate, by the analogue ones that the standard's figures for 48 kHz come from.
func newKFilter(rate float64) kFilter {
	var f kFilter
	gain, q := 3.999843853973347, 0.7071752369554196
	k := math.Tan(math.Pi * 1681.974450955533 / rate)
	vh := math.Pow(10, gain/20)
	vb := math.Pow(vh, 0.4996667741545416)
	a0 := 1 + k/q + k*k
	f.shelf = biquad{
		b0: (vh + vb*k/q + k*k) / a0, b1: 2 * (k*k - vh) / a0, b2: (vh - vb*k/q + k*k) / a0,
		a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0,
	}
	q = 0.5003270373238773
	k = math.Tan(math.Pi * 38.13547087602444 / rate)
	a0 = 1 + k/q + k*k
	f.pass = biquad{b0: 1, b1: -2, b2: 1, a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0}
	return f
}

func (f *kFilter) next(x float64) float64 { return f.pass.next(f.shelf.next(x)) }
