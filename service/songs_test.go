package service_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
	"github.com/singoff/singoff/service/catalog/store/storetest"
)

// library is a folder of one song, and a configuration that remembers it.
func library(t *testing.T) (cfg service.Config, song string) {
	t.Helper()
	dir := t.TempDir()
	song = filepath.Join(dir, "Mina - Lantern.mp3")
	if err := os.WriteFile(song, audiotest.MP3(12), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg = config(&lines{})
	cfg.AdminAddr = service.AdminOff
	cfg.Songs, cfg.Library.Store = []string{dir}, filepath.Join(t.TempDir(), "songs.db")
	return cfg, song
}

// listed asks for tracks until the answer is so, for at most a minute.
func listed(t *testing.T, client *singoff.Client, is func(*singoffv1.ListTracksResponse) bool) *singoffv1.ListTracksResponse {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := client.ListTracks(ctx, &singoffv1.ListTracksRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if is(answer) {
			return answer
		}
		<-tick.C
	}
}

func complete(r *singoffv1.ListTracksResponse) bool { return r.GetScan().GetComplete() }

func onStage(t *testing.T, client *singoff.Client) *singoff.Room {
	t.Helper()
	room, err := client.Join(soon(t), singoff.JoinOptions{RoomID: "r", Nickname: "미나", Role: singoffv1.Role_ROLE_SINGER})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = room.Close() })
	return room
}

func answers(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// The recall of 50,000 songs kept everybody out for seconds after a restart. Now rooms are open at once, and a pick made meanwhile counts.
func TestRoomsAreOpenWhileSongsAreRecalled(t *testing.T) {
	t.Parallel()
	cfg, _ := library(t)
	first, err := service.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- first.Run(ctx) }()
	track := listed(t, connect(t, first.Addrs(), transport.KindNative), complete).GetTracks()[0]
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	letGo := storetest.Hold(t, cfg.Library.Store)
	client := connect(t, run(t, cfg).Addrs(), transport.KindNative)
	room := onStage(t, client)
	if _, err := room.Say(t.Context(), "안녕"); err != nil {
		t.Errorf("got %v, want a room that works", err)
	}
	if answer, err := client.ListTracks(t.Context(), &singoffv1.ListTracksRequest{}); err != nil || len(answer.GetTracks()) != 0 || complete(answer) {
		t.Errorf("got %v, %v, want no songs, and that these aren't all", answer, err)
	}
	picked := make(chan error, 1)
	go func() {
		_, err := room.Pick(t.Context(), track.GetTrack().GetTrackId())
		picked <- err
	}()
	letGo()
	if err := <-picked; err != nil {
		t.Errorf("got %v, want the pick taken", err)
	}
	if found, err := client.GetTracks(t.Context(), track.GetTrack().GetTrackId()); err != nil || len(found) != 1 {
		t.Errorf("got %v, %v, want the track", found, err)
	}
}

// A song that was picked and then removed must not start: nobody could hear it.
func TestRemovedSongDoesNotStart(t *testing.T) {
	t.Parallel()
	cfg, song := library(t)
	addrs := run(t, cfg).Addrs()
	client := connect(t, addrs, transport.KindNative)
	track := listed(t, client, func(r *singoffv1.ListTracksResponse) bool { return len(r.GetTracks()) == 1 }).GetTracks()[0]
	id, url := track.GetTrack().GetTrackId(), "http://"+addrs.HTTP+track.GetAudioUrl()
	room := onStage(t, client)
	if _, err := room.Pick(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if got := answers(t, url); got != 200 {
		t.Errorf("got %d for its address, want 200", got)
	}
	if err := os.Remove(song); err != nil {
		t.Fatal(err)
	}
	listed(t, client, func(r *singoffv1.ListTracksResponse) bool { return len(r.GetTracks()) == 0 })
	wants := func(what string, err error) {
		t.Helper()
		refused, ok := errors.AsType[*singoff.RejectedError](err)
		if !ok || refused.Reason != singoffv1.Rejected_REASON_TRACK_GONE {
			t.Errorf("%s: got %v, want TRACK_GONE", what, err)
		}
	}
	_, err := room.Start(t.Context())
	wants("start", err)
	_, err = room.Pick(t.Context(), id)
	wants("pick", err)
	if got := answers(t, url); got != 410 {
		t.Errorf("got %d for its address, want 410", got)
	}
	if playing := room.State().Room.GetNowPlaying(); playing != nil {
		t.Errorf("got %v, want nothing playing", playing)
	}
}

// Lyrics that were looked up were nowhere to be seen in the list of tracks.
func TestLookedUpLyricsAreTold(t *testing.T) {
	t.Parallel()
	lrclib := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"trackName":"Lantern","artistName":"Mina","syncedLyrics":"[00:01.00]la la"}`)
	}))
	defer lrclib.Close()
	cfg, _ := library(t)
	cfg.Library.LyricsURL = lrclib.URL
	client := connect(t, run(t, cfg).Addrs(), transport.KindNative)
	track := listed(t, client, complete).GetTracks()[0]
	if got := track.GetLyrics(); got != singoffv1.LyricsKind_LYRICS_KIND_UNSPECIFIED {
		t.Errorf("got %v before anybody asked, want none", got)
	}
	id := track.GetTrack().GetTrackId()
	if got, err := client.GetLyrics(t.Context(), id); err != nil || got.GetLines()[0].GetText() != "la la" {
		t.Errorf("got %v, %v, want the lyrics", got, err)
	}
	found, err := client.GetTracks(t.Context(), id)
	if err != nil || found[0].GetLyrics() != singoffv1.LyricsKind_LYRICS_KIND_LINES {
		t.Errorf("got %v, %v, want it told that there are lyrics with lines", found, err)
	}
}
