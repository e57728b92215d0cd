package rpc_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// do hands one message after the Hello and gives the command the room got.
func do(t *testing.T, req *singoffv1.JoinRequest) (got rules.Command) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, conn, end := joined(t, s, hello())
		stream.say(req)
		synctest.Wait()
		taken := conn.taken()
		if len(taken) != 1 {
			t.Fatalf("got %d commands, want 1", len(taken))
		}
		got = taken[0]
		stream.cancel()
		end()
	})
	return got
}

func TestCommandsAreHandedOn(t *testing.T) {
	t.Parallel()
	for name, req := range map[string]*singoffv1.JoinRequest{
		"chat":       chat(4, "안녕"),
		"vote":       {Number: 4, Command: &singoffv1.JoinRequest_Vote{Vote: &singoffv1.Vote{SingerMemberId: "m1"}}},
		"no pick":    {Number: 4, Command: &singoffv1.JoinRequest_MusicSelected{MusicSelected: &singoffv1.MusicSelected{}}},
		"presence":   {Number: 4, Command: &singoffv1.JoinRequest_Presence{Presence: &singoffv1.Presence{Nickname: "n"}}},
		"playback":   {Number: 4, Command: &singoffv1.JoinRequest_Playback{Playback: &singoffv1.Playback{}}},
		"moderation": {Number: 4, Command: &singoffv1.JoinRequest_Moderation{Moderation: &singoffv1.Moderation{MemberId: "m1"}}},
		"leave":      {Number: 4, Command: &singoffv1.JoinRequest_Leave{Leave: &singoffv1.Leave{}}},
		"reaction":   {Command: &singoffv1.JoinRequest_Reaction{Reaction: &singoffv1.Reaction{Count: 3}}},
		"signal":     {Command: &singoffv1.JoinRequest_Signal{Signal: &singoffv1.Signal{Payload: "sdp"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := do(t, req)
			if got.Number != req.GetNumber() || got.Refusal != nil || got.Track != nil {
				t.Errorf("got %+v, want number %d, no refusal, no track", got, req.GetNumber())
			}
			field := req.ProtoReflect().WhichOneof(req.ProtoReflect().Descriptor().Oneofs().ByName("command"))
			want := req.ProtoReflect().Get(field).Message().Interface()
			if body, ok := got.Body.(proto.Message); !ok || !proto.Equal(body, want) {
				t.Errorf("got body %v, want %v", got.Body, want)
			}
		})
	}
}

func TestPickIsLookedUp(t *testing.T) {
	t.Parallel()
	got := do(t, &singoffv1.JoinRequest{Number: 2, Command: &singoffv1.JoinRequest_MusicSelected{
		MusicSelected: &singoffv1.MusicSelected{TrackId: "song"},
	}})
	if got.Track.GetTitle() != "Song" || got.Refusal != nil {
		t.Errorf("got %+v, want the catalogue's track", got)
	}
}

func TestCommandsThatAreRefusedByTheirForm(t *testing.T) {
	t.Parallel()
	unknown := new(singoffv1.JoinRequest)
	if err := proto.Unmarshal([]byte("\x08\x05\xfa\x06\x02hi"), unknown); err != nil { // number 5, field 111
		t.Fatal(err)
	}
	invalid := singoffv1.Rejected_REASON_INVALID
	for name, test := range map[string]struct {
		req     *singoffv1.JoinRequest
		reason  singoffv1.Rejected_Reason
		field   string
		message string
	}{
		"second hello":      {&singoffv1.JoinRequest{Number: 5, Command: hello().Command}, invalid, "hello", "said before"},
		"empty":             {&singoffv1.JoinRequest{Number: 5}, invalid, "command", "missing"},
		"empty, unnumbered": {&singoffv1.JoinRequest{}, invalid, "command", "missing"},
		"unknown":           {unknown, invalid, "command", "none that this server knows"},
		"numbered ping":     {ping(5), invalid, "number", "is 5, a ping always has 0"},
		"numbered reaction": {&singoffv1.JoinRequest{Number: 5, Command: &singoffv1.JoinRequest_Reaction{}}, invalid, "number", "a reaction always has 0"},
		"numbered signal":   {&singoffv1.JoinRequest{Number: 5, Command: &singoffv1.JoinRequest_Signal{}}, invalid, "number", "a signal always has 0"},
		"no such track": {&singoffv1.JoinRequest{Number: 5, Command: &singoffv1.JoinRequest_MusicSelected{
			MusicSelected: &singoffv1.MusicSelected{TrackId: "nope"},
		}}, singoffv1.Rejected_REASON_NO_SUCH_TRACK, "music_selected.track_id", "no track"},
		"renew": {&singoffv1.JoinRequest{Number: 5, Command: &singoffv1.JoinRequest_Renew{}}, singoffv1.Rejected_REASON_UNAUTHENTICATED, "renew.token", "no key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := do(t, test.req)
			if got.Number != test.req.GetNumber() || got.Body != nil || got.Refusal == nil {
				t.Fatalf("got %+v, want number %d and a refusal", got, test.req.GetNumber())
			}
			if got.Refusal.Reason != test.reason || got.Refusal.Field != test.field || !strings.Contains(got.Refusal.Message, test.message) {
				t.Errorf("got %+v, want %v, %s, %q", *got.Refusal, test.reason, test.field, test.message)
			}
		})
	}
}

func TestSkewIsMeasured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, _, end := joined(t, s, hello())
		for _, skew := range []*durationpb.Duration{nil, durationpb.New(12 * time.Millisecond), durationpb.New(-time.Hour), {Seconds: 1, Nanos: -1}} {
			one := ping(0)
			one.GetPing().Skew = skew
			stream.say(one)
		}
		synctest.Wait()
		families, err := s.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, family := range families {
			if family.GetName() != "singoff_rpc_skew_seconds" {
				continue
			}
			found = true
			h := family.GetMetric()[0].GetHistogram()
			if h.GetSampleCount() != 2 || math.Abs(h.GetSampleSum()-(0.012-60)) > 1e-9 {
				t.Errorf("got %d samples that make %v s, want the 12 ms, and of the hour a minute", h.GetSampleCount(), h.GetSampleSum())
			}
			for _, bucket := range h.GetBucket() {
				want := uint64(1)
				if bucket.GetUpperBound() >= 0.02 {
					want = 2
				}
				if bucket.GetCumulativeCount() != want {
					t.Errorf("got %d up to %v s, want %d", bucket.GetCumulativeCount(), bucket.GetUpperBound(), want)
				}
			}
		}
		if !found {
			t.Error("got no singoff_rpc_skew_seconds")
		}
		stream.cancel()
		end()
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, _, end := joined(t, s, hello())
		stream.say(chat(1, "a"), chat(2, "b"), ping(0), ping(3))
		synctest.Wait()
		want := `
# HELP singoff_rpc_commands_total Commands received, by kind and result: taken (handed to the room), or malformed (handed to it as refused).
# TYPE singoff_rpc_commands_total counter
singoff_rpc_commands_total{kind="chat_message",result="taken"} 2
singoff_rpc_commands_total{kind="ping",result="malformed"} 1
singoff_rpc_commands_total{kind="ping",result="taken"} 1
# HELP singoff_rpc_connections Join streams that are open.
# TYPE singoff_rpc_connections gauge
singoff_rpc_connections 1
# HELP singoff_rpc_hellos_total First messages by result: taken (handed to the room), or the reason of the Goaway that refused them here.
# TYPE singoff_rpc_hellos_total counter
singoff_rpc_hellos_total{result="taken"} 1
`
		if err := testutil.GatherAndCompare(s.registry, strings.NewReader(want),
			"singoff_rpc_commands_total", "singoff_rpc_connections", "singoff_rpc_hellos_total", "singoff_rpc_streams_total"); err != nil {
			t.Error(err)
		}
		stream.cancel()
		end()
		want = `
# HELP singoff_rpc_connections Join streams that are open.
# TYPE singoff_rpc_connections gauge
singoff_rpc_connections 0
# HELP singoff_rpc_streams_total Join streams that have ended, by the reason of their Goaway, or lost, stuck, internal.
# TYPE singoff_rpc_streams_total counter
singoff_rpc_streams_total{reason="lost"} 1
`
		if err := testutil.GatherAndCompare(s.registry, strings.NewReader(want), "singoff_rpc_connections", "singoff_rpc_streams_total"); err != nil {
			t.Error(err)
		}
	})
}
