package service

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/charset"
)

// SongsConfig is how songs are read and served. The zero one forgets with the process what it found out.
type SongsConfig struct {
	// Store is the file that remembers what was found out about songs. Default none.
	Store string
	// Rescan is how often a bucket elsewhere is listed; at least 5 s. Default 1 min.
	Rescan time.Duration
	// CacheMiB is how much of remote songs is kept in memory, 1 to 65,536. Default 64.
	CacheMiB int
	// Redirect sends clients to the store of a remote song instead of reading it for them. Default false.
	Redirect bool
	// Public serves songs to whoever knows their address, without a signature. Default false.
	Public bool
	// MeasureLoudness measures songs whose tags don't say how loud they are. Default false.
	MeasureLoudness bool
	// Charset is what lyrics and tags are expected in that aren't UTF-8. Default CP949.
	Charset string
}

// catalog is the catalogue's share of the configuration.
func (c Config) catalog(registerer prometheus.Registerer) catalog.Config {
	return catalog.Config{
		URLs: c.Songs, Store: c.Library.Store, Rescan: c.Library.Rescan, CacheMiB: c.Library.CacheMiB, Redirect: c.Library.Redirect,
		Public: c.Library.Public, MeasureLoudness: c.Library.MeasureLoudness, Charset: charset.Name(c.Library.Charset),
		Registerer: registerer, Logger: c.Logger,
	}
}

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

// gone says whether the catalogue had a track once that was removed.
func gone(songs *catalog.Catalog) func(id string) bool {
	return func(id string) bool {
		_, err := songs.Track(id)
		return errors.Is(err, catalog.ErrGone)
	}
}
