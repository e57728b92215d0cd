package singoff_test

import (
	"testing"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// What was played lately, and the addresses of songs, are a namespace's own.
func TestSongsAreOfTheNamespace(t *testing.T) { eachWay(t, songsOfNamespace) }

func songsOfNamespace(t *testing.T, way transport.Kind) {
	port := startServer(t, way)
	everybody := dial(t, way, port)
	club := dial(t, way, port, singoff.WithNamespace("club"))
	mina := join(t, club, singoff.JoinOptions{Nickname: "Mina", Role: singer})
	all, err := club.ListTracks(t.Context(), &singoffv1.ListTracksRequest{})
	if err != nil || len(all.GetTracks()) == 0 {
		t.Fatalf("ListTracks: got %v, %v", all, err)
	}
	track := all.GetTracks()[0].GetTrack().GetTrackId()
	if _, err := mina.Pick(t.Context(), track); err != nil {
		t.Fatalf("Pick: %v", err)
	}
	if _, err := mina.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	recent := func(client *singoff.Client) []*singoffv1.TrackInfo {
		t.Helper()
		page, err := client.ListTracks(t.Context(), &singoffv1.ListTracksRequest{Order: singoffv1.ListTracksRequest_ORDER_RECENTLY_PLAYED})
		if err != nil {
			t.Fatalf("ListTracks: %v", err)
		}
		return page.GetTracks()
	}
	if got := recent(club); len(got) != 1 || got[0].GetTrack().GetTrackId() != track {
		t.Errorf("played lately in club: got %v, want %s", got, track)
	}
	if got := recent(everybody); len(got) != 0 {
		t.Errorf("played lately in default: got %v, want nothing", got)
	}
}
