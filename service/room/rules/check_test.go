package rules_test

import (
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/room/rules"
)

// check compares the state with the ledger and with the replica, and looks at what must hold of every room.
func (r *room) check() {
	r.Helper()
	if !r.state.Equal(r.replica) {
		r.Errorf("the state after replay is another than live:\nreplay %v\nlive   %v", r.replica.Snapshot(), r.state.Snapshot())
	}
	view := r.state.Room("")
	if got, want := len(view.Members), len(r.ledger.members); got != want {
		r.Errorf("%d members, want %d", got, want)
	}
	if !proto.Equal(view.Counts, r.ledger.counts()) {
		r.Errorf("counts %v, want %v", view.Counts, r.ledger.counts())
	}
	r.checkViewer(view)
	r.checkSeats(view)
	r.checkPeople(view)
	r.checkHost(view)
	r.checkVotes(view)
	for key, last := range r.ledger.last {
		if got, known := r.state.LastNumber(key.user, key.instance); known && got != last {
			r.Errorf("last number %d, want %d", got, last)
		}
	}
}

func (r *room) checkSeats(view *singoffv1.RoomState) {
	r.Helper()
	type seat struct {
		role   singoffv1.Role
		number uint32
	}
	taken := map[seat]bool{}
	limit := map[singoffv1.Role]uint32{
		singoffv1.Role_ROLE_SINGER: view.Seats.Singers, singoffv1.Role_ROLE_WATCHER: view.Seats.Watchers,
	}
	for _, m := range view.Members {
		if m.Role == singoffv1.Role_ROLE_OBSERVER {
			if m.Seat != 0 || m.Away || m.Nickname != "" {
				r.Errorf("observer %v, want no seat, no nickname, never away", m)
			}
			continue
		}
		at := seat{m.Role, m.Seat}
		if m.Seat < 1 || m.Seat > limit[m.Role] || taken[at] {
			r.Errorf("%s has seat %d of %d, or not alone", m.MemberId, m.Seat, limit[m.Role])
		}
		taken[at] = true
	}
	if view.Counts.Observers > rules.MaxObservers {
		r.Errorf("%d observers, want at most %d", view.Counts.Observers, rules.MaxObservers)
	}
}

func (r *room) checkPeople(view *singoffv1.RoomState) {
	r.Helper()
	seated, nicknames, instances := map[rules.User]bool{}, map[string]bool{}, map[instanceKey]bool{}
	for _, m := range view.Members {
		e := r.ledger.members[m.MemberId]
		if e == nil {
			r.Fatalf("%s is a member of whom the log knows nothing", m.MemberId)
		}
		if instances[instanceKey{e.user, e.instance}] {
			r.Errorf("%s shares its newest instance with another member", m.MemberId)
		}
		instances[instanceKey{e.user, e.instance}] = true
		if _, known := r.state.LastNumber(e.user, e.instance); !known {
			r.Errorf("the newest instance of %s is forgotten", m.MemberId)
		}
		if m.Role == singoffv1.Role_ROLE_OBSERVER {
			continue
		}
		if key := names.Key(m.Nickname); seated[e.user] || nicknames[key] {
			r.Errorf("%s is its user's second seated member, or has another's nickname %q", m.MemberId, m.Nickname)
		} else {
			seated[e.user], nicknames[key] = true, true
		}
	}
}

func (r *room) checkHost(view *singoffv1.RoomState) {
	r.Helper()
	if !r.ledger.made || len(view.Members) == 0 {
		if view.HostMemberId != "" {
			r.Errorf("%s is host of a room that is closed or empty", view.HostMemberId)
		}
		return
	}
	host := r.ledger.members[view.HostMemberId]
	switch {
	case host == nil:
		r.Errorf("host %q isn't there", view.HostMemberId)
	case host.role == singoffv1.Role_ROLE_OBSERVER && view.Counts.Singers+view.Counts.Watchers > 0:
		r.Errorf("an observer is host while somebody is seated")
	}
}

func (r *room) checkVotes(view *singoffv1.RoomState) {
	r.Helper()
	if got, want := len(view.Tallies), int(view.Counts.Singers); got != want {
		r.Errorf("%d tallies, want one for each of %d singers", got, want)
	}
	for _, t := range view.Tallies {
		if want := r.ledger.recount(r.ledger.members[t.SingerMemberId].user); !proto.Equal(t.Tally, want) {
			r.Errorf("tally of %s is %v, want the recount %v", t.SingerMemberId, t.Tally, want)
		}
	}
	if p := view.NowPlaying; p != nil && r.ledger.members[p.SingerMemberId] == nil {
		r.Errorf("the song of %s plays, who isn't there", p.SingerMemberId)
	}
	for id, m := range r.ledger.members {
		own := r.state.Room(id).OwnVotes
		want := 0
		for _, t := range view.Tallies {
			_, voted := r.ledger.votes[[2]rules.User{m.user, r.ledger.members[t.SingerMemberId].user}]
			if voted && m.role != singoffv1.Role_ROLE_OBSERVER { // who doesn't vote, and isn't told of changes
				want++
			}
		}
		if len(own) != want {
			r.Errorf("%s is shown %d own votes, want %d", id, len(own), want)
		}
		for _, v := range own {
			c, voted := r.ledger.votes[[2]rules.User{m.user, r.ledger.members[v.SingerMemberId].user}]
			if !voted || c.up != v.Up {
				r.Errorf("%s is shown a vote (up: %v) for %s that isn't standing", id, v.Up, v.SingerMemberId)
			}
		}
	}
}
