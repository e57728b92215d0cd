package linemode

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	"github.com/singoff/singoff/clients/cli/talk"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// listed is how many songs /song lists at once.
const listed = 20

// song lists songs, or picks one: by its number in the newest list, by its id, or as the only one a query finds.
func (m *Mode) song(rest string) (talk.Job, error) {
	if strings.EqualFold(rest, "none") {
		return m.told(func(ctx context.Context) (*singoffv1.Event, error) { return m.room.Pick(ctx, "") }), nil
	}
	if id, ok := m.byNumber(rest); ok {
		return m.pick(id), nil
	}
	return func(ctx context.Context) error {
		if rest != "" {
			known, err := m.client.GetTracks(ctx, rest)
			if err == nil && len(known) == 1 {
				return m.pick(known[0].GetTrack().GetTrackId())(ctx)
			}
		}
		found, err := m.client.ListTracks(ctx, &singoffv1.ListTracksRequest{Query: rest, PageSize: listed})
		if err != nil {
			return err
		}
		if rest != "" && len(found.GetTracks()) == 1 {
			return m.pick(found.GetTracks()[0].GetTrack().GetTrackId())(ctx)
		}
		m.list(found)
		return nil
	}, nil
}

// byNumber is the id of a song of the newest list. A number beyond it may be a title or an id.
func (m *Mode) byNumber(text string) (id string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := strconv.Atoi(text)
	if err != nil || len(m.found) == 0 || n < 1 || n > len(m.found) {
		return "", false
	}
	return m.found[n-1].GetTrack().GetTrackId(), true
}

func (m *Mode) pick(id string) talk.Job {
	return m.told(func(ctx context.Context) (*singoffv1.Event, error) { return m.room.Pick(ctx, id) })
}

func (m *Mode) list(found *singoffv1.ListTracksResponse) {
	m.mu.Lock()
	m.found = found.GetTracks()
	m.mu.Unlock()
	if len(found.GetTracks()) == 0 {
		m.note("no song is found")
		return
	}
	var lines []string
	for i, t := range found.GetTracks() {
		lines = append(lines, fmt.Sprintf("%2d  %s  [%s]", i+1, show.Track(t.GetTrack()), harmless.Text(t.GetTrack().GetTrackId())))
	}
	if more := int(found.GetTotalSize()) - len(found.GetTracks()); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more: /song QUERY looks for one", more))
	}
	m.note(append(lines, "/song NUMBER picks one")...)
}

func steer(action singoffv1.Playback_Action) func(*Mode, string) (talk.Job, error) {
	return func(m *Mode, _ string) (talk.Job, error) {
		do := map[singoffv1.Playback_Action]func(context.Context) (*singoffv1.Event, error){
			singoffv1.Playback_ACTION_START:  m.room.Start,
			singoffv1.Playback_ACTION_PAUSE:  m.room.Pause,
			singoffv1.Playback_ACTION_RESUME: m.room.Resume,
			singoffv1.Playback_ACTION_STOP:   m.room.Stop,
		}[action]
		return m.told(do), nil
	}
}

func (m *Mode) seek(rest string) (talk.Job, error) {
	position, err := ParsePosition(rest)
	if err != nil {
		return nil, err
	}
	return m.told(func(ctx context.Context) (*singoffv1.Event, error) { return m.room.Seek(ctx, position) }), nil
}

// ParsePosition understands a position in a song: `65`, `65.5`, `1:05` or `1:02:05`. Its error says so.
func ParsePosition(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is no position in a song: say 1:05, 1:02:05, or seconds", harmless.Text(text))
	parts := strings.Split(text, ":")
	last := parts[len(parts)-1]
	seconds, err := strconv.ParseFloat(last, 64)
	if err != nil || len(parts) > 3 || strings.Trim(last, "0123456789.") != "" || len(parts) > 1 && seconds >= 60 || seconds > 24*3600 {
		return 0, wrong
	}
	total := time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
	unit := time.Minute
	for i := len(parts) - 2; i >= 0; i-- {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil || i > 0 && n >= 60 {
			return 0, wrong
		}
		total += time.Duration(n) * unit
		unit *= 60
	}
	return total, nil
}
