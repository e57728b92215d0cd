package slash

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
func (in *Interpreter) song(rest string) (talk.Job, error) {
	if strings.EqualFold(rest, "none") {
		return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Pick(ctx, "") }), nil
	}
	if id, ok := in.byNumber(rest); ok {
		return in.pick(id), nil
	}
	return func(ctx context.Context) error {
		if rest != "" {
			known, err := in.client.GetTracks(ctx, rest)
			if err == nil && len(known) == 1 {
				return in.pick(known[0].GetTrack().GetTrackId())(ctx)
			}
		}
		found, err := in.client.ListTracks(ctx, &singoffv1.ListTracksRequest{Query: rest, PageSize: listed})
		if err != nil {
			return err
		}
		if rest != "" && len(found.GetTracks()) == 1 {
			return in.pick(found.GetTracks()[0].GetTrack().GetTrackId())(ctx)
		}
		in.list(found)
		return nil
	}, nil
}

// byNumber is the id of a song of the newest list. A number beyond it may be a title or an id.
func (in *Interpreter) byNumber(text string) (id string, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	n, err := strconv.Atoi(text)
	if err != nil || len(in.found) == 0 || n < 1 || n > len(in.found) {
		return "", false
	}
	return in.found[n-1].GetTrack().GetTrackId(), true
}

func (in *Interpreter) pick(id string) talk.Job {
	return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Pick(ctx, id) })
}

func (in *Interpreter) list(found *singoffv1.ListTracksResponse) {
	in.mu.Lock()
	in.found = found.GetTracks()
	in.mu.Unlock()
	if len(found.GetTracks()) == 0 {
		in.screen.Note("no song is found")
		return
	}
	var lines []string
	for i, t := range found.GetTracks() {
		lines = append(lines, fmt.Sprintf("%2d  %s  [%s]", i+1, show.Track(t.GetTrack()), harmless.Text(t.GetTrack().GetTrackId())))
	}
	if more := int(found.GetTotalSize()) - len(found.GetTracks()); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more: /song QUERY looks for one", more))
	}
	in.screen.Note(append(lines, "/song NUMBER picks one")...)
}

func steer(action singoffv1.Playback_Action) func(*Interpreter, string) (talk.Job, error) {
	return func(in *Interpreter, _ string) (talk.Job, error) {
		do := map[singoffv1.Playback_Action]func(context.Context) (*singoffv1.Event, error){
			singoffv1.Playback_ACTION_START:  in.room.Start,
			singoffv1.Playback_ACTION_PAUSE:  in.room.Pause,
			singoffv1.Playback_ACTION_RESUME: in.room.Resume,
			singoffv1.Playback_ACTION_STOP:   in.room.Stop,
		}[action]
		return in.told(do), nil
	}
}

func (in *Interpreter) seek(rest string) (talk.Job, error) {
	position, err := ParsePosition(rest)
	if err != nil {
		return nil, err
	}
	return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Seek(ctx, position) }), nil
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
