package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/simulate"
	"github.com/singoff/singoff/clients/cli/talk"
	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Exit codes.
const (
	CodeDone          = 0
	CodeFailed        = 1 // also: a simulation found a fault
	CodeUsage         = 2
	CodeUnreachable   = 3
	CodeNicknameTaken = 4
	CodeFull          = 5
	CodeKeptOut       = 6 // locked, kicked, banned, removed by the operator; without a token that is accepted; without the operator's token
	CodeTakenOver     = 7
	CodeInterrupted   = 130
)

// errUsage is wrapped by errors about flags that only their combination shows.
var errUsage = errors.New("wrong usage")

// errUnreachable is wrapped by errors about a server that doesn't answer.
var errUnreachable = errors.New("no server answers")

// errNoOperator is wrapped by errors about a server whose operator's address isn't known.
var errNoOperator = errors.New("the server isn't found")

// errFaults: the simulation's report tells them.
var errFaults = errors.New("promises were broken: see the report")

// explain says what went wrong and what to do, with the exit code.
func explain(err error, g *globals) (told string, code int) {
	var goaway *singoff.GoawayError
	var admin *adminError
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted", CodeInterrupted
	case errors.As(err, &admin):
		return admin.explain()
	case errors.Is(err, errNoOperator):
		return harmless.Text(err.Error()), CodeUnreachable
	case errors.Is(err, errUnreachable):
		return unreachable(err, g), CodeUnreachable
	case errors.As(err, &goaway):
		return farewell(goaway)
	case errors.Is(err, errUsage), errors.Is(err, singoff.ErrInvalid), errors.Is(err, simulate.ErrConfig):
		return harmless.Text(err.Error()), CodeUsage
	case errors.Is(err, talk.ErrNotLeft):
		return harmless.Text(err.Error()), CodeUnreachable
	case down(err):
		return unreachable(err, g), CodeUnreachable
	}
	said, ok := statusOf(err)
	switch {
	case ok && said.Code() == codes.Unauthenticated:
		return "the server doesn't let you in: " + harmless.Text(said.Message()) + "; give a token with --token-file FILE or SINGOFF_TOKEN", CodeKeptOut
	case ok && mistaken(said.Message(), "") != "":
		return unreachable(err, g), CodeUnreachable
	case ok:
		return "the server refused: " + harmless.Text(said.Message()), CodeFailed
	}
	return harmless.Text(err.Error()), CodeFailed
}

// statusOf is what the server said, without what it was wrapped in.
func statusOf(err error) (*status.Status, bool) {
	s, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err)
	if !ok {
		return nil, false
	}
	return s.GRPCStatus(), true
}

// down tells whether an error is that of a server that isn't there.
func down(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded || errors.Is(err, context.DeadlineExceeded)
}

func unreachable(err error, g *globals) string {
	detail := err.Error()
	if said, ok := statusOf(err); ok {
		detail = said.Message()
	}
	if told := mistaken(detail, g.target(transport.Kind(g.Transport))); told != "" {
		return told
	}
	return fmt.Sprintf("no server answers at %s (%s).\nStart one with: singoffd\nOr name another one with --server HOST:PORT, --server URL or SINGOFF_SERVER.",
		harmless.Text(g.target(transport.Kind(g.Transport))), harmless.Text(detail))
}

// mistakes are servers that are there and can't be spoken to as was asked, by what gRPC and HTTP say of it: they tell it as a text alone.
var mistakes = []struct{ says, told string }{
	{"certificate signed by unknown authority", "the server at %s has a certificate that nobody here vouches for (%s).\nIf it's a house's own, give its authority's " +
		"with --ca FILE or SINGOFF_CA; a server started with --tls self tells where that is."},
	{"looked like an HTTP/1.1 header", "at %s an HTTP port answers (%s).\nGive its URL, like --server http://127.0.0.1:8080, or the address of the gRPC port."},
	{"error reading server preface", "what answers at %s isn't an unencrypted gRPC port (%s).\nIf it encrypts, give the certificate of its authority with --ca FILE or " +
		"SINGOFF_CA; if it's an HTTP port, its URL, like --server http://127.0.0.1:8080."},
	{"first record does not look like a TLS handshake", "the server at %s doesn't encrypt (%s).\nSpeak to it unencrypted with --plaintext: keys can be read on the way."},
	{"server gave HTTP response to HTTPS client", "the server at %s doesn't encrypt (%s).\nSpeak to it unencrypted by a URL that begins with http://: keys can be read on the way."},
	{"HTTP status 307", "the server at %s leads elsewhere (%s).\nIf it encrypts, its URL begins with https://."},
}

// mistaken says what to ask for instead; empty: nothing is known of it.
func mistaken(detail, target string) string {
	for _, m := range mistakes {
		if strings.Contains(detail, m.says) {
			return fmt.Sprintf(m.told, harmless.Text(target), harmless.Text(detail))
		}
	}
	return ""
}

// farewells say what each final goodbye means for a person.
var farewells = map[singoffv1.Goaway_Reason]struct {
	told string
	code int
}{
	singoffv1.Goaway_REASON_NICKNAME_TAKEN:  {"somebody in the room has this nickname: choose another one with --nick", CodeNicknameTaken},
	singoffv1.Goaway_REASON_FULL:            {"no seat of this role is free: try another (--role singer, --role watcher), or look on with --role observer", CodeFull},
	singoffv1.Goaway_REASON_ROOM_LIMIT:      {"the room can't take more people: try another room", CodeFull},
	singoffv1.Goaway_REASON_TOO_MANY:        {"the server can't take more connections or rooms: try again later", CodeFull},
	singoffv1.Goaway_REASON_LOCKED:          {"the room is locked for newcomers: ask its host to /unlock it", CodeKeptOut},
	singoffv1.Goaway_REASON_KICKED:          {"the host has kicked you", CodeKeptOut},
	singoffv1.Goaway_REASON_BANNED:          {"the host has banned you from this room", CodeKeptOut},
	singoffv1.Goaway_REASON_UNAUTHENTICATED: {"the server doesn't let you in: give a token that it accepts with --token-file FILE or SINGOFF_TOKEN", CodeKeptOut},
	singoffv1.Goaway_REASON_TOKEN_EXPIRED:   {"your token has expired: get a fresh one", CodeKeptOut},
	singoffv1.Goaway_REASON_ADMIN:           {"the operator ended the connection", CodeKeptOut},
	singoffv1.Goaway_REASON_TAKEN_OVER:      {"another program has taken over under this nickname; starting this one again takes it back", CodeTakenOver},
	singoffv1.Goaway_REASON_DRAINING:        {"the server shuts down: try again when it is back", CodeUnreachable},
	singoffv1.Goaway_REASON_LOG_UNREACHABLE: {
		"the server can't reach its log: try again later", CodeUnreachable},
}

func farewell(g *singoff.GoawayError) (told string, code int) {
	f, ok := farewells[g.Reason]
	if !ok {
		return harmless.Text(g.Error()), CodeFailed
	}
	told = f.told
	if g.RetryAfter > 0 {
		told += fmt.Sprintf("; come back in %v", g.RetryAfter.Round(time.Second))
	}
	if g.Message != "" {
		told += " (" + harmless.Text(g.Message) + ")"
	}
	return told, f.code
}
