package rpc_test

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
)

func TestEveryReasonHasItsStatus(t *testing.T) {
	t.Parallel()
	for number := range singoffv1.Goaway_Reason_name {
		reason := singoffv1.Goaway_Reason(number)
		code := rpc.Code(reason)
		if reason == singoffv1.Goaway_REASON_UNSPECIFIED {
			if code != codes.Unknown {
				t.Errorf("%v: got %v, want Unknown", reason, code)
			}
			continue
		}
		if code == codes.Unknown || code == codes.Internal {
			t.Errorf("%v: got %v, want a code that says something", reason, code)
		}
		if !slices.Contains(rpc.Reasons(code), reason) {
			t.Errorf("%v: got %v back from %v, want it among them", reason, rpc.Reasons(code), code)
		}
	}
}

// The statuses that the protocol's own description promises.
func TestPromisedStatuses(t *testing.T) {
	t.Parallel()
	for reason, want := range map[singoffv1.Goaway_Reason]codes.Code{
		singoffv1.Goaway_REASON_LEFT:            codes.OK,
		singoffv1.Goaway_REASON_INVALID_HELLO:   codes.InvalidArgument,
		singoffv1.Goaway_REASON_UNAUTHENTICATED: codes.Unauthenticated,
		singoffv1.Goaway_REASON_BANNED:          codes.PermissionDenied,
		singoffv1.Goaway_REASON_KICKED:          codes.PermissionDenied,
		singoffv1.Goaway_REASON_LOCKED:          codes.PermissionDenied,
		singoffv1.Goaway_REASON_FULL:            codes.ResourceExhausted,
		singoffv1.Goaway_REASON_TOO_MANY:        codes.ResourceExhausted,
		singoffv1.Goaway_REASON_NICKNAME_TAKEN:  codes.AlreadyExists,
		singoffv1.Goaway_REASON_SLOW_CONSUMER:   codes.Aborted,
		singoffv1.Goaway_REASON_TAKEN_OVER:      codes.Aborted,
		singoffv1.Goaway_REASON_HELLO_TIMEOUT:   codes.DeadlineExceeded,
		singoffv1.Goaway_REASON_DRAINING:        codes.Unavailable,
		singoffv1.Goaway_REASON_MOVED:           codes.Unavailable,
		singoffv1.Goaway_REASON_LOG_UNREACHABLE: codes.Unavailable,
	} {
		if got := rpc.Code(reason); got != want {
			t.Errorf("%v: got %v, want %v", reason, got, want)
		}
	}
}
