package singoff

import (
	"errors"
	"fmt"
	"strings"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// What commands and calls answer beside a *RejectedError and a *GoawayError, to be told apart with errors.Is.
var (
	// ErrUnknownOutcome: the command was sent, and whether it took effect can't be told any more. It isn't repeated by the SDK unless
	// it is wrapped with a context's error: then the caller stopped waiting, and the command goes on its way.
	ErrUnknownOutcome = errors.New("singoff: outcome unknown")
	// ErrOutcomeUnseen: the command was decided for good, but the answer is among events that couldn't be given any more.
	ErrOutcomeUnseen = errors.New("singoff: decided, outcome not seen")
	// ErrNotSent: the command was never sent and never will be. The cause is wrapped.
	ErrNotSent = errors.New("singoff: not sent")
	// ErrNotJoined: cheers and signals are sent at most once, and just now there is no connection for them.
	ErrNotJoined = errors.New("singoff: not joined at the moment")
	// ErrBusy: more cheers and signals are waiting than are kept; nothing was sent.
	ErrBusy = errors.New("singoff: too many cheers and signals are waiting")
	// ErrLeaving: the room is being left, so no more commands are taken.
	ErrLeaving = errors.New("singoff: leaving")
	// ErrClosed: the Room or Client was closed, or the room was left.
	ErrClosed = errors.New("singoff: closed")
	// ErrInvalid: an argument is refused before anything is sent; the error names the field and its limit.
	ErrInvalid = errors.New("singoff: invalid")
	// ErrConnectionLost: the server said nothing for too long though it was asked; a cause of reconnecting.
	ErrConnectionLost = errors.New("singoff: the connection is lost")
	// ErrNoWelcome: the server took the stream but didn't answer Hello in time; a cause of reconnecting.
	ErrNoWelcome = errors.New("singoff: no Welcome in time")
)

// RejectedError is a command that the server refused. The Room lives on.
type RejectedError struct {
	// Reason of the refusal. NOT_TAKEN: nothing was decided, and the command may be said again.
	Reason singoffv1.Rejected_Reason
	// Cause of a NOT_TAKEN.
	Cause singoffv1.Rejected_Cause
	// Field at fault, as a path in the command; may be empty.
	Field string
	// Message for people, naming the limit.
	Message string
}

// Error is the server's sentence with the field at fault.
func (e *RejectedError) Error() string {
	return sentence("rejected", e.Message, enumWord(e.Reason.String(), "REASON_"), e.Field)
}

// GoawayError is the end of a connection by the server's word. From Join and Room.Err it is final; as the cause of a
// reconnect it need not be.
type GoawayError struct {
	// Reason of the goodbye; unspecified if the server, or something before it, gave a status alone.
	Reason singoffv1.Goaway_Reason
	// Final: the SDK doesn't come back by itself.
	Final bool
	// RetryAfter: no earlier than this after the goodbye; 0: at once.
	RetryAfter time.Duration
	// Field at fault, as a path: `hello.nickname`; may be empty.
	Field string
	// Message for people.
	Message string
	// Status that ended the stream, if there was no Goaway.
	Status error
}

// Error is the server's sentence with the reason.
func (e *GoawayError) Error() string {
	if e.Status != nil {
		return "singoff: refused: " + e.Status.Error()
	}
	return sentence("the server said goodbye", e.Message, enumWord(e.Reason.String(), "REASON_"), e.Field)
}

// Unwrap gives the status, if that is what ended the stream.
func (e *GoawayError) Unwrap() error { return e.Status }

func goawayError(g *singoffv1.Goaway) *GoawayError {
	return &GoawayError{
		Reason: g.GetReason(), Final: g.GetFinal(), RetryAfter: g.GetRetryAfter().AsDuration(), Field: g.GetField(), Message: g.GetMessage(),
	}
}

func rejectedError(r *singoffv1.Rejected) *RejectedError {
	return &RejectedError{Reason: r.GetReason(), Cause: r.GetCause(), Field: r.GetField(), Message: r.GetMessage()}
}

// invalid refuses an argument.
func invalid(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrInvalid, field, fmt.Sprintf(format, args...))
}

func sentence(what, message, reason, field string) string {
	text := "singoff: " + what + " (" + reason
	if field != "" {
		text += ", " + field
	}
	text += ")"
	if message != "" {
		text += ": " + message
	}
	return text
}

// enumWord makes `no free seat` of REASON_NO_FREE_SEAT.
func enumWord(name, prefix string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", " "))
}
