package tui

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	lyricsPatience = 10 * time.Second // for one answer
	lyricsAgain    = 5 * time.Second  // after a failure
)

// songs gets the lyrics of what plays.
type songs struct {
	client  *singoff.Client
	put     func(item any)
	changed chan struct{} // holds one
	ended   <-chan struct{}

	mu    sync.Mutex
	track string // that plays; empty: none
}

// heard follows what plays. It never waits.
func (s *songs) heard(ev *singoffv1.Event) {
	var now *singoffv1.NowPlaying
	switch body := ev.GetBody().(type) {
	case *singoffv1.Event_Welcome:
		now = body.Welcome.GetRoom().GetNowPlaying()
	case *singoffv1.Event_Playback:
		now = body.Playback.GetNow()
	default:
		return
	}
	s.mu.Lock()
	s.track = now.GetTrack().GetTrackId()
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default: // it's told already that something has
	}
}

func (s *songs) playing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.track
}

// fetchLoop gets the lyrics of each song once, until the screen or ctx has ended. A song without lyrics is asked for again when it plays again:
// somebody may have put some beside it.
func (s *songs) fetchLoop(ctx context.Context) {
	var have string
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-s.changed:
		case <-again.C:
		case <-s.ended:
			return
		case <-ctx.Done():
			return
		}
		track := s.playing()
		if track == "" || track == have {
			have = track
			continue
		}
		if s.fetch(ctx, track) {
			have = track
		} else {
			again.Reset(lyricsAgain)
		}
	}
}

// fetch gets a track's lyrics; false: it's worth another try.
func (s *songs) fetch(ctx context.Context, track string) bool {
	ctx, cancel := context.WithTimeout(ctx, lyricsPatience)
	defer cancel()
	answer, err := s.client.GetLyrics(ctx, track)
	switch status.Code(err) {
	case codes.OK:
		s.put(Lyrics{TrackID: track, Lyrics: answer})
	case codes.Unavailable, codes.DeadlineExceeded:
		return false
	default: // there are none, or this server has none for anybody
	}
	return true
}
