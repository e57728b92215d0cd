package main

import (
	"time"

	"github.com/singoff/singoff/service"
	_ "github.com/singoff/singoff/service/catalog/bucket/cloud" // s3:// and gs://
)

// songsFlags are how songs are read and served.
type songsFlags struct {
	SongsStore    string        `group:"Songs" default:"${songs_store}" placeholder:"FILE" help:"File that remembers what was found out about songs, so that a restart is quick; auto: songs.db in the data folder, none with a log in memory; none (${default})."`
	SongsRescan   time.Duration `group:"Songs" default:"${songs_rescan}" placeholder:"TIME" help:"How often a bucket elsewhere is listed, at least 5s; folders are watched (${default})."`
	SongsCache    int           `group:"Songs" default:"${songs_cache}" placeholder:"MIB" help:"How much of remote songs is kept in memory (${default})."`
	SongsRedirect bool          `group:"Songs" help:"Send clients to the bucket of a remote song, by a URL that it signs, instead of reading it for them."`
	SongsPublic   bool          `group:"Songs" help:"Serve songs to whoever knows their address, without a signature that ends after 12 hours."`
	SongsLoudness bool          `group:"Songs" default:"true" negatable:"" help:"Measure songs whose tags don't say how loud they are, for a tenth of one core's time (${default})."`
	SongsCharset  string        `group:"Songs" default:"${songs_charset}" placeholder:"NAME" help:"What lyrics and tags are expected in that aren't UTF-8: CP949, GBK, Shift_JIS, windows-1252, … (${default})."`
	LyricsURL     string        `group:"Songs" placeholder:"URL" help:"Server that speaks LRCLIB's protocol: it is asked for lyrics of songs that have none, by title, artist and length. Default: none, nobody is asked."`
}

// set brings them into the configuration.
func (f songsFlags) set(cfg *service.Config) {
	cfg.Library = service.SongsConfig{
		Store: f.SongsStore, Rescan: f.SongsRescan, CacheMiB: f.SongsCache, Redirect: f.SongsRedirect, Public: f.SongsPublic,
		MeasureLoudness: f.SongsLoudness, Charset: f.SongsCharset, LyricsURL: f.LyricsURL,
	}
}
