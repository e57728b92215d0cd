package singoff

import (
	"unicode/utf8"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// JoinOptions say which room to join, and as whom.
type JoinOptions struct {
	// RoomID is `[A-Za-z0-9_-]{1,64}`; empty: RoomID(RoomTitle).
	RoomID string
	// RoomTitle is free text, at most 100 characters, used when this join makes the room; empty: the room's id.
	RoomTitle string
	// Nickname is how one is shown: 1 to 32 grapheme clusters. Observers have none. Empty for a signed-in user: what the token says.
	Nickname string
	// Role asked for; unspecified: WATCHER.
	Role singoffv1.Role
	// Token of a signed-in user; empty: that of FreshToken, else a guest, whose key is made here and kept by Store.
	Token string
	// FreshToken is asked for a token before the one there is ends, which keeps the connection, and after the server has called it expired.
	// nil: the Room ends when Token does, unless Renew was called in time.
	FreshToken TokenSource
	// Store keeps the guest key and Resume for the next process; nil: they end with the Room.
	Store Store
	// NoTakeOver refuses the member to this Room if another instance of the same user has it. By default it is taken over until the first Welcome,
	// as opening a program is a person's act; an automatic reconnect never takes over.
	NoTakeOver bool
	// EventBuffer is how many events wait for Events before the SDK stops reading from the server; 0: 1,024. Negative: Events
	// isn't used and yields nothing.
	EventBuffer int
	// OnConnection is told each ConnectionState, those before Join returns too, from the Room's own goroutine: it must return soon and
	// call nothing of the Room that waits. nil: nobody is told.
	OnConnection func(ConnectionState)
}

// signedIn says whether it is a user with a token, and no guest.
func (o *JoinOptions) signedIn() bool { return o.Token != "" || o.FreshToken != nil }

// defaultEventBuffer is used for an EventBuffer of 0.
const defaultEventBuffer = 1024

func (o *JoinOptions) validate() error {
	if o.RoomID == "" && o.RoomTitle == "" {
		return invalid("RoomID", "is empty, and so is RoomTitle")
	}
	if o.RoomID != "" && !idForm.MatchString(o.RoomID) {
		return invalid("RoomID", "%q isn't an id: 1 to 64 of A-Z a-z 0-9 _ -", o.RoomID)
	}
	if n := utf8.RuneCountInString(o.RoomTitle); n > 100 {
		return invalid("RoomTitle", "is %d characters long, at most 100 are allowed", n)
	}
	for field, text := range map[string]string{"RoomTitle": o.RoomTitle, "Nickname": o.Nickname, "Token": o.Token} {
		if !utf8.ValidString(text) {
			return invalid(field, "isn't valid UTF-8")
		}
	}
	if o.Nickname == "" && !o.signedIn() && o.Role != singoffv1.Role_ROLE_OBSERVER {
		return invalid("Nickname", "is empty; 1 to 32 characters are needed")
	}
	if _, known := singoffv1.Role_name[int32(o.Role)]; !known {
		return invalid("Role", "%d isn't a role", o.Role)
	}
	return nil
}
