package engine

import (
	"sort"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// cheer counts the reactions of an output, and tells those whose time has come, in a fixed order.
func (e *Engine) cheer(now time.Time, out *Output) {
	for _, c := range out.cheers {
		e.cheers[cheer{c.SingerMemberId, c.Kind}] += c.Count
		if e.cheersAt.IsZero() {
			e.cheersAt = now.Add(CheerInterval)
		}
	}
	if e.cheersAt.IsZero() || now.Before(e.cheersAt) {
		return
	}
	all := make([]cheer, 0, len(e.cheers))
	for c := range e.cheers {
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].singer < all[j].singer || all[i].singer == all[j].singer && all[i].kind < all[j].kind
	})
	for _, c := range all {
		response, _ := Response(&singoffv1.Event{
			Time: timestamp(now),
			Body: &singoffv1.Event_Reaction{Reaction: &singoffv1.Reaction{SingerMemberId: c.singer, Kind: c.kind, Count: e.cheers[c]}},
		})
		out.Items = append(out.Items, Item{Response: response})
	}
	clear(e.cheers)
	e.cheersAt = time.Time{}
}
