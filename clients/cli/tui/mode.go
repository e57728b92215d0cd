package tui

import (
	"time"

	"github.com/singoff/singoff/clients/cli/slash"
	"github.com/singoff/singoff/clients/cli/talk"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Batch is what has happened since the last one, in its order. An item is a *singoffv1.Event, a singoff.ConnectionState, Failed, Noted, Who, Lyrics or Leaving.
type Batch struct {
	Clocks
	Items []any
}

// Clocks tell the time.
type Clocks struct {
	// Server is the room's clock.
	Server time.Time
	// Local is this machine's.
	Local time.Time
}

// Failed is why something a person asked for wasn't done.
type Failed struct{ Err error }

// Noted is what a command tells.
type Noted struct{ Lines []string }

// Lyrics are those of a track.
type Lyrics struct {
	TrackID string
	Lyrics  *singoffv1.GetLyricsResponse
}

// Leaving tells that the room is being left.
type Leaving struct{}

// Who asks to show who is in a room, and what plays at a time of the server's clock.
type Who struct {
	Room *singoffv1.RoomState
	Now  time.Time
}

// Line understands a line.
func (u *ui) Line(_ int, text string) (talk.Job, error) { return u.lines.Line(text) }

// Event hands on what the room said.
func (u *ui) Event(ev *singoffv1.Event) {
	u.put(ev)
	u.songs.heard(ev)
}

// Connection hands on a change of the connection.
func (u *ui) Connection(state singoff.ConnectionState) { u.put(state) }

// Failed hands on that a line wasn't done.
func (u *ui) Failed(_ int, err error) { u.put(Failed{err}) }

// Note hands on lines of the program's own.
func (u *ui) Note(lines ...string) { u.put(Noted{lines}) }

// Help hands on the commands and the keys.
func (u *ui) Help(intro string, commands []slash.Hint) {
	lines := []string{intro}
	for _, c := range commands {
		lines = append(lines, c.Usage+": "+c.Help)
	}
	u.Note(append(lines, keyHelp...)...)
}

// Who hands on who is there.
func (u *ui) Who(room *singoffv1.RoomState, now time.Time) { u.put(Who{room, now}) }

// put queues an item for the screen. It waits while the queue is full, as when the program is stopped: the SDK reads on when it goes on, and
// comes back to where it was. When the screen has ended the item is dropped.
func (u *ui) put(item any) {
	select {
	case u.items <- item:
	case <-u.ended:
	}
}

// deliverLoop hands what has happened, and the time, to the screen until that has ended.
func (u *ui) deliverLoop() {
	tick := time.NewTicker(tickInterval)
	defer tick.Stop()
	for {
		var items []any
		select {
		case item := <-u.items:
			items = u.more(item)
		case <-tick.C:
		case <-u.signals:
			u.interrupt()
			continue
		case <-u.ended:
			return
		}
		u.program.Send(Batch{Clocks: Clocks{Server: u.now(), Local: time.Now()}, Items: items})
	}
}

// more takes what else is queued.
func (u *ui) more(first any) []any {
	items := []any{first}
	for len(items) < batch {
		select {
		case item := <-u.items:
			items = append(items, item)
		default:
			return items
		}
	}
	return items
}
