package bucket

import "gocloud.dev/blob"

// Driver is what a Bucket must know of a store's driver beside what all drivers have in common.
type Driver struct {
	// RawKey gives a listed object's key as the store has it; the driver takes parts of some for escapes.
	RawKey func(*blob.ListObject) string
	// AnswerAs makes a URL that is about to be signed (`as` is BeforeSign's) ask for an answer of that media type, whatever the object was stored as; nil: it
	// can't. Empty: as it was stored.
	AnswerAs func(as func(any) bool, mediaType string)
	// Opened is called with each bucket that was opened; nil: it needs nothing.
	Opened func(*blob.Bucket)
}

var drivers = map[string]Driver{}

// Register makes a driver known for the scheme of its URLs. It is for init functions, of packages that link a driver of gocloud.dev.
func Register(scheme string, d Driver) { drivers[scheme] = d }
