package rules_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// TestDueOrder: what is due together happens by due time, then gone before ended before closed, then in the order of joining, however
// late it is decided.
func TestDueOrder(t *testing.T) {
	t.Parallel()
	type at = map[string]time.Duration
	for _, c := range []struct {
		name string
		lost at            // when who is lost; ara, bo and cy join in this order
		song time.Duration // when a song of mina, who stays, ends; 0: none
		due  time.Duration // what is due first
		want []string
	}{
		{"one", at{"bo": 0}, 0, time.Hour, []string{"bo"}},
		{"by due time", at{"ara": 2 * time.Minute, "bo": time.Minute, "cy": 0}, 0, time.Hour, []string{"cy", "bo", "ara"}},
		{"at one time by joining", at{"cy": 0, "ara": 0, "bo": 0}, 0, time.Hour, []string{"ara", "bo", "cy"}},
		{"gone before ended", at{"bo": 0}, time.Hour, time.Hour, []string{"bo", "ended"}},
		{"ended when it is earlier", at{"bo": 0}, time.Hour - time.Millisecond, time.Hour - time.Millisecond, []string{"ended", "bo"}},
		{"both kinds", at{"ara": time.Minute, "cy": time.Second}, time.Hour + 30*time.Second, time.Hour + time.Second, []string{"cy", "ended", "ara"}},
		{"nothing", nil, 0, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, ids := dueRoom(t, c.lost, c.song)
			due, any := r.state.Due(&r.cfg)
			if any != (c.want != nil) || any && due.Sub(start) != c.due {
				t.Errorf("due at %v (%v), want %v (%v)", due.Sub(start), any, c.due, c.want != nil)
			}
			r.now = start.Add(2 * time.Hour)
			b := r.decide(func(*rules.Batch) {})
			if got := happened(b, ids); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if again := r.decide(func(*rules.Batch) {}); len(again.Records) > 0 {
				t.Errorf("a second time got %d records, want none", len(again.Records))
			}
		})
	}
}

// dueRoom is a room whose away limit is an hour.
func dueRoom(t *testing.T, lost map[string]time.Duration, song time.Duration) (r *room, names map[string]string) {
	cfg := rules.DefaultConfig()
	cfg.AwayLimit, cfg.StartLead = time.Hour, 0
	r = newRoom(t, cfg)
	mina, _ := r.joinAs("mina", singoffv1.Role_ROLE_SINGER)
	conns, names := map[string]rules.Connection{}, map[string]string{}
	for _, name := range []string{"ara", "bo", "cy"} {
		conn, id := r.joinAs(name, singoffv1.Role_ROLE_WATCHER)
		conns[name], names[id] = conn, name
	}
	if song != 0 {
		r.decide(func(b *rules.Batch) {
			b.Command(mina, rules.Command{Body: &singoffv1.MusicSelected{TrackId: "x"}, Track: &singoffv1.Track{TrackId: "x", Duration: durationpb.New(song)}})
			b.Command(mina, rules.Command{Body: playback(singoffv1.Playback_ACTION_START)})
		})
	}
	for _, after := range []time.Duration{0, time.Second, time.Minute, 2 * time.Minute} {
		r.now = start.Add(after)
		for name, when := range lost {
			if when == after {
				r.lose(conns[name])
			}
		}
	}
	return r, names
}

func happened(b *rules.Batch, names map[string]string) (what []string) {
	for _, rec := range b.Records {
		switch body := rec.Event.Body.(type) {
		case *singoffv1.Event_Presence:
			if body.Presence.Change == singoffv1.Presence_CHANGE_LEFT {
				what = append(what, names[body.Presence.Member.MemberId])
			}
		case *singoffv1.Event_Playback:
			what = append(what, "ended")
		case *singoffv1.Event_RoomClosed:
			what = append(what, "closed")
		}
	}
	return what
}

// TestGoneBeforeEndedBeforeClosed at one time: with an empty limit as short as can be, all three happen in one batch.
func TestGoneBeforeEndedBeforeClosed(t *testing.T) {
	t.Parallel()
	cfg := rules.DefaultConfig()
	cfg.AwayLimit, cfg.StartLead, cfg.EmptyLimit = time.Hour, 0, time.Nanosecond
	r := newRoom(t, cfg)
	mina, id := r.joinAs("mina", singoffv1.Role_ROLE_SINGER)
	r.decide(func(b *rules.Batch) {
		b.Command(mina, rules.Command{Body: &singoffv1.MusicSelected{TrackId: "x"}, Track: &singoffv1.Track{TrackId: "x", Duration: durationpb.New(time.Hour)}})
		b.Command(mina, rules.Command{Body: playback(singoffv1.Playback_ACTION_START)})
	})
	r.lose(mina)
	b := r.wait(time.Hour)
	// The song of one who has left stops; so it doesn't end a second time.
	if got, want := happened(b, map[string]string{id: "gone"}), []string{"gone", "ended", "closed"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := b.Records[1].Event.GetPlayback().GetAction(); got != singoffv1.Playback_ACTION_STOP {
		t.Errorf("the song of one who is gone: got %v, want STOP", got)
	}
}

// TestClockNeverRunsBackwards: the wall clock is set back, as after the loss of a node whose clock was ahead.
func TestClockNeverRunsBackwards(t *testing.T) {
	t.Parallel()
	r := newRoom(t, rules.DefaultConfig())
	conn, _ := r.joinAs("mina", singoffv1.Role_ROLE_SINGER)
	r.now = start.Add(-time.Hour)
	b := r.must(conn, &singoffv1.ChatMessage{Text: "hello"})
	if got := b.Now(); !got.Equal(start) {
		t.Errorf("decided at %v, want the time of the newest event, %v", got, start)
	}
}

// TestSummary: a room is listed while somebody is there, singers in the order of their seats. (It was listed, with nobody in it, until it
// was closed.)
func TestSummary(t *testing.T) {
	t.Parallel()
	r := newRoom(t, rules.DefaultConfig())
	if got := r.state.Summary(); got != nil {
		t.Errorf("a room nobody was ever in: got %v, want nothing", got)
	}
	mina, _ := r.joinAs("mina", singoffv1.Role_ROLE_SINGER)
	jun, junID := r.joinAs("jun", singoffv1.Role_ROLE_SINGER)
	r.must(mina, &singoffv1.Leave{})
	_, araID := r.joinAs("ara", singoffv1.Role_ROLE_SINGER)
	sum := r.state.Summary()
	if len(sum.GetSingers()) != 2 || sum.Singers[0].MemberId != araID || sum.Singers[1].MemberId != junID {
		t.Errorf("got singers %v, want %s, then %s", sum.GetSingers(), araID, junID)
	}
	r.must(jun, &singoffv1.Leave{})
	r.decide(func(b *rules.Batch) { b.HalfClosed(r.connectionOf(araID)) })
	if got := r.state.Summary(); got != nil {
		t.Errorf("a room everybody has left: got %v, want nothing", got)
	}
}
