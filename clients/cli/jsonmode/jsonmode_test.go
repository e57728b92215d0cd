package jsonmode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/clients/cli/jsonmode"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`{"chatMessage": {"text": "안녕"}}`,
		`{"chat_message": {"text": "안녕"}, "number": 77, "last_seq": "12"}`,
		`  {"number": "3", "chatMessage": {"text": "안녕"}}  `,
	} {
		got, err := jsonmode.Command(line)
		if err != nil || got.GetChatMessage().GetText() != "안녕" || got.GetNumber() != 0 || got.GetLastSeq() != 0 {
			t.Errorf("Command(%s) = %v, %v; want the chat without a number", line, got, err)
		}
	}
	for line, want := range map[string]error{
		`hello`:                          jsonmode.ErrNotACommand,
		`{}`:                             jsonmode.ErrNotACommand,
		`{"number": 1}`:                  jsonmode.ErrNotACommand,
		`[]`:                             jsonmode.ErrNotACommand,
		`{"chatMessage": {"txt": "x"}}`:  jsonmode.ErrNotACommand,
		`{"ping": {}, "leave": {}}`:      jsonmode.ErrNotACommand,
		`{"hello": {"nickname": "Mina"}`: jsonmode.ErrNotACommand,
		`{"hello": {"roomId": "x"}}`:     jsonmode.ErrHello,
	} {
		if got, err := jsonmode.Command(line); !errors.Is(err, want) {
			t.Errorf("Command(%s) = %v, %v; want %v", line, got, err, want)
		}
	}
}

func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := jsonmode.New(nil, &out)
	m.Event(&singoffv1.Event{Seq: 4, MemberId: "m1", Number: 1, Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: "a\nb", Nickname: "미나"}}})
	m.Connection(singoff.ConnectionState{Phase: singoff.PhaseReconnecting, Attempt: 2, Cause: singoff.ErrConnectionLost, NextTry: time.Unix(1, 5e8)})
	m.Connection(singoff.ConnectionState{Phase: singoff.PhaseJoined, Attempt: 3})
	m.Failed(3, fmt.Errorf("wrapped: %w", &singoff.RejectedError{Reason: singoffv1.Rejected_REASON_INVALID, Field: "chat_message.text", Message: "is empty"}))
	m.Failed(0, &singoff.GoawayError{Reason: singoffv1.Goaway_REASON_KICKED, Final: true})
	want := []string{
		`{"seq":"4","memberId":"m1","number":"1","chatMessage":{"text":"a\nb","nickname":"미나"}}`,
		`{"connection":{"phase":"reconnecting","attempt":2,"cause":"singoff: the connection is lost","nextTry":"1970-01-01T00:00:01.5Z"}}`,
		`{"connection":{"phase":"joined","attempt":3}}`,
		`{"error":{"line":3,"message":"wrapped: singoff: rejected (invalid, chat_message.text): is empty","reason":"REASON_INVALID","field":"chat_message.text"}}`,
		`{"error":{"message":"singoff: the server said goodbye (kicked)","reason":"REASON_KICKED"}}`,
	}
	if got := strings.TrimSuffix(out.String(), "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s isn't JSON", line)
		}
	}
}

type brokenPipe struct{ writes int }

func (b *brokenPipe) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("broken pipe")
}

func TestNothingIsWrittenAfterAFailure(t *testing.T) {
	t.Parallel()
	out := &brokenPipe{}
	m := jsonmode.New(nil, out)
	for range 3 {
		m.Event(&singoffv1.Event{Seq: 1})
	}
	if out.writes != 1 {
		t.Errorf("got %d writes, want 1", out.writes)
	}
}

func FuzzCommand(f *testing.F) {
	f.Add(`{"chatMessage": {"text": "hello"}, "number": 3}`)
	f.Add(`{"playback": {"action": "ACTION_SEEK", "position": "65s"}}`)
	f.Add(`{"hello": {}}`)
	f.Fuzz(func(t *testing.T, line string) {
		command, err := jsonmode.Command(line)
		switch {
		case err == nil && (command.GetCommand() == nil || command.GetHello() != nil || command.GetNumber() != 0):
			t.Fatalf("Command(%q) = %v, want a command without a number", line, command)
		case err != nil && command != nil:
			t.Fatalf("Command(%q) = %v, %v; want one of both", line, command, err)
		}
	})
}
