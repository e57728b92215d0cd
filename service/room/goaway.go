package room

import (
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// draining asks to come back after a second and up to spread more.
func draining(spread time.Duration) *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_DRAINING, Message: "the server shuts down; come back soon",
		RetryAfter: durationpb.New(time.Second + mathrand.N(max(spread, 1))),
	}
}

func tooMany(format string, limit int) *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_TOO_MANY, Message: fmt.Sprintf(format, limit),
		RetryAfter: durationpb.New(time.Second + mathrand.N(4*time.Second)),
	}
}

func moved() *singoffv1.Goaway {
	return &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_MOVED, Message: "another node has the room now; come back at once"}
}

// givenUp is moved, but not at once: the bug may be met again.
func givenUp() *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_MOVED, Message: "the room had to be given up and is opened again; come back",
		RetryAfter: durationpb.New(time.Second + mathrand.N(time.Second)),
	}
}

func slowConsumer() *singoffv1.Goaway {
	return &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_SLOW_CONSUMER, Message: "this connection took its events too slowly; come back and resume"}
}
