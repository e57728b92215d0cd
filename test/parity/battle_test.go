package parity

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Everybody hears the same lines in the same order, whoever says them at once.
func TestChat(t *testing.T) {
	overEachWay(t, func(h *house) {
		all := []*guest{h.enter("Mina", singer), h.enter("Jun", singer), h.enter("Hana", watcher)}
		var talking sync.WaitGroup
		for _, g := range all {
			talking.Go(func() {
				for i := range 30 {
					if _, err := g.Say(h.Context(), fmt.Sprintf("%s %d ㅋㅋ", g.name, i)); err != nil {
						h.Errorf("%s: %v", g.name, err)
					}
				}
			})
		}
		talking.Wait()
		h.caughtUp(all[0], all[1:]...)
		want := texts(all[0].heard())
		if len(want) != 91 {
			h.Errorf("heard %d lines, want 91", len(want))
		}
		for _, g := range all[1:] {
			if got := texts(g.heard()); !slices.Equal(got, want) {
				h.Errorf("%s heard another order", g.name)
			}
		}
	})
}

// The prototype's clients computed the counters, so that votes at the same moment were lost; and who came late saw 0.
func TestVotes(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina := h.enter("Mina", singer)
		var voters []*guest
		for i := range 5 {
			voters = append(voters, h.enter(fmt.Sprint("v", i), watcher))
		}
		var voting sync.WaitGroup
		for _, g := range voters {
			voting.Go(func() {
				for i := range 10 {
					if _, err := g.Vote(h.Context(), mina.id(), singoffv1.Vote_Choice(1+(i+1)%2)); err != nil { // UP at last
						h.Errorf("%s: %v", g.name, err)
					}
				}
			})
		}
		voting.Wait()
		late := h.enter("Late", watcher)
		h.caughtUp(late, append(voters, mina)...)
		for _, g := range append(voters, mina, late) {
			if tally := g.State().Tally(mina.id()); tally.GetUpGuests() != 5 || tally.GetDownGuests() != 0 {
				h.Errorf("%s sees %v, want 5 up", g.name, tally)
			}
		}
	})
}

// A song starts at one moment for all, also for who comes while it plays.
func TestMusic(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun := h.enter("Mina", singer), h.enter("Jun", watcher)
		songs, err := h.dial().ListTracks(h.Context(), &singoffv1.ListTracksRequest{PageSize: 1})
		if err != nil || len(songs.GetTracks()) == 0 {
			h.Fatalf("no songs: %v, %v", songs, err)
		}
		track := songs.GetTracks()[0].GetTrack()
		mina.must(mina.Pick(h.Context(), track.GetTrackId()))
		jun.await("the pick", func(e *singoffv1.Event) bool { return e.GetMusicSelected().GetTrack().GetTitle() == track.GetTitle() })
		started := mina.must(mina.Start(h.Context())).GetPlayback().GetNow()
		heard := jun.await("the start", func(e *singoffv1.Event) bool { return e.GetPlayback().GetAction() == singoffv1.Playback_ACTION_START })
		late := h.enter("Late", watcher)
		for _, g := range []*guest{jun, late} {
			now := g.State().Room.GetNowPlaying()
			if now.GetStartsAt().AsTime() != started.GetStartsAt().AsTime() || now.GetTrack().GetTrackId() != track.GetTrackId() {
				h.Errorf("%s has %v, want %v", g.name, now, started)
			}
		}
		if lead := started.GetStartsAt().AsTime().Sub(heard.GetTime().AsTime()); lead <= 0 {
			h.Errorf("it starts %v after it was told, want ahead of it", lead)
		}
	})
}

// WebRTC's messages go to the one they are for.
func TestSignals(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun, hana := h.enter("Mina", singer), h.enter("Jun", singer), h.enter("Hana", watcher)
		signals := []singoffv1.Signal_Kind{singoffv1.Signal_KIND_OFFER, singoffv1.Signal_KIND_ANSWER, singoffv1.Signal_KIND_CANDIDATE}
		for _, kind := range signals {
			if err := mina.Signal(jun.id(), kind, "v=0 "+kind.String()); err != nil {
				h.Fatal(err)
			}
			got := jun.await("the signal", func(e *singoffv1.Event) bool { return e.GetSignal().GetKind() == kind })
			if got.GetMemberId() != mina.id() || got.GetSignal().GetPayload() != "v=0 "+kind.String() {
				h.Errorf("got %v, want it from Mina as it was sent", got)
			}
		}
		h.caughtUp(mina, hana)
		for _, e := range hana.heard() {
			if e.GetSignal() != nil {
				h.Errorf("Hana was told %v", e)
			}
		}
	})
}
