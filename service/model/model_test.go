package model

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var (
	seeds  = flag.Int("seeds", defaultSeeds, "how many random schedules to run")
	first  = flag.Uint64("seed", 1, "the first seed")
	length = flag.Int("steps", 1500, "steps of a schedule")
)

// run is one schedule; the text says what broke, if anything did.
func runSeed(seed uint64, steps int) (failure string) {
	defer func() {
		if p := recover(); p != nil {
			failure = fmt.Sprintf("panic: %v", p)
			if testing.Verbose() {
				panic(p)
			}
		}
	}()
	w := newWorld(seed)
	for range steps {
		if w.turn(); w.failure != "" {
			return w.failure
		}
	}
	if w.quiesce(); w.failure == "" {
		w.verdict()
	}
	return w.failure
}

// TestSchedules runs random schedules. A failing seed is printed, and `-seed N -seeds 1` runs it alone.
func TestSchedules(t *testing.T) {
	t.Parallel()
	const lanes = 4
	start := time.Now()
	for lane := range lanes {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			for i := lane; i < *seeds; i += lanes {
				seed := *first + uint64(i)
				if failure := runSeed(seed, *length); failure != "" {
					t.Fatalf("seed %d: %s\nagain: go test ./service/model -run TestSchedules -seed %d -seeds 1 -v", seed, failure, seed)
				}
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d schedules of %d steps in %v", *seeds, *length, time.Since(start).Round(time.Millisecond))
	})
}
