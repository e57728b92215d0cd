package rules

import (
	"crypto/sha256"
	"encoding/binary"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// User is who a person is, in every room: the first 16 bytes of a hash, so that it has one size and says nothing.
type User [16]byte

// Guest is the user of a guest's secret key: the first 16 bytes of SHA-256("singoff guest" + key).
func Guest(key []byte) User { return hash16("singoff guest", key) }

// SignedIn is the user of a token's subject: the first 16 bytes of SHA-256("singoff user" + subject).
func SignedIn(subject string) User { return hash16("singoff user", []byte(subject)) }

func hash16(domain string, b []byte) (u User) {
	sum := sha256.Sum256(append([]byte(domain), b...))
	copy(u[:], sum[:])
	return u
}

// Instance is one Room object of a client, by 64 bits of a hash of what Hello.instance says. Two instances are compared
// within one user only.
type Instance uint64

// InstanceOf hashes what a Hello says.
func InstanceOf(name string) Instance {
	sum := sha256.Sum256([]byte(name))
	return Instance(binary.BigEndian.Uint64(sum[:8]))
}

// Connection names an open stream for as long as an epoch lasts. 0 is none.
type Connection uint64

// Hello asks for a seat. The receiver has checked its ids and its identity; the rules check the rest.
type Hello struct {
	User     User
	SignedIn bool
	Instance Instance
	Attempt  uint64
	TakeOver bool
	Role     singoffv1.Role // ROLE_UNSPECIFIED is WATCHER
	Nickname string
	Title    string // free text, already within its bound; empty: the room's id
}

// Command is what a connection asks for after its Hello.
type Command struct {
	// Number of the command; 0: at most once, without a record.
	Number uint64
	// Body is one of *ChatMessage, *Vote, *MusicSelected, *Presence, *Playback, *Reaction, *Moderation, *Signal, *Leave, *Renew (which
	// the receiver has found good, and taken the token out of) of singoffv1, or nil if Refusal is set. The rules keep no reference to it
	// and don't change it.
	Body any
	// Track is the catalogue's answer for a MusicSelected with a track id.
	Track *singoffv1.Track
	// Gone says, for a START, whether the catalogue no longer has a track; nil: it has all. It must not wait.
	Gone func(trackID string) bool
	// Refusal says that the receiver found the command to be malformed: it is decided as refused, so that its number counts.
	Refusal *Refusal
	// Size of the request in bytes; bounds what is decided at once, nothing else.
	Size int
}

// Refusal is why a command is refused.
type Refusal struct {
	Reason  singoffv1.Rejected_Reason
	Field   string // path in the command: `chat_message.text`
	Message string // a sentence for people
}
