package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// grpcurl runs it with the input, and gives what it wrote and its exit code.
func grpcurl(t *testing.T, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "grpcurl"), append([]string{"-plaintext"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// typed joins by hand and gives the events that came.
func typed(t *testing.T, d *daemon, input string) (events []*singoffv1.Event, code int) {
	t.Helper()
	out, errs, code := grpcurl(t, input, "-d", "@", d.grpc, "singoff.v1.RoomService/Join")
	for _, doc := range strings.SplitAfter(out, "\n}\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		resp := new(singoffv1.JoinResponse)
		if err := protojson.Unmarshal([]byte(doc), resp); err != nil {
			t.Fatalf("got %v in %q (%s)", err, doc, errs)
		}
		events = append(events, resp.GetEvents()...)
	}
	return events, code
}

func TestGrpcurlLists(t *testing.T) {
	t.Parallel()
	d := start(t)
	out, errs, code := grpcurl(t, "", d.grpc, "list")
	for _, want := range []string{"singoff.v1.RoomService", "singoff.v1.MusicService", "grpc.health.v1.Health"} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("got %q (%d, %s), want %s in it", out, code, errs, want)
		}
	}
	out, errs, code = grpcurl(t, "", d.grpc, "describe", "singoff.v1.RoomService.Join")
	if !strings.Contains(out, "( stream .singoff.v1.JoinRequest ) returns ( stream .singoff.v1.JoinResponse )") {
		t.Errorf("got %q (%d, %s), want Join described", out, code, errs)
	}
	out, errs, code = grpcurl(t, "", d.grpc, "grpc.health.v1.Health/Check")
	if !strings.Contains(out, `"SERVING"`) {
		t.Errorf("got %q (%d, %s), want SERVING", out, code, errs)
	}
}

func TestGrpcurlJoinsWithNothingButHelloAndCommand(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, command := range map[string]string{
		"numbered":     `{"number": 1, "chat_message": {"text": "안녕"}}`,
		"not numbered": `{"chat_message": {"text": "안녕"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			events, code := typed(t, d, `{"hello": {"room_id": "typed", "nickname": "Mina", "role": "ROLE_SINGER"}} `+command)
			if len(events) != 4 || code != 0 {
				t.Fatalf("got %v and exit code %d, want Welcome, chat, LEFT, Goaway and 0", events, code)
			}
			if w := events[0].GetWelcome(); len(w.GetGuestKey()) != 16 || w.GetInstance() == "" || w.GetSelf().GetRole() != singoffv1.Role_ROLE_SINGER {
				t.Errorf("got %v, want a Welcome with a key, an instance and a singer", events[0])
			}
			if events[1].GetChatMessage().GetText() != "안녕" || events[1].GetChatMessage().GetNickname() != "Mina" {
				t.Errorf("got %v, want what Mina said", events[1])
			}
			if events[2].GetPresence().GetChange() != singoffv1.Presence_CHANGE_LEFT {
				t.Errorf("got %v, want LEFT", events[2])
			}
			if events[3].GetGoaway().GetReason() != singoffv1.Goaway_REASON_LEFT {
				t.Errorf("got %v, want the Goaway LEFT", events[3])
			}
		})
	}
}

func TestGrpcurlIsToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, test := range map[string]struct {
		input  string
		reason singoffv1.Goaway_Reason
		field  string
		code   codes.Code
	}{
		"no hello":  {`{"chat_message": {"text": "hi"}}`, singoffv1.Goaway_REASON_INVALID_HELLO, "hello", codes.InvalidArgument},
		"nothing":   {``, singoffv1.Goaway_REASON_INVALID_HELLO, "hello", codes.InvalidArgument},
		"no room":   {`{"hello": {"nickname": "Mina"}}`, singoffv1.Goaway_REASON_INVALID_HELLO, "hello.room_id", codes.InvalidArgument},
		"no name":   {`{"hello": {"room_id": "a"}}`, singoffv1.Goaway_REASON_INVALID_HELLO, "hello.nickname", codes.InvalidArgument},
		"token":     {`{"hello": {"room_id": "a", "nickname": "Mina", "token": "x"}}`, singoffv1.Goaway_REASON_UNAUTHENTICATED, "hello.token", codes.Unauthenticated},
		"large one": {`{"hello": {"room_id": "a", "nickname": "Mina"}} {"chat_message": {"text": "` + strings.Repeat("a", 17_000) + `"}}`, singoffv1.Goaway_REASON_PROTOCOL_ERROR, "", codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			events, code := typed(t, d, test.input)
			if len(events) == 0 {
				t.Fatalf("got nothing and exit code %d, want a Goaway", code)
			}
			last := events[len(events)-1].GetGoaway()
			if last.GetReason() != test.reason || last.GetField() != test.field || !last.GetFinal() {
				t.Errorf("got %v, want %v of %q, final", last, test.reason, test.field)
			}
			if want := 64 + int(test.code); code != want { // grpcurl's way to tell the status
				t.Errorf("got exit code %d, want %d", code, want)
			}
		})
	}
}

func TestGrpcurlListsRooms(t *testing.T) {
	t.Parallel()
	d := start(t)
	join(t, dial(t, d.grpc), singer("Mina"))
	out, errs, code := grpcurl(t, "", d.grpc, "singoff.v1.RoomService/ListRooms")
	rooms := new(singoffv1.ListRoomsResponse)
	if err := protojson.Unmarshal([]byte(out), rooms); err != nil {
		t.Fatalf("got %v (%d, %s)", err, code, errs)
	}
	if len(rooms.GetRooms()) != 1 || rooms.GetRooms()[0].GetRoomId() != "battle" || rooms.GetRooms()[0].GetCounts().GetSingers() != 1 {
		t.Errorf("got %v, want the battle with a singer", rooms)
	}
	_, errs, code = grpcurl(t, "", "-d", `{"page_token": "garbage"}`, d.grpc, "singoff.v1.RoomService/ListRooms")
	if code != 64+int(codes.InvalidArgument) || !strings.Contains(errs, "page_token") {
		t.Errorf("got %d, %s, want INVALID_ARGUMENT naming page_token", code, errs)
	}
}
