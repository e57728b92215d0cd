package kill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	"github.com/singoff/singoff/test/stage"
)

// trail is what somebody's connection has done since the last kill.
type trail struct {
	mu    sync.Mutex // protects steps
	steps []step
}

type step struct {
	at    time.Time
	state singoff.ConnectionState
}

func (t *trail) add(state singoff.ConnectionState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, step{time.Now(), state})
}

func (t *trail) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = nil
}

// since tells when its connection was lost, each try was made, and why it failed; and when the newest try began, and how many there were.
func (t *trail) since(kill time.Time) (steps []string, tried time.Time, tries int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	after := func(at time.Time) string { return at.Sub(kill).Round(time.Millisecond).String() }
	for _, s := range t.steps {
		switch {
		case s.state.Phase == singoff.PhaseJoined:
			steps = append(steps, after(s.at)+" joined")
		case s.state.NextTry.IsZero():
			tried = s.at
			tries++
			steps = append(steps, after(s.at)+" tries")
		default:
			steps = append(steps, fmt.Sprintf("%s %v, again at %s", after(s.at), s.state.Cause, after(s.state.NextTry)))
		}
	}
	return steps, tried, tries
}

// comingBack is how one came back into the room after a kill.
type comingBack struct {
	way   transport.Kind
	took  time.Duration // from the kill to the Welcome
	last  time.Duration // from the try that led to it to the Welcome
	tries int
	trail []string
}

func (w *person) cameBack(kill, welcome time.Time) comingBack {
	steps, tried, tries := w.trail.since(kill)
	if tried.IsZero() {
		tried = kill // it was under way already
	}
	return comingBack{way: w.way, took: welcome.Sub(kill), last: welcome.Sub(tried), tries: tries, trail: steps}
}

// comingsBack are those after all kills.
type comingsBack struct {
	serving []time.Duration // from each kill until the server served again
	all     []comingBack
}

func (c *comingsBack) add(serving time.Duration, back []comingBack) {
	c.serving = append(c.serving, serving)
	c.all = append(c.all, back...)
}

// String tells how long things took, by each way in, and what the slowest did meanwhile.
func (c *comingsBack) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the server served again after %s", spread(c.serving))
	for _, way := range append([]transport.Kind{"each way"}, stage.Ways...) {
		var took, last []time.Duration
		tries := 0
		for _, back := range c.all {
			if way == "each way" || back.way == way {
				took, last, tries = append(took, back.took), append(last, back.last), tries+back.tries
			}
		}
		fmt.Fprintf(&b, "\nback in the room after the kill, by %s: %s; %.1f tries each, the last of which took %s",
			way, spread(took), float64(tries)/float64(len(took)), spread(last))
	}
	slices.SortFunc(c.all, func(a, b comingBack) int { return cmp.Compare(b.took, a.took) })
	for _, back := range c.all[:min(len(c.all), 5)] {
		fmt.Fprintf(&b, "\nslowest, by %s: %s", back.way, strings.Join(back.trail, "; "))
	}
	return b.String()
}

func spread(took []time.Duration) string {
	slices.Sort(took)
	at := func(percent int) time.Duration {
		return took[min(len(took)-1, len(took)*percent/100)].Round(time.Millisecond)
	}
	return fmt.Sprintf("p50 %v, p90 %v, p99 %v, max %v", at(50), at(90), at(99), at(100))
}
