package singoff

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

type boundsCase struct {
	Name  string
	Steps []struct {
		Measured          []float64
		Reconnected       *float64
		Forgotten         bool
		Offset, RoundTrip float64
		Partings          *int
		Within            float64
	}
}

// TestBounds runs the table that the TypeScript SDK is tested by too. Times are in ms.
func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range vectors[boundsCase](t, "clock.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			var b bounds
			for i, step := range c.Steps {
				if step.Reconnected != nil {
					b.reconnect(moment(*step.Reconnected))
				}
				if step.Forgotten {
					b = bounds{}
				}
				if step.Measured == nil {
					continue
				}
				m := measurement{moment(step.Measured[0]), moment(step.Measured[1]), moment(step.Measured[2]), moment(step.Measured[3])}
				b.take(m)
				got, ok := b.reading(m.arrived)
				within := max(step.Within, 1e-3)
				if off := inMs(got.Offset) - step.Offset; !ok || math.Abs(off) > within {
					t.Errorf("step %d: got offset %v, want %v", i, inMs(got.Offset), step.Offset)
				}
				if off := inMs(got.RoundTrip) - step.RoundTrip; math.Abs(off) > within {
					t.Errorf("step %d: got round trip %v, want %v", i, inMs(got.RoundTrip), step.RoundTrip)
				}
				if step.Partings != nil && b.partings != *step.Partings {
					t.Errorf("step %d: got %d partings, want %d", i, b.partings, *step.Partings)
				}
			}
		})
	}
}

// TestBoundsOverSlowNet: over 150 ± 50 ms each way the clock is right to 8 ms in 95 of 100 moments, from 3 s on.
func TestBoundsOverSlowNet(t *testing.T) {
	t.Parallel()
	var off []float64
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 7919))
		var b bounds
		var there, back float64 // when the latest ways ended: none overtakes another
		for i, sent := 0, 0.0; sent < 60_000; i++ {
			there = max(there, sent+100+100*random.Float64())
			back = max(back, there+100+100*random.Float64())
			m := measurement{moment(sent), moment(5000 + there), moment(5000 + there), moment(back)}
			b.take(m)
			if reading, _ := b.reading(m.arrived); sent > 3000 {
				off = append(off, math.Abs(inMs(reading.Offset)-5000))
			}
			sent += inMs(pingInterval)
			if i < quickPings {
				sent += inMs(quickPingInterval - pingInterval)
			}
		}
		if b.partings != 0 {
			t.Errorf("seed %d: %d partings, want none", seed, b.partings)
		}
	}
	slices.Sort(off)
	if p95 := off[len(off)*95/100]; p95 > 8 || p95 == 0 {
		t.Errorf("got %.1f ms off in 95 of 100 moments, want at most 8", p95)
	}
}

func moment(ms float64) time.Time { return time.UnixMicro(int64(math.Round(ms * 1000))) }

func inMs(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
