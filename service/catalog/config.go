package catalog

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/catalog/charset"
)

// Config is what a catalogue is opened with.
type Config struct {
	// URLs of the buckets, or paths of plain folders: `file:///srv/songs`, `songs`, `s3://songs?region=eu-west-1`, `s3://songs/live`. Subfolders
	// belong to a bucket. A song that is in several is taken from the first. Empty ones don't count; none: the demo songs. Other schemes than `file`
	// work in a program that links their driver.
	URLs []string
	// Store is the file that remembers what was found out, so that a restart is quick. Default: none, all is forgotten.
	Store string
	// MaxTracks is how many audio files are taken; those beyond are reported. Default 100,000; about 2 KB of memory each.
	MaxTracks int
	// Workers is how many files are read at one time. Default 4, at most 64; each takes up to 20 MiB while it meets a hostile file, and well
	// below 1 MiB with others.
	Workers int
	// Rescan is how often a bucket elsewhere is listed. Folders are watched. Default 1 min, at least 5 s.
	Rescan time.Duration
	// CacheMiB is how much of remote songs is kept in memory, in MiB, 1 to 65,536. Default 64.
	CacheMiB int
	// Redirect sends clients to the store of a remote song, by a URL that it signs, instead of reading it for them.
	Redirect bool
	// Public serves songs to whoever knows their address, without a signature.
	Public bool
	// MeasureLoudness measures songs whose tags don't tell how loud they are, one at a time, for a tenth of one core's time.
	MeasureLoudness bool
	// Charset is what lyrics and tags are expected in that aren't UTF-8. Default CP949.
	Charset charset.Name
	// LyricsURL is a server that speaks LRCLIB's protocol, `https://lyrics.example`: songs without lyrics are looked up there by title, artist and
	// length when somebody asks for them. Default: none, nobody is asked.
	LyricsURL string
	// Registerer gets the metrics; nil: none are kept.
	Registerer prometheus.Registerer
	// Logger gets a line when the songs are known, one for each bucket that can't be read, and a warning for each problem. Default: none.
	Logger zerolog.Logger
}

// The defaults and bounds of Config.
const (
	DefaultMaxTracks = 100_000
	DefaultRescan    = time.Minute
	DefaultCacheMiB  = 64
	defaultWorkers   = 4
	maxWorkers       = 64
	minRescan        = 5 * time.Second
	maxCacheMiB      = 64 << 10
)

// Validate refuses what can't work, by ErrConfig, naming the field and its limit. What is 0 gets its default.
func (c Config) Validate() error {
	c.setDefaults()
	return c.validate()
}

func (c *Config) setDefaults() {
	if c.MaxTracks == 0 {
		c.MaxTracks = DefaultMaxTracks
	}
	if c.Workers == 0 {
		c.Workers = defaultWorkers
	}
	if c.Rescan == 0 {
		c.Rescan = DefaultRescan
	}
	if c.CacheMiB == 0 {
		c.CacheMiB = DefaultCacheMiB
	}
}

func (c *Config) validate() error {
	switch {
	case c.MaxTracks < 0:
		return fmt.Errorf("%w: MaxTracks is %d, must not be negative", ErrConfig, c.MaxTracks)
	case c.Workers < 0 || c.Workers > maxWorkers:
		return fmt.Errorf("%w: Workers is %d, must be 1 to %d", ErrConfig, c.Workers, maxWorkers)
	case c.Rescan < minRescan:
		return fmt.Errorf("%w: rescan: %v is below %v", ErrConfig, c.Rescan, minRescan)
	case c.CacheMiB < 1 || c.CacheMiB > maxCacheMiB:
		return fmt.Errorf("%w: cache: %d MiB is not within 1 to %d", ErrConfig, c.CacheMiB, maxCacheMiB)
	}
	name, err := charset.ParseName(string(c.Charset))
	if err != nil {
		return fmt.Errorf("%w: charset: %w", ErrConfig, err)
	}
	c.Charset = name
	return nil
}
