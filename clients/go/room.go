package singoff

import (
	"iter"
	"time"

	"github.com/singoff/singoff/clients/go/roomstate"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Room is one membership. All its methods may be called concurrently.
type Room struct{}

// State is a room as of its newest event; see roomstate.State.
type State = roomstate.State

// Events yields every event in its order: each Welcome (with how the stream was recovered), the history a RESUMED replays, everything live,
// and what was said to this connection alone but Pong. It ends with the Room, with an error if the Room has one. There is one
// queue: two loops at once share its events. Taking an event is what moves the saved Resume.
//
// An application that doesn't take its events in time is never given less of them: when EventBuffer of them wait, the SDK
// reads nothing more from the server, answers to commands included, until one is taken; the server may then end the connection for being a slow
// consumer, and it is resumed when there is room again.
func (r *Room) Events() iter.Seq2[*singoffv1.Event, error] { return nil }

// State is the room as of the newest event received.
func (r *Room) State() State { return State{} }

// Self is the own member as of the newest event received; after one's own LEFT the last that was known. It must not be changed.
func (r *Room) Self() *singoffv1.Member { return nil }

// Limits are the server's, as of the newest Welcome. They must not be changed.
func (r *Room) Limits() *singoffv1.Limits { return nil }

// Now is the server's clock, estimated.
func (r *Room) Now() time.Time { return time.Time{} }

// Clock tells how well the server's clock is known.
func (r *Room) Clock() ClockReading { return ClockReading{} }

// ClockReading is the estimate of the server's clock.
type ClockReading struct {
	// Offset is the server's clock less the local one.
	Offset time.Duration
	// RoundTrip of the measurement it rests on; the error is at most half of it. 0: only a Welcome has told the time so far.
	RoundTrip time.Duration
}

// Connection is how the connection stands now.
func (r *Room) Connection() ConnectionState { return ConnectionState{} }

// Connections yields how the connection stands now and each later state, up to and including PhaseClosed.
func (r *Room) Connections() iter.Seq[ConnectionState] { return nil }

// Done is closed when the Room has ended: left, closed, or refused for good.
func (r *Room) Done() <-chan struct{} { return nil }

// Err tells why the Room has ended: nil while it lives, and after Leave and Close.
func (r *Room) Err() error { return nil }

// Close goes without leaving: the member becomes AWAY and may come back. It returns when nothing of the Room is left, with the error
// of the last Save.
func (r *Room) Close() error { return errSkeleton }
