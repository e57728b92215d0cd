package model

import (
	"errors"
	"fmt"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// act is one of the operator's, and what the operator was told of it.
type act struct {
	node   *node
	what   rules.Act
	result *rules.ActResult // nil: nothing
}

// operate lets the operator act, at a node that has the room or believes to.
func (w *world) operate() {
	n := w.pickNode()
	if !n.alive {
		return
	}
	w.texts++
	a := &act{node: n}
	switch x := w.rnd.IntN(10); {
	case x < 4:
		a.what.Kick = &rules.Kick{MemberID: "m-nobody", KeepOut: time.Duration(max(0, w.rnd.IntN(60)-30)) * time.Second}
		if members := n.eng.State().Room("").Members; len(members) > 0 {
			a.what.Kick.MemberID = members[w.rnd.IntN(len(members))].MemberId
		}
	case x < 5:
		a.what.Close = true
	default:
		a.what.Announce = fmt.Sprintf("the operator says %d", w.texts)
	}
	w.acts = append(w.acts, a)
	n.eng.Push(engine.Input{Act: &engine.Act{ID: uint64(len(w.acts)), Act: a.what}})
}

// acted takes what a node tells the operator, who must be told of each act once.
func (n *node) acted(acted []engine.Acted) {
	for _, told := range acted {
		a := n.w.acts[told.ID-1]
		if a.node != n || a.result != nil {
			n.w.fail("the operator is told of an act twice, or by another node: %+v", told)
		}
		a.result = &told.ActResult
		switch {
		case told.Err == nil:
			n.w.reached("act done")
		case errors.Is(told.Err, engine.ErrNotKept):
			n.w.reached("act not kept")
		default:
			n.w.reached("act of no use")
		}
	}
}

// checkActs: what the operator was told was done is in the log that the node had, what wasn't is in none, and nobody waits for ever.
func (w *world) checkActs(eras []*history) {
	said, removed := map[string][]int{}, map[string][]int{} // in which eras
	for era, h := range eras {
		for _, e := range h.events {
			if a := e.GetAnnouncement(); a != nil {
				said[a.Text] = append(said[a.Text], era)
			}
			if p := e.GetPresence(); p.GetReason() == singoffv1.Presence_REASON_ADMIN {
				removed[p.Member.MemberId] = append(removed[p.Member.MemberId], era)
			}
		}
	}
	for _, a := range w.acts {
		if a.result == nil {
			if a.node == w.newest() && a.node.alive {
				w.fail("the operator was never told of %+v", a.what)
			}
			continue
		}
		where, want := said[a.what.Announce], a.result.Err == nil
		switch {
		case a.what.Close:
			continue // whom it removed is told by the members' LEFTs, which are checked as all events are
		case a.what.Kick != nil:
			where = removed[a.what.Kick.MemberID]
			if !want {
				continue // another act may have removed them
			}
		}
		if want != (len(where) == 1) || want && where[0] != a.node.era {
			w.fail("the operator was told %v of %+v, which is in the logs of %v, and was asked in that of %d", a.result.Err, a.what, where, a.node.era)
		}
	}
}
