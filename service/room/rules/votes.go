package rules

import (
	"maps"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// ballot is one user's standing vote for another.
type ballot struct {
	voter, singer User
}

type choice struct {
	up, signedIn bool
}

// tally counts the standing votes for a user: [up][signed in].
type tally [2][2]uint32

func (t *tally) cell(c choice) *uint32 { return &t[index(c.up)][index(c.signedIn)] }

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t tally) proto() *singoffv1.Tally {
	return &singoffv1.Tally{
		UpSignedIn: t[1][1], UpGuests: t[1][0],
		DownSignedIn: t[0][1], DownGuests: t[0][0],
	}
}

// votes are the standing votes of a room, and their count by the user voted for, which is always the recount.
type votes struct {
	standing map[ballot]choice
	tallies  map[User]tally
}

func newVotes() *votes {
	return &votes{standing: map[ballot]choice{}, tallies: map[User]tally{}}
}

func (v *votes) clone() *votes {
	c := newVotes()
	maps.Copy(c.standing, v.standing)
	maps.Copy(c.tallies, v.tallies)
	return c
}

// set replaces the standing vote; to nil withdraws it.
func (v *votes) set(b ballot, to *choice) {
	t := v.tallies[b.singer]
	if old, ok := v.standing[b]; ok {
		*t.cell(old)--
		delete(v.standing, b)
	}
	if to != nil {
		v.standing[b] = *to
		*t.cell(*to)++
	}
	if t == (tally{}) {
		delete(v.tallies, b.singer)
		return
	}
	v.tallies[b.singer] = t
}

// after is the tally that a singer would have after set.
func (v *votes) after(b ballot, to *choice) tally {
	t := v.tallies[b.singer]
	if old, ok := v.standing[b]; ok {
		*t.cell(old)--
	}
	if to != nil {
		*t.cell(*to)++
	}
	return t
}

// forget withdraws all votes of a voter.
func (v *votes) forget(voter User) {
	for b := range v.standing {
		if b.voter == voter {
			v.set(b, nil)
		}
	}
}

// tell says a singer's tally without a vote. It comes from the server.
func (b *Batch) tellTally(singer *member) {
	b.emit(&Record{Event: &singoffv1.Event{Body: &singoffv1.Event_Vote{Vote: &singoffv1.Vote{
		SingerMemberId: singer.id, Choice: singoffv1.Vote_CHOICE_NONE, Tally: b.state.votes.tallies[singer.user].proto(),
	}}}})
}
