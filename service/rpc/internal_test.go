package rpc

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/history"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/room/rules"
)

// lostAfter looks whenever it is time, and tells when the client was lost.
func lostAfter(s *silence) time.Duration {
	began := time.Now()
	for <-s.C(); !s.lost(); <-s.C() {
	}
	return time.Since(began)
}

func TestSilenceOfADeadClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSilence(3*time.Second, nil)
		defer s.stop()
		s.listen()
		if took := lostAfter(s); took != 8*time.Second {
			t.Errorf("got lost after %v, want 8s", took)
		}
	})
}

func TestSilenceCountsFromTheLastWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSilence(3*time.Second, nil)
		defer s.stop()
		s.listen()
		time.AfterFunc(7300*time.Millisecond, func() { s.heard(); s.listen() })
		if took := lostAfter(s); took != 15300*time.Millisecond {
			t.Errorf("got lost after %v, want 8s after the word at 7.3s", took)
		}
	})
}

// While the room makes a client wait nobody listens to it.
func TestSilenceOfAClientThatIsNotListenedTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSilence(3*time.Second, nil)
		defer s.stop()
		time.AfterFunc(time.Minute, s.listen)
		if took := lostAfter(s); took != 68*time.Second {
			t.Errorf("got lost after %v, want 8s after it was listened to", took)
		}
	})
}

// A server that was stopped finds its clients' pings still unread, and has sent none of the signs of life that others answer. Counting that time against them
// was a false alarm; so was looking again after 0.2 s, on a machine that was busy.
func TestSilenceAfterTheServerItselfWasStopped(t *testing.T) {
	t.Parallel()
	for before := range 8 {
		synctest.Test(t, func(t *testing.T) {
			s := newSilence(3*time.Second, nil)
			defer s.stop()
			s.listen()
			for range before {
				<-s.C()
				if s.lost() {
					t.Fatal("got lost too early")
				}
			}
			time.Sleep(time.Minute) // nobody looks
			if took := lostAfter(s); took < 1900*time.Millisecond || took > 8*time.Second {
				t.Errorf("stopped after %ds: got lost %v after the stop, want 2 to 8s", before, took)
			}
		})
	}
}

// A page in the background answers signs of life as they arrive. Over a link of 8 KB/s one waited for six seconds behind what the room had said before it, and the
// page was called lost while it took that.
func TestSilenceOfAClientThatIsStillTaking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := newSilence(3*time.Second, func() bool { return time.Since(began) < 10*time.Second })
		defer s.stop()
		s.listen()
		if took := lostAfter(s); took < 11*time.Second || took > 12*time.Second {
			t.Errorf("got lost after %v, want 2s after it was last seen to take something", took)
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
	track := func(string) (*singoffv1.Track, error) { return nil, catalog.ErrNoSuchTrack }
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

// FuzzPageToken: a page token that is taken was made here, for the same list.
func FuzzPageToken(f *testing.F) {
	rooms := roomsPages("default")
	events := eventsPages(history.Query{Room: eventlog.Key{Namespace: "default", Room: "battle"}, Backward: true})
	f.Add(rooms.token("a"))
	f.Add(events.numberToken(7))
	f.Add("garbage")
	f.Fuzz(func(t *testing.T, token string) {
		if after, ok := rooms.next(token); ok && rooms.token(after) != token {
			t.Errorf("got %q out of %q, want the token it makes again", after, token)
		}
		if next, ok := events.nextNumber(token); ok && events.numberToken(next) != token {
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

func TestRemovedTracks(t *testing.T) {
	t.Parallel()
	ask := asked{
		track: func(id string) (*singoffv1.Track, error) {
			return nil, map[string]error{"was there": catalog.ErrGone, "is loading": catalog.ErrLoading, "never was": catalog.ErrNoSuchTrack}[id]
		},
		gone: func(id string) bool { return id == "was there" },
	}
	for id, want := range map[string]singoffv1.Rejected_Reason{
		"was there": singoffv1.Rejected_REASON_TRACK_GONE, "never was": singoffv1.Rejected_REASON_NO_SUCH_TRACK,
		"is loading": singoffv1.Rejected_REASON_NO_SUCH_TRACK,
	} {
		cmd := parseCommand(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_MusicSelected{MusicSelected: &singoffv1.MusicSelected{TrackId: id}}}, ask)
		if cmd.Refusal == nil || cmd.Refusal.Reason != want {
			t.Errorf("%s: got %+v, want %v", id, cmd.Refusal, want)
		}
	}
	cmd := parseCommand(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Playback{Playback: &singoffv1.Playback{}}}, ask)
	if cmd.Gone == nil || !cmd.Gone("was there") {
		t.Error("got a Playback that can't ask what is gone")
	}
}
