package singoff

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

type backoffCase struct {
	Name  string
	Steps []struct {
		At                           float64
		Tried, Settled, Brief, Woken bool
		Failed                       *struct{ Dice, RetryAfter float64 }
		Next                         float64
	}
}

// TestBackoff runs the table that the TypeScript SDK is tested by too. Times are in ms.
func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, c := range vectors[backoffCase](t, "backoff.json") {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			var b backoff
			for i, step := range c.Steps {
				at, got := moment(step.At), moment(step.Next)
				switch {
				case step.Tried:
					b.tried(at)
				case step.Settled:
					b.settled()
				case step.Brief:
					b.brief()
				case step.Woken:
					got = b.woken(at)
				case step.Failed != nil:
					dice := func(n time.Duration) time.Duration { return time.Duration(step.Failed.Dice * float64(n)) }
					got = b.nextBy(dice, at, time.Duration(step.Failed.RetryAfter*float64(time.Millisecond)))
				default:
					t.Fatalf("step %d says nothing", i)
				}
				if want := moment(step.Next); !got.Equal(want) {
					t.Errorf("step %d: got the next try %v later than %v ms", i, got.Sub(want), step.Next)
				}
			}
		})
	}
}

// A crowd that loses the server at once and finds it again after a while: how long each waits for it then. The bounds are those of the slots.
func TestBackoffOfACrowd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ away, longest time.Duration }{
		{100 * time.Millisecond, 1500 * time.Millisecond},
		{time.Second, 3 * time.Second},
		{3 * time.Second, 7500 * time.Millisecond},
		{10 * time.Second, 18 * time.Second},
		{5 * time.Minute, 5*time.Minute + 15*time.Second},
	} {
		t.Run(c.away.String(), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, uint64(c.away)))
			lost := time.Unix(1_000_000, 0)
			var back []time.Duration
			for range 1000 {
				var b backoff
				var tries []time.Time
				now := lost
				for now.Sub(lost) < c.away {
					now = b.nextBy(func(n time.Duration) time.Duration { return time.Duration(random.Int64N(int64(n))) }, now, 0)
					b.tried(now)
					tries = append(tries, now)
				}
				back = append(back, now.Sub(lost))
				for i := triesAtMost; i < len(tries); i++ {
					if span := tries[i].Sub(tries[i-triesAtMost]); span < triesWindow {
						t.Fatalf("got 7 tries within %v", span)
					}
				}
			}
			slices.Sort(back)
			if worst := back[len(back)-1]; worst > c.longest {
				t.Errorf("the last one came back after %v, want %v at most", worst, c.longest)
			}
			t.Logf("back after p50 %v, p99 %v, max %v", back[500], back[990], back[999])
			for i, at := range back {
				if j := i + 300; j < len(back) && back[j]-at < 100*time.Millisecond {
					t.Fatalf("got 300 of 1000 within %v, want them spread", back[j]-at)
				}
			}
		})
	}
}
