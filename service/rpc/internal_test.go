package rpc

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/history"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/room/rules"
)

// A server that was stopped for a minute finds its timer long over and the client's pings still unread: calling the client lost then
// was a false alarm. It looks again a moment later.
func TestSilenceAfterTheServerItselfWasStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSilence(3 * time.Second)
		defer s.stop()
		s.listen()
		time.Sleep(time.Minute) // nobody looks
		<-s.C()
		if s.lost() {
			t.Fatal("got lost at a look that came late")
		}
		s.heard()
		s.listen()
		<-s.C()
		if s.lost() {
			t.Fatal("got lost although something was heard")
		}
	})
}

func TestSilenceOfADeadClientAfterTheServerWasStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSilence(3 * time.Second)
		defer s.stop()
		s.listen()
		time.Sleep(time.Minute)
		<-s.C()
		if s.lost() {
			t.Fatal("got lost at a look that came late")
		}
		began := time.Now()
		<-s.C()
		if !s.lost() {
			t.Error("got alive, want lost at the look after")
		}
		if took := time.Since(began); took != look {
			t.Errorf("got the look after %v, want %v", took, look)
		}
	})
}

// FuzzJoinRequest: whatever bytes a client sends, first or later, nothing panics and each is either handed on or refused with a field.
func FuzzJoinRequest(f *testing.F) {
	seed := func(req *singoffv1.JoinRequest) {
		data, err := proto.Marshal(req)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	seed(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: &singoffv1.Hello{RoomId: "a", GuestKey: make([]byte, 16)}}})
	seed(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: &singoffv1.Hello{RoomId: "-_", RoomTitle: "금요일", Instance: "i"}}})
	seed(&singoffv1.JoinRequest{Number: 1, Command: &singoffv1.JoinRequest_MusicSelected{MusicSelected: &singoffv1.MusicSelected{TrackId: "x"}}})
	seed(&singoffv1.JoinRequest{Number: 1, Command: &singoffv1.JoinRequest_Ping{Ping: &singoffv1.Ping{}}})
	f.Add([]byte("\x08\x05\xfa\x06\x02hi"))
	track := func(string) (*singoffv1.Track, bool) { return nil, false }
	f.Fuzz(func(t *testing.T, data []byte) {
		in := &inbound{limit: 1 << 10}
		if err := Codec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, in); err != nil {
			t.Fatalf("got %v, want the fault in inbound.err", err)
		}
		if (in.err == nil) == (in.request == nil) {
			t.Fatalf("got request %v and error %v, want one of them", in.request, in.err)
		}
		if in.err != nil {
			if protocolError(in.err) == nil {
				t.Fatalf("got %v, want a protocol error", in.err)
			}
			return
		}
		j, goaway := Door{}.parseHello(in.request)
		if (j == nil) == (goaway == nil) || goaway != nil && (goaway.GetField() == "" || goaway.GetMessage() == "") {
			t.Fatalf("got %v, %v, want one of them, a Goaway with field and message", j, goaway)
		}
		if j != nil && (names.CheckID(j.key.Namespace) != "" || names.CheckID(j.key.Room) != "" || j.about.Instance == "") {
			t.Fatalf("got %+v, want ids of their form", j)
		}
		cmd := parseCommand(in.request, asked{track: track, renew: func(string) *rules.Refusal { return nil }})
		if cmd.Number != in.request.GetNumber() || cmd.Refusal != nil && (cmd.Body != nil || cmd.Refusal.Field == "" || cmd.Refusal.Message == "") {
			t.Fatalf("got %+v, want its number, and a body or a refusal with field and message", cmd)
		}
	})
}

// FuzzRoomsToken: a page token that is taken was made here.
func FuzzRoomsToken(f *testing.F) {
	f.Add(encodeRoomsToken("default", "a"))
	f.Add("garbage")
	f.Fuzz(func(t *testing.T, token string) {
		after, err := decodeRoomsToken("default", token)
		if err == nil && token != "" && encodeRoomsToken("default", after) != token {
			t.Errorf("got %q out of %q, want the token it makes again", after, token)
		}
	})
}

func FuzzEventsToken(f *testing.F) {
	q := history.Query{Room: eventlog.Key{Namespace: "default", Room: "battle"}}
	f.Add(encodeEventsToken(q, 7))
	f.Add(encodeEventsToken(history.Query{Room: q.Room, Backward: true}, 7))
	f.Add("garbage")
	f.Fuzz(func(t *testing.T, token string) {
		next, ok := decodeEventsToken(q, token)
		if ok && (next == 0 || encodeEventsToken(q, next) != token) {
			t.Errorf("got %d out of %q, want the token it makes again", next, token)
		}
	})
}

// BenchmarkBuffers is what decides between handing parts over and copying them, with the transport's reading of them.
func BenchmarkBuffers(b *testing.B) {
	for _, n := range []int{1, 8, 200} {
		parts := make([][]byte, n)
		for i := range parts {
			parts[i] = make([]byte, 150)
		}
		dst := make([]byte, 150*n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out := buffers(parts)
				out.CopyTo(dst)
				out.Free()
			}
		})
	}
}
