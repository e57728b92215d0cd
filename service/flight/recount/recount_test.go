package recount_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/flight/flighttest"
	"github.com/singoff/singoff/service/flight/recount"
)

func snapshot(t testing.TB, data []byte) *logv1.Snapshot {
	t.Helper()
	p := &logv1.Snapshot{}
	if err := proto.Unmarshal(data, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The recount, which knows nothing of the rules, comes to what they came to, after every entry and from any snapshot on.
func TestRecountAgrees(t *testing.T) {
	t.Parallel()
	var totals recount.Totals
	for seed := range uint64(6) {
		moments := flighttest.Play(t, seed, 300)
		counts := map[int]*recount.Recount{0: recount.New()}
		for i, m := range moments {
			for from, c := range counts {
				if err := errors.Join(c.Entry(m.Entry.Data), c.Against(snapshot(t, m.Snapshot))); err != nil {
					t.Fatalf("seed %d, counted from entry %d: %v", seed, from, err)
				}
			}
			if i%100 == 50 {
				c, err := recount.From(snapshot(t, m.Snapshot))
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				counts[i] = c
			}
		}
		got := counts[0].Totals()
		totals.Joins += got.Joins
		totals.Votes += got.Votes
		totals.Numbers += got.Numbers
	}
	if totals.Joins < 200 || totals.Votes < 100 || totals.Numbers < 1000 {
		t.Errorf("got %+v, want plays in which much happens", totals)
	}
}

// tampered changes the first entry that change wants to change, and gives the seq that must be named: that of the event.
func tampered(t *testing.T, change func(*logv1.Record, *singoffv1.Event) bool) error {
	t.Helper()
	c := recount.New()
	for _, m := range flighttest.Play(t, 3, 400) {
		p := &logv1.Entry{}
		if err := proto.Unmarshal(m.Entry.Data, p); err != nil {
			t.Fatal(err)
		}
		for i, r := range p.Records {
			event := &singoffv1.Event{}
			if err := proto.Unmarshal(r.Event, event); err != nil {
				t.Fatal(err)
			}
			if !change(r, event) {
				continue
			}
			if r.Seq != 0 {
				r.Event, _ = proto.Marshal(event)
			}
			p.Records[i] = r
			data, err := proto.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			err = c.Entry(data)
			var d *recount.Difference
			if !errors.As(err, &d) || r.Seq != 0 && d.Seq != r.Seq {
				t.Errorf("got %v, want a difference at seq %d", err, r.Seq)
			}
			return err
		}
		if err := c.Entry(m.Entry.Data); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("nothing to tamper with happened")
	return nil
}

// What somebody changes in a log shows at the seq where they did it.
func TestTampering(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*logv1.Record, *singoffv1.Event) bool
		want   string
	}{
		"a vote more in a tally": {func(_ *logv1.Record, e *singoffv1.Event) bool {
			if v := e.GetVote(); v.GetTally().GetUpGuests() > 0 {
				v.Tally.UpGuests++
				return true
			}
			return false
		}, "recounted it is"},
		"a vote for another side": {func(_ *logv1.Record, e *singoffv1.Event) bool {
			if v := e.GetVote(); v.GetChoice() == singoffv1.Vote_CHOICE_UP && e.MemberId != "" {
				v.Choice = singoffv1.Vote_CHOICE_DOWN
				return true
			}
			return false
		}, "recounted it is"},
		"a vote of somebody else": {func(r *logv1.Record, e *singoffv1.Event) bool {
			if f := r.GetVoted(); f != nil {
				f.Voter = []byte("somebody unknown")
				return true
			}
			return false
		}, "no seat here"},
		"a seat that is taken": {func(_ *logv1.Record, e *singoffv1.Event) bool {
			p := e.GetPresence()
			if p.GetChange() == singoffv1.Presence_CHANGE_JOINED && p.GetMember().GetSeat() == 2 {
				p.Member.Seat = 1
				return true
			}
			return false
		}, "seat 1"},
		"a seat there isn't": {func(_ *logv1.Record, e *singoffv1.Event) bool {
			p := e.GetPresence()
			if p.GetChange() == singoffv1.Presence_CHANGE_JOINED && p.GetMember().GetRole() == singoffv1.Role_ROLE_SINGER {
				p.Member.Seat = 3
				return true
			}
			return false
		}, "has seat 3"},
		"a watcher fewer in the counts": {func(_ *logv1.Record, e *singoffv1.Event) bool {
			if n := e.GetPresence().GetCounts(); n.GetWatchers() > 0 {
				n.Watchers--
				return true
			}
			return false
		}, "counted are"},
		"a number left out": {func(r *logv1.Record, _ *singoffv1.Event) bool {
			if r.GetCommand().GetNumber() == 3 && r.Seq != 0 {
				r.Command.Number = 4
				return true
			}
			return false
		}, "is the next of its instance"},
		"a number twice": {func(r *logv1.Record, _ *singoffv1.Event) bool {
			if r.GetCommand().GetNumber() == 3 && r.Seq != 0 {
				r.Command.Number = 2
				return true
			}
			return false
		}, "is the next of its instance"},
		"an answer for all": {func(r *logv1.Record, e *singoffv1.Event) bool {
			if e.GetAck() != nil && r.Seq != 0 {
				r.Audience = nil
				return true
			}
			return false
		}, "others than its asker"},
		"an older attempt": {func(r *logv1.Record, e *singoffv1.Event) bool {
			if a := r.GetAttached(); r.Seq != 0 && a.GetAttempt() > 1 {
				a.Attempt = 0
				return true
			}
			return false
		}, "after attempt"},
		"an event left out": {func(r *logv1.Record, e *singoffv1.Event) bool {
			if e.GetChatMessage() != nil {
				e.Seq++
				return true
			}
			return false
		}, "the event says seq"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tampered(t, test.change); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// A state that isn't what the log leads to is found out.
func TestAgainstAnotherState(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 4, 300)
	c := recount.New()
	for _, m := range moments {
		if err := c.Entry(m.Entry.Data); err != nil {
			t.Fatal(err)
		}
		p := snapshot(t, m.Snapshot)
		if len(p.GetVotes().GetChoice()) == 0 || len(p.GetMembers()) == 0 {
			continue
		}
		for name, change := range map[string]func(*logv1.Snapshot){
			"a vote turned":        func(p *logv1.Snapshot) { p.Votes.Choice[0] ^= 1 },
			"a member gone":        func(p *logv1.Snapshot) { p.Members = p.Members[1:] },
			"a number more":        func(p *logv1.Snapshot) { p.Sessions.LastNumber[0]++ },
			"of another seq":       func(p *logv1.Snapshot) { p.Seq++ },
			"columns cut":          func(p *logv1.Snapshot) { p.Votes.Voter = p.Votes.Voter[1:] },
			"a user there isn't":   func(p *logv1.Snapshot) { p.Votes.Voter[0] = 1 << 30 },
			"a session there isnt": func(p *logv1.Snapshot) { p.Members[0].Session = 1 << 30 },
		} {
			bad := proto.CloneOf(p)
			change(bad)
			var d *recount.Difference
			if err := c.Against(bad); !errors.As(err, &d) {
				t.Errorf("%s: got %v, want a difference", name, err)
			}
		}
		return
	}
	t.Fatal("nobody voted")
}

func FuzzRecount(f *testing.F) {
	for seed := range uint64(3) {
		moments := flighttest.Play(f, seed, 12)
		for i, m := range moments[1:] {
			f.Add(moments[i].Snapshot, m.Entry.Data)
		}
	}
	f.Fuzz(func(_ *testing.T, state, entry []byte) {
		var p logv1.Snapshot
		if proto.Unmarshal(state, &p) != nil {
			return
		}
		c, err := recount.From(&p)
		if err != nil {
			return
		}
		if c.Entry(entry) == nil {
			_ = c.Against(&p)
		}
	})
}
