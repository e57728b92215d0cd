package show

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoff "github.com/singoff/singoff/clients/go"
)

// Failure says in a sentence for people what went wrong with something they asked for.
func Failure(err error) string {
	var rejected *singoff.RejectedError
	switch {
	case errors.As(err, &rejected):
		return "refused: " + Refusal(rejected.Message, rejected.Reason, rejected.Field)
	case errors.Is(err, singoff.ErrOutcomeUnseen):
		return "it was decided while the connection was lost, but how can't be told any more"
	case errors.Is(err, singoff.ErrUnknownOutcome):
		return "it isn't known whether this was done: the connection was lost. Look before you do it again"
	case errors.Is(err, singoff.ErrNotSent):
		return "this was not sent"
	case errors.Is(err, singoff.ErrNotJoined):
		return "this was not sent: there is no connection at the moment"
	}
	return harmless.Text(strings.TrimPrefix(err.Error(), "singoff: "))
}

// Loss says in a few words why a connection was lost; empty: it isn't known.
func Loss(cause error) string {
	var goaway *singoff.GoawayError
	switch {
	case cause == nil:
		return ""
	case errors.As(cause, &goaway) && goaway.Message != "":
		return harmless.Text(goaway.Message)
	}
	if s, ok := status.FromError(cause); ok && s.Code() == codes.Unavailable {
		return "the server can't be reached"
	} else if ok {
		return harmless.Text(s.Message())
	}
	return harmless.Text(strings.TrimPrefix(cause.Error(), "singoff: "))
}
