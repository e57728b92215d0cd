package service

import (
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
)

// track looks a track up in the catalogue, as events carry it.
func track(songs *catalog.Catalog) func(id string) (*singoffv1.Track, bool) {
	return func(id string) (*singoffv1.Track, bool) {
		found, err := songs.Track(id)
		if err != nil {
			return nil, false
		}
		t := &singoffv1.Track{TrackId: found.ID, Title: found.Title, Artist: found.Artist}
		if found.Duration > 0 {
			t.Duration = durationpb.New(found.Duration)
		}
		return t, true
	}
}
