package lrclib

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/singoff/singoff/service/catalog/lyrics"
)

const (
	// maxAnswer is how many bytes of an answer are read; a search has up to 20 songs.
	maxAnswer = 4 << 20
	// maxPeace is how long a server's Retry-After is honoured.
	maxPeace = time.Hour
	// sameLength is how far lengths of one recording may differ.
	sameLength = 2 * time.Second
)

// record is a song as the server tells it.
type record struct {
	TrackName    string  `json:"trackName"`
	ArtistName   string  `json:"artistName"`
	Duration     float64 `json:"duration"` // seconds
	PlainLyrics  string  `json:"plainLyrics"`
	SyncedLyrics string  `json:"syncedLyrics"`
}

// ask asks for the very song, then searches for one like it.
func (c *Client) ask(ctx context.Context, s Song) (lyrics.Lyrics, error) {
	q := url.Values{"track_name": {s.Title}, "artist_name": {s.Artist}}
	exact := url.Values{"track_name": q["track_name"], "artist_name": q["artist_name"], "album_name": {s.Album}}
	if s.Duration > 0 {
		exact.Set("duration", strconv.Itoa(int(math.Round(s.Duration.Seconds()))))
	}
	var r record
	err := c.get(ctx, "api/get", exact, &r)
	if err == nil && r.is(s) {
		return r.lyrics()
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return lyrics.Lyrics{}, err
	}
	var found []record
	if err := c.get(ctx, "api/search", q, &found); err != nil {
		return lyrics.Lyrics{}, err
	}
	best, err := lyrics.Lyrics{}, ErrNotFound
	for _, r := range found {
		if !r.is(s) {
			continue
		}
		if l, e := r.lyrics(); e == nil && l.Kind > best.Kind {
			best, err = l, nil
		}
	}
	return best, err
}

// is says whether a record is of the song: its title, its artist or one of several, and as long.
func (r record) is(s Song) bool {
	want, have := fold(s.Artist), fold(r.ArtistName)
	artist := want == have || have != "" && (strings.Contains(want, have) || strings.Contains(have, want))
	long := s.Duration == 0 || r.Duration == 0 || math.Abs(r.Duration-s.Duration.Seconds()) <= sameLength.Seconds()+0.5
	return fold(s.Title) == fold(strings.TrimSpace(r.TrackName)) && artist && long
}

// lyrics are the timed ones, else the plain ones.
func (r record) lyrics() (lyrics.Lyrics, error) {
	for _, text := range []string{r.SyncedLyrics, r.PlainLyrics} {
		if l, err := lyrics.FromText(text); err == nil {
			return l, nil
		}
	}
	return lyrics.Lyrics{}, ErrNotFound
}

// get asks for JSON.
func (c *Client) get(ctx context.Context, path string, q url.Values, into any) error {
	u, err := url.Parse(c.cfg.URL)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	u = u.JoinPath(path)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("Accept", "application/json")
	res, err := c.cfg.Client.Do(req)
	if err != nil {
		return c.failed(ctx, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound:
		return ErrNotFound
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusServiceUnavailable:
		c.leaveInPeace(c.asked(res.Header.Get("Retry-After")))
		return fmt.Errorf("%w: it answers %s", ErrUnavailable, res.Status)
	case res.StatusCode >= 500:
		return c.failed(ctx, fmt.Errorf("it answers %s", res.Status))
	case res.StatusCode != http.StatusOK: // it can't make sense of this song
		return fmt.Errorf("%w: it answers %s", ErrNotFound, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return c.failed(ctx, err)
	case len(body) > maxAnswer:
		return fmt.Errorf("%w: its answer is longer than %d bytes", ErrNotFound, maxAnswer)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return c.failed(ctx, fmt.Errorf("its answer isn't what it should be: %w", err))
	}
	return nil
}

// failed leaves the server in peace, unless it was the asker who gave up, or had no more time.
func (c *Client) failed(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), errSlow) {
		c.leaveInPeace(c.cfg.Pause)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// asked is the time that the server asks for, within bounds.
func (c *Client) asked(retryAfter string) time.Duration {
	seconds, err := strconv.Atoi(retryAfter)
	if err != nil || seconds < 0 || seconds > int(maxPeace/time.Second) {
		if at, e := http.ParseTime(retryAfter); e == nil {
			return min(max(time.Until(at), c.cfg.Pause), maxPeace)
		}
		if err == nil && seconds > 0 {
			return maxPeace
		}
		return c.cfg.Pause
	}
	return max(time.Duration(seconds)*time.Second, c.cfg.Pause)
}
