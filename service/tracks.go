package service

import (
	"context"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/charset"
)

// Values of SongsConfig.Store beside a file.
const (
	// SongsStoreAuto is songs.db in Config.DataDir, and none with LogMemory.
	SongsStoreAuto = "auto"
	// SongsStoreNone forgets with the process what was found out.
	SongsStoreNone = "none"
)

// SongsConfig is how songs are read and served.
type SongsConfig struct {
	// Store is the file that remembers what was found out about songs, or SongsStoreAuto, or SongsStoreNone. Default SongsStoreAuto.
	Store string
	// Rescan is how often a bucket elsewhere is listed; at least 5 s. Default 1 min.
	Rescan time.Duration
	// CacheMiB is how much of remote songs is kept in memory, 1 to 65,536. Default 64.
	CacheMiB int
	// Redirect sends clients to the store of a remote song instead of reading it for them. Default false.
	Redirect bool
	// Public serves songs to whoever knows their address, without a signature. Default false.
	Public bool
	// MeasureLoudness measures songs whose tags don't say how loud they are. Default true.
	MeasureLoudness bool
	// Charset is what lyrics and tags are expected in that aren't UTF-8. Default CP949.
	Charset string
	// LyricsURL is a server that speaks LRCLIB's protocol, where lyrics are looked up that aren't there. Default: none.
	LyricsURL string
}

func defaultSongs() SongsConfig {
	return SongsConfig{
		Store: SongsStoreAuto, Rescan: catalog.DefaultRescan, CacheMiB: catalog.DefaultCacheMiB, MeasureLoudness: true, Charset: string(charset.CP949),
	}
}

// songsStore is the file of Library.Store; empty: none.
func (c Config) songsStore() string {
	switch {
	case c.Library.Store == SongsStoreNone, c.Library.Store == SongsStoreAuto && c.Log != LogSQLite:
		return ""
	case c.Library.Store == SongsStoreAuto:
		return filepath.Join(c.DataDir, "songs.db")
	}
	return c.Library.Store
}

// catalog is the catalogue's share of the configuration.
func (c Config) catalog(registerer prometheus.Registerer) catalog.Config {
	return catalog.Config{
		URLs: c.Songs, Store: c.songsStore(), Rescan: c.Library.Rescan, CacheMiB: c.Library.CacheMiB, Redirect: c.Library.Redirect,
		Public: c.Library.Public, MeasureLoudness: c.Library.MeasureLoudness, Charset: charset.Name(c.Library.Charset), LyricsURL: c.Library.LyricsURL,
		Registerer: registerer, Logger: c.Logger,
	}
}

// track looks a track up in the catalogue, as events carry it.
func track(songs *catalog.Catalog) func(ctx context.Context, id string) (*singoffv1.Track, error) {
	return func(ctx context.Context, id string) (*singoffv1.Track, error) {
		found, err := songs.Track(ctx, id)
		if err != nil {
			return nil, err
		}
		t := &singoffv1.Track{TrackId: found.ID, Title: found.Title, Artist: found.Artist}
		if found.Duration > 0 {
			t.Duration = durationpb.New(found.Duration)
		}
		return t, nil
	}
}
