// Package roomstate is the state of a room as a client keeps it: the Welcome's, and every later event applied to it.
// A State is immutable: applying an event gives another one, and what didn't change is shared between them.
// History that a RESUMED replays is part of the Welcome's state already and must not be applied.
package roomstate

import singoffv1 "github.com/singoff/singoff/gen/singoff/v1"

// State is a room as of one event. It may be read concurrently; nothing reached through it may be changed. The zero value is a
// room nothing is known about.
type State struct {
	// Seq of the newest kept event that is part of it.
	Seq uint64
	// SelfID is the own member's id.
	SelfID string
	// Room is what the server says of the room in Welcome, kept up to date. Never nil but in the zero State.
	Room *singoffv1.RoomState
	// Chat is the newest chat, oldest first, at most 100 messages.
	Chat []*singoffv1.Event
}
