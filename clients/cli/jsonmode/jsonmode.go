// Package jsonmode is a conversation for programs: each line in is a JoinRequest of the protocol in protobuf's JSON form (its
// number is ignored, as the program numbers), each line out is one JSON object.
// A line out is an Event of the protocol, or an object with the one field `connection` (phase, attempt, cause, nextTry, way, fallback) or `error`
// (line, message; reason and field as the server named them); no Event has a field of either name.
package jsonmode

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli/talk"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// What Line answers.
var (
	// ErrNotACommand: the line isn't a JoinRequest.
	ErrNotACommand = errors.New("this is no JoinRequest")
	// ErrHello: Hello is said by the program, by its flags.
	ErrHello = errors.New("hello is said by the program, by its flags")
)

// Mode is the JSON mode of one room.
type Mode struct {
	room *singoff.Room

	mu  sync.Mutex // of out
	out io.Writer  // nil after a write failed
}

var _ talk.Mode = (*Mode)(nil)

// New makes the mode. After a write to out fails nothing more is written.
func New(room *singoff.Room, out io.Writer) *Mode { return &Mode{room: room, out: out} }

// Line makes a command of a line.
func (m *Mode) Line(_ int, text string) (talk.Job, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	command, err := Command(text)
	if err != nil {
		return nil, err
	}
	if command.GetLeave() != nil {
		return func(context.Context) error { return talk.ErrLeave }, nil
	}
	return func(ctx context.Context) error {
		_, err := m.room.Do(ctx, command)
		return err
	}, nil
}

// Command reads a JoinRequest and takes its number off. Errors: ErrNotACommand with what is wrong, ErrHello.
func Command(text string) (*singoffv1.JoinRequest, error) {
	command := &singoffv1.JoinRequest{}
	if err := protojson.Unmarshal([]byte(text), command); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotACommand, err)
	}
	switch command.GetCommand().(type) {
	case nil:
		return nil, fmt.Errorf(`%w: it holds no command; {"chatMessage": {"text": "hello"}} is one`, ErrNotACommand)
	case *singoffv1.JoinRequest_Hello:
		return nil, ErrHello
	}
	command.Number, command.LastSeq = 0, 0
	return command, nil
}

// Event writes an event.
func (m *Mode) Event(ev *singoffv1.Event) {
	b, err := protojson.Marshal(ev)
	if err != nil {
		m.Failed(0, fmt.Errorf("an event can't be written as JSON: %w", err))
		return
	}
	m.write(b)
}

type connection struct {
	Phase   string `json:"phase"` // connecting, joined, reconnecting, closed
	Attempt uint64 `json:"attempt"`
	Cause   string `json:"cause,omitempty"`
	NextTry string `json:"nextTry,omitempty"` // RFC 3339, local clock
	// Way is native, websocket or fetch, once there is a stream; Fallback is why it isn't the websocket that was wanted.
	Way      string `json:"way,omitempty"`
	Fallback string `json:"fallback,omitempty"`
}

// Connection writes a change of the connection.
func (m *Mode) Connection(state singoff.ConnectionState) {
	c := connection{Phase: state.Phase.String(), Attempt: state.Attempt, Way: string(state.Way.Kind)}
	if state.Way.Fallback != nil {
		c.Fallback = state.Way.Fallback.Error()
	}
	if state.Cause != nil {
		c.Cause = state.Cause.Error()
	}
	if !state.NextTry.IsZero() {
		c.NextTry = state.NextTry.UTC().Format(time.RFC3339Nano)
	}
	m.object("connection", c)
}

type failure struct {
	Line    int    `json:"line,omitempty"` // of the input, from 1; left out: of none
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty"` // REASON_... of Rejected or Goaway
	Field   string `json:"field,omitempty"`
}

// Failed writes that a line wasn't done; line 0: what ended the conversation.
func (m *Mode) Failed(line int, err error) {
	f := failure{Line: line, Message: err.Error()}
	var rejected *singoff.RejectedError
	var goaway *singoff.GoawayError
	switch {
	case errors.As(err, &rejected):
		f.Reason, f.Field = rejected.Reason.String(), rejected.Field
	case errors.As(err, &goaway):
		f.Reason, f.Field = goaway.Reason.String(), goaway.Field
	}
	m.object("error", f)
}

func (m *Mode) object(name string, value any) {
	b, err := json.Marshal(map[string]any{name: value})
	if err == nil { // they hold strings and numbers alone
		m.write(b)
	}
}

// write writes one line at once. protobuf's JSON has spaces at random, so that nobody relies on them: they're taken out.
func (m *Mode) write(object []byte) {
	var line bytes.Buffer
	if err := json.Compact(&line, object); err != nil {
		line.Reset()
		line.Write(object)
	}
	line.WriteByte('\n')
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.out == nil {
		return
	}
	if _, err := m.out.Write(line.Bytes()); err != nil {
		m.out = nil
	}
}
