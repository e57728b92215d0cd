package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/flight/recount"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	seeds     = flag.Int("seeds", defaultSeeds, "how many schedules to run with the log in memory")
	diskSeeds = flag.Int("disk-seeds", defaultDiskSeeds, "how many to run with the log on a disk that fails")
	first     = flag.Uint64("seed", 1, "the first seed")
	steps     = flag.Int("steps", 120, "steps of a schedule")
)

// TestSimulation runs schedules; one that fails is named by its seed.
func TestSimulation(t *testing.T) {
	schedules{n: *seeds, usual: defaultSeeds, must: []string{
		"restart", "KIND_NEW", "KIND_RESUMED", "REASON_FULL", "REASON_MOVED", "CAUSE_OUT_OF_STEP", "CAUSE_LOG_REFUSED", "taken", "voted",
	}}.run(t)
}

// TestSimulationOnDisk runs them over the log that servers have, on a disk that fails and loses power.
func TestSimulationOnDisk(t *testing.T) {
	schedules{n: *diskSeeds, usual: defaultDiskSeeds, onDisk: true, must: []string{
		"power cut", "trimmed", "forgotten", "backup", "KIND_NEW", "KIND_RESUMED", "REASON_MOVED", "CAUSE_LOG_REFUSED", "taken", "voted",
	}}.run(t)
}

// schedules are some to be run.
type schedules struct {
	n, usual int
	onDisk   bool
	must     []string // have come up in the usual ones
}

// run runs them in lanes beside each other. One alone is a replay: with it even the ids are a matter of its seed, and no goroutine runs beside another.
func (s schedules) run(t *testing.T) {
	t.Helper()
	var mu sync.Mutex
	reached, began := map[string]int{}, time.Now()
	one := func(t *testing.T, seed uint64) {
		var m *machine
		if s.onDisk {
			m = &machine{dir: t.TempDir()}
		}
		synctest.Test(t, func(t *testing.T) {
			w := run(t, seed, m)
			mu.Lock()
			defer mu.Unlock()
			for what, n := range w.reached {
				reached[what] += n
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d schedules of %d steps in %v: %v", s.n, *steps, time.Since(began).Round(time.Millisecond), reached)
		for _, what := range s.must {
			if reached[what] == 0 && s.n >= s.usual {
				t.Errorf("%s never happened", what)
			}
		}
	})
	if s.n == 1 {
		cryptotest.SetGlobalRandom(t, *first)
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		one(t, *first)
		return
	}
	t.Parallel()
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			for i := lane; i < s.n && !t.Failed(); i += lanes {
				seed := *first + uint64(i)
				t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { one(t, seed) })
			}
		})
	}
}

// run plays a schedule and judges it. A machine loses its power in the end.
func run(t *testing.T, seed uint64, m *machine) *world {
	t.Helper()
	w := newWorld(t, seed, m)
	defer w.close()
	for range *steps {
		w.turn()
	}
	w.calm()
	for _, p := range w.people {
		p.breakOff()
	}
	if m != nil {
		m.disk.Cut()
		w.reboot()
		if err := checkFile(t.Context(), m.log); err != nil {
			t.Error(err)
		}
	}
	w.linearizable()
	w.checkLog()
	return w
}

// linearizable checks every history.
func (w *world) linearizable() {
	w.t.Helper()
	for what, operations := range w.history {
		if got := porcupine.CheckOperations(modelOf(what), operations); !got {
			w.t.Errorf("%s isn't linearizable: %d operations", what, len(operations))
			for _, o := range operations {
				w.t.Logf("%+v", o)
			}
		}
	}
}

// checkLog recounts the log, and compares with it what each stream was given.
func (w *world) checkLog() {
	w.t.Helper()
	count := recount.New()
	var items []engine.Item
	for _, stored := range w.allEntries() {
		if err := count.Entry(stored.Data); err != nil {
			w.t.Fatalf("the log: %v", err)
		}
		more, err := engine.Items(stored.Data)
		if err != nil {
			w.t.Fatal(err)
		}
		items = append(items, more...)
	}
	for _, p := range w.people {
		for _, s := range p.runs {
			w.checkStream(p, s, items)
		}
	}
}

// checkStream: what a stream was given is a run of what its user may see, without a gap, a repeat or another order.
func (w *world) checkStream(p *person, s *stream, items []engine.Item) {
	w.t.Helper()
	var want []uint64
	for _, it := range items {
		if it.Seq > s.after && len(want) < len(s.seqs) && rules.Visible(it.Audience, p.user) {
			want = append(want, it.Seq)
		}
	}
	if !slices.Equal(s.seqs, want) {
		w.t.Errorf("%s was given seqs %v after %d, want %v", p.name, s.seqs, s.after, want)
	}
}
