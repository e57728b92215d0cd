package linemode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/cli/linemode"
	"github.com/singoff/singoff/clients/cli/show"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

var eight = time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC)

func newMode(out *bytes.Buffer) *linemode.Mode {
	return linemode.New(linemode.Config{
		Asked: singoffv1.Role_ROLE_SINGER, Out: out, Look: show.Config{Zone: time.UTC, Now: func() time.Time { return eight }},
	})
}

func TestConnectionChanges(t *testing.T) {
	t.Parallel()
	lost := func(cause error, in time.Duration) singoff.ConnectionState {
		return singoff.ConnectionState{Phase: singoff.PhaseReconnecting, Cause: cause, NextTry: eight.Add(in)}
	}
	for name, c := range map[string]struct {
		state singoff.ConnectionState
		want  string
	}{
		"lost":             {lost(singoff.ErrConnectionLost, 2*time.Second), "20:00:00 * connection lost (the connection is lost), trying again in 2 s\n"},
		"lost, less round": {lost(nil, 312*time.Millisecond), "20:00:00 * connection lost, trying again in 0.3 s\n"},
		"moved": {lost(&singoff.GoawayError{Reason: singoffv1.Goaway_REASON_MOVED, Message: "another node\x1b has the room"}, 0),
			"20:00:00 * connection lost (another node\\x1b has the room), trying again at once\n"},
		"refused": {lost(status.Error(codes.Unavailable, "dial tcp: connection refused"), time.Second),
			"20:00:00 * connection lost (the server can't be reached), trying again in 1 s\n"},
		"the try itself": {singoff.ConnectionState{Phase: singoff.PhaseReconnecting}, ""},
		"joined":         {singoff.ConnectionState{Phase: singoff.PhaseJoined}, ""},
		"closed":         {singoff.ConnectionState{Phase: singoff.PhaseClosed}, ""},
	} {
		var out bytes.Buffer
		newMode(&out).Connection(c.state)
		if out.String() != c.want {
			t.Errorf("%s: got %q, want %q", name, out.String(), c.want)
		}
	}
}

// Each try after the first once said again that the connection was lost, as if it had been there in between.
func TestFailedTriesArentNewLosses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := newMode(&out)
	for _, phase := range []singoff.Phase{singoff.PhaseReconnecting, singoff.PhaseReconnecting, singoff.PhaseJoined, singoff.PhaseReconnecting} {
		m.Connection(singoff.ConnectionState{Phase: phase, NextTry: eight.Add(time.Second)})
	}
	want := "20:00:00 * connection lost, trying again in 1 s\n" +
		"20:00:00 * still no connection, trying again in 1 s\n" +
		"20:00:00 * connection lost, trying again in 1 s\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&singoff.RejectedError{Reason: singoffv1.Rejected_REASON_NO_PICK}, "refused: no pick"},
		{&singoff.RejectedError{Field: "chat_message.text", Message: "at most 2,000\x07 characters"}, `refused: at most 2,000\x07 characters (chat_message.text)`},
		{fmt.Errorf("%w: %w", singoff.ErrUnknownOutcome, context.Canceled), "isn't known whether this was done"},
		{singoff.ErrOutcomeUnseen, "was decided while the connection was lost"},
		{fmt.Errorf("%w: closed", singoff.ErrNotSent), "this was not sent"},
		{singoff.ErrNotJoined, "no connection at the moment"},
		{fmt.Errorf("%w: text: too long", singoff.ErrInvalid), "! invalid: text: too long"},
		{errors.New("x\x1b[2J"), `! x\x1b[2J`},
	} {
		var out bytes.Buffer
		newMode(&out).Failed(1, c.err)
		if !strings.Contains(out.String(), c.want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%v: got %q, want %q on one line", c.err, out.String(), c.want)
		}
	}
}

// Who is a member already keeps the old role, which was once told nowhere: a "singer" found out by the first refused /play.
func TestOldRoleIsTold(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := newMode(&out)
	welcome := &singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{
		Self: &singoffv1.Member{MemberId: "m1", Nickname: "Mina", Role: singoffv1.Role_ROLE_WATCHER, Seat: 1}, Room: &singoffv1.RoomState{RoomId: "friday"},
	}}}
	m.Event(welcome)
	m.Event(welcome)
	if got := strings.Count(out.String(), "you are still a watcher here: to be a singer, /leave and join again"); got != 1 {
		t.Errorf("told %d times, want once:\n%s", got, out.String())
	}
}
