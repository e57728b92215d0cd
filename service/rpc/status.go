package rpc

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// statuses is the one table from a Goaway's reason to the status that follows it. Clients decide by the Goaway: several reasons, some
// final and some not, share a code.
var statuses = [...]struct {
	reason singoffv1.Goaway_Reason
	code   codes.Code
}{
	{singoffv1.Goaway_REASON_LEFT, codes.OK},
	{singoffv1.Goaway_REASON_INVALID_HELLO, codes.InvalidArgument},
	{singoffv1.Goaway_REASON_PROTOCOL_ERROR, codes.InvalidArgument},
	{singoffv1.Goaway_REASON_UNAUTHENTICATED, codes.Unauthenticated},
	{singoffv1.Goaway_REASON_TOKEN_EXPIRED, codes.Unauthenticated},
	{singoffv1.Goaway_REASON_BANNED, codes.PermissionDenied},
	{singoffv1.Goaway_REASON_KICKED, codes.PermissionDenied},
	{singoffv1.Goaway_REASON_LOCKED, codes.PermissionDenied},
	{singoffv1.Goaway_REASON_FULL, codes.ResourceExhausted},
	{singoffv1.Goaway_REASON_ROOM_LIMIT, codes.ResourceExhausted},
	{singoffv1.Goaway_REASON_TOO_MANY, codes.ResourceExhausted},
	{singoffv1.Goaway_REASON_NICKNAME_TAKEN, codes.AlreadyExists},
	{singoffv1.Goaway_REASON_SLOW_CONSUMER, codes.Aborted},
	{singoffv1.Goaway_REASON_TAKEN_OVER, codes.Aborted},
	{singoffv1.Goaway_REASON_SUPERSEDED, codes.Aborted},
	{singoffv1.Goaway_REASON_ADMIN, codes.Aborted},
	{singoffv1.Goaway_REASON_HELLO_TIMEOUT, codes.DeadlineExceeded},
	{singoffv1.Goaway_REASON_DRAINING, codes.Unavailable},
	{singoffv1.Goaway_REASON_MOVED, codes.Unavailable},
	{singoffv1.Goaway_REASON_LOG_UNREACHABLE, codes.Unavailable},
	{singoffv1.Goaway_REASON_CONNECTION_LOST, codes.Unavailable},
}

// Code is the status code that follows a Goaway. A reason this version doesn't know is codes.Unknown.
func Code(reason singoffv1.Goaway_Reason) codes.Code {
	for _, row := range statuses {
		if row.reason == reason {
			return row.code
		}
	}
	return codes.Unknown
}

// Reasons are the reasons a status code may stand for, the likeliest first: what is left to know when a Goaway was lost.
func Reasons(code codes.Code) []singoffv1.Goaway_Reason {
	var reasons []singoffv1.Goaway_Reason
	for _, row := range statuses {
		if row.code == code {
			reasons = append(reasons, row.reason)
		}
	}
	return reasons
}

// statusOf is the end of a stream whose last event was the Goaway; nil when that is OK.
func statusOf(g *singoffv1.Goaway) error {
	code := Code(g.GetReason())
	if code == codes.OK {
		return nil
	}
	message := g.GetMessage()
	if field := g.GetField(); field != "" {
		message = field + ": " + message
	}
	return status.Error(code, message)
}
