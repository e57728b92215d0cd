package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/cli/history"
	"github.com/singoff/singoff/clients/go/transport"
)

// Report is what a simulation found.
type Report struct {
	Config   Config
	Elapsed  time.Duration // of the battles
	Members  int
	Commands int64
	Rejected int64 // of them: refused by the rules, which is an answer too
	Unknown  int64 // of them: the outcome couldn't be told
	Drops    int64
	// Joins is how often people joined and came back, by the way they took.
	Joins map[transport.Kind]int64
	// Events is how many different events there were; Deliveries how often one of them was seen by somebody.
	Events     int
	Deliveries int64
	// Latency from saying to being seen by another member, over connections that lived.
	Latency Spread
	// Back is how long it took from a cut to the next Welcome.
	Back Spread
	// CaughtUp is how long it took from the network's return until the person had everything that had been missed.
	CaughtUp Spread
	// Stuck are people who weren't back, or hadn't seen everything, when Settle was over, or whose rooms ended by themselves.
	Stuck []string
	// Violations of what is promised.
	Violations []history.Violation
}

// Lost is how many events somebody should have seen and didn't.
func (r *Report) Lost() int { return r.count(history.Lost, history.Gap) }

// Repeated is how many events came, or commands took effect, more than once.
func (r *Report) Repeated() int { return r.count(history.Repeated, history.Twice) }

// Reordered is how many events weren't the same for all in the same order.
func (r *Report) Reordered() int { return r.count(history.Reordered, history.Differs) }

// Other is how many other promises were broken: about seats, a Welcome's state, whispers.
func (r *Report) Other() int { return r.count(history.Seats, history.State, history.Leaked) }

// Good tells whether everything promised was held.
func (r *Report) Good() bool { return len(r.Violations) == 0 && len(r.Stuck) == 0 }

func (r *Report) count(kinds ...history.Kind) (n int) {
	for _, v := range r.Violations {
		for _, k := range kinds {
			if v.Kind == k {
				n++
			}
		}
	}
	return n
}

// Delivered is the share of what people should have seen that they did see, 0 to 1.
func (r *Report) Delivered() float64 {
	saw := float64(r.Deliveries - int64(r.Repeated()))
	return saw / max(saw+float64(r.Lost()), 1)
}

// DeliveriesPerSecond is the rate at which people saw events.
func (r *Report) DeliveriesPerSecond() float64 {
	return float64(r.Deliveries) / max(r.Elapsed.Seconds(), 1e-9)
}

// shown is how many violations a report for people spells out.
const shown = 20

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d members in %d rooms, %.1f s, seed %d\n", r.Members, r.Config.Rooms, r.Elapsed.Seconds(), r.Config.Seed)
	fmt.Fprintf(&b, "commands     %d (%.1f/s), %d refused by the rules, %d of unknown outcome\n",
		r.Commands, float64(r.Commands)/max(r.Elapsed.Seconds(), 1e-9), r.Rejected, r.Unknown)
	fmt.Fprintf(&b, "deliveries   %d (%.1f/s) of %d events, %.4f%% of what there was to see\n",
		r.Deliveries, r.DeliveriesPerSecond(), r.Events, 100*r.Delivered())
	fmt.Fprintf(&b, "latency      %v\n", r.Latency)
	fmt.Fprintf(&b, "drops        %d, back after %v\n", r.Drops, r.Back)
	if r.Config.Offline > 0 {
		fmt.Fprintf(&b, "caught up    %v after a network was back that was away for %v\n", r.CaughtUp, r.Config.Offline)
	}
	for _, way := range slices.Sorted(maps.Keys(r.Joins)) {
		fmt.Fprintf(&b, "%-12s %d joins and comings back\n", way, r.Joins[way])
	}
	fmt.Fprintf(&b, "lost         %d\nrepeated     %d\nreordered    %d\nother faults %d\nstuck        %d\n",
		r.Lost(), r.Repeated(), r.Reordered(), r.Other(), len(r.Stuck))
	for i, v := range r.Violations {
		if i == shown {
			fmt.Fprintf(&b, "… and %d more\n", len(r.Violations)-shown)
			break
		}
		fmt.Fprintln(&b, v)
	}
	for _, s := range r.Stuck {
		fmt.Fprintln(&b, "stuck:", s)
	}
	return b.String()
}

// String is the spread in milliseconds.
func (s Spread) String() string {
	if s.Count == 0 {
		return "not measured"
	}
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, max %s (of %d)", millis(s.P50), millis(s.P90), millis(s.P99), millis(s.Max), s.Count)
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// spreadJSON has all times in milliseconds.
type spreadJSON struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50Ms"`
	P90   float64 `json:"p90Ms"`
	P99   float64 `json:"p99Ms"`
	Max   float64 `json:"maxMs"`
}

func (s Spread) json() spreadJSON {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return spreadJSON{s.Count, ms(s.P50), ms(s.P90), ms(s.P99), ms(s.Max)}
}

// MarshalJSON is the report for programs: counts, times in seconds or milliseconds as their names say, and each violation as
// a sentence.
func (r *Report) MarshalJSON() ([]byte, error) {
	violations := []string{}
	for _, v := range r.Violations {
		violations = append(violations, v.String())
	}
	return json.Marshal(map[string]any{
		"rooms": r.Config.Rooms, "members": r.Members, "seed": r.Config.Seed, "seconds": r.Elapsed.Seconds(),
		"commands": r.Commands, "rejected": r.Rejected, "unknown": r.Unknown, "drops": r.Drops, "joins": r.Joins,
		"events": r.Events, "deliveries": r.Deliveries, "deliveriesPerSecond": r.DeliveriesPerSecond(),
		"latency": r.Latency.json(), "back": r.Back.json(),
		"caughtUp": r.CaughtUp.json(), "delivered": r.Delivered(),
		"lost": r.Lost(), "repeated": r.Repeated(), "reordered": r.Reordered(), "otherFaults": r.Other(),
		"stuck": append([]string{}, r.Stuck...), "violations": violations, "good": r.Good(),
	})
}
