package singoff_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
)

// ways are all that a Room may be joined by.
var ways = []transport.Kind{transport.KindNative, transport.KindWebsocket, transport.KindFetch, transport.KindAuto}

// eachWay runs a test over each way.
func eachWay(t *testing.T, test func(t *testing.T, way transport.Kind)) {
	t.Parallel()
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			test(t, way)
		})
	}
}

// portOf is the port that a way leads to.
func portOf(addrs service.Addrs, way transport.Kind) string {
	if way == transport.KindNative {
		return addrs.GRPC
	}
	return addrs.HTTP
}

// startServer runs the real server on free ports until the test ends, and gives the port of the way.
func startServer(t *testing.T, way transport.Kind, change ...func(*service.Config)) (port string) {
	t.Helper()
	config := serverConfig()
	for _, c := range change {
		c(&config)
	}
	stop, addrs := runServer(t, config)
	t.Cleanup(stop)
	return portOf(addrs, way)
}

func serverConfig() service.Config {
	config := service.DefaultConfig()
	config.GRPCAddr, config.HTTPAddr, config.AdminAddr = "127.0.0.1:0", "127.0.0.1:0", service.AdminOff
	config.Log = service.LogMemory
	return config
}

// dial makes a client that goes to a port by a way.
func dial(t *testing.T, way transport.Kind, port string, more ...singoff.Option) *singoff.Client {
	t.Helper()
	if way != transport.KindNative {
		port = "http://" + port
	}
	client, err := singoff.Dial(port, append(more, singoff.WithTransport(way))...)
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return client
}

func join(t *testing.T, client *singoff.Client, options singoff.JoinOptions) *singoff.Room {
	t.Helper()
	if options.RoomTitle == "" {
		options.RoomTitle = "금요일 배틀"
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	room, err := client.Join(ctx, options)
	if err != nil {
		t.Fatalf("Join as %s: %v", options.Nickname, err)
	}
	return room
}

const singer = singoffv1.Role_ROLE_SINGER

func TestBattleOnTheRealServer(t *testing.T) { eachWay(t, battle) }

func battle(t *testing.T, way transport.Kind) {
	client := dial(t, way, startServer(t, way))
	mina := join(t, client, singoff.JoinOptions{Nickname: "미나", Role: singer})
	juno := join(t, client, singoff.JoinOptions{Nickname: "Juno"})

	want := way
	if way == transport.KindAuto {
		want = transport.KindWebsocket
	}
	if got := juno.Connection().Way; got.Kind != want || got.Fallback != nil {
		t.Errorf("way: got %+v, want %v", got, want)
	}
	said, err := juno.Say(t.Context(), "안녕")
	if err != nil || said.GetChatMessage().GetText() != "안녕" {
		t.Fatalf("Say: got %v, %v", said, err)
	}
	voted, err := juno.Vote(t.Context(), mina.Self().GetMemberId(), singoffv1.Vote_CHOICE_UP)
	if err != nil || voted.GetVote().GetTally().GetUpGuests() != 1 {
		t.Fatalf("Vote: got %v, %v, want one up vote", voted, err)
	}
	if got := juno.State().OwnVote(mina.Self().GetMemberId()); got != singoffv1.Vote_CHOICE_UP {
		t.Errorf("own vote: got %v, want UP", got)
	}
	tracks, err := client.ListTracks(t.Context(), &singoffv1.ListTracksRequest{})
	if err != nil || len(tracks.GetTracks()) == 0 {
		t.Fatalf("ListTracks: got %v, %v", tracks, err)
	}
	track := tracks.GetTracks()[0].GetTrack().GetTrackId()
	if got, err := client.GetTracks(t.Context(), track, "no-such"); err != nil || len(got) != 1 {
		t.Errorf("GetTracks: got %v, %v, want one", got, err)
	}
	if got, err := client.GetLyrics(t.Context(), track); err != nil || len(got.GetLines()) == 0 {
		t.Errorf("GetLyrics: got %v, %v, want the demo song's", got, err)
	}
	if got, err := client.GetLyrics(t.Context(), "no-such"); status.Code(err) != codes.NotFound {
		t.Errorf("GetLyrics of no such track: got %v, %v, want NOT_FOUND", got, err)
	}
	steps := map[string]func() (*singoffv1.Event, error){
		"1 pick":   func() (*singoffv1.Event, error) { return mina.Pick(t.Context(), track) },
		"2 start":  func() (*singoffv1.Event, error) { return mina.Start(t.Context()) },
		"3 pause":  func() (*singoffv1.Event, error) { return mina.Pause(t.Context()) },
		"4 seek":   func() (*singoffv1.Event, error) { return mina.Seek(t.Context(), 7*time.Second) },
		"5 rename": func() (*singoffv1.Event, error) { return mina.Rename(t.Context(), "미나2") },
		"6 hide":   func() (*singoffv1.Event, error) { return mina.SetHidden(t.Context(), true) },
		"7 lock": func() (*singoffv1.Event, error) {
			return mina.Moderate(t.Context(), singoffv1.Moderation_ACTION_LOCK, "")
		},
	}
	for i := range len(steps) {
		for name, step := range steps {
			if name[0] != byte('1'+i) {
				continue
			}
			if event, err := step(); err != nil {
				t.Errorf("%s: got %v, %v", name, event, err)
			}
		}
	}
	if at, plays := mina.State().Position(mina.Now()); !plays || at != 7*time.Second {
		t.Errorf("position: got %v, %v, want 7s", at, plays)
	}
	var rejected *singoff.RejectedError
	if _, err := juno.Start(t.Context()); !errors.As(err, &rejected) || rejected.Message == "" {
		t.Errorf("a watcher's Start: got %v, want a RejectedError that says why", err)
	}
	if err := mina.Cheer(mina.Self().GetMemberId(), singoffv1.Reaction_KIND_CLAP, 3); err != nil {
		t.Errorf("Cheer: %v", err)
	}
	rooms, err := client.ListRooms(t.Context(), 0, "")
	if err != nil || len(rooms.GetRooms()) != 1 || rooms.GetRooms()[0].GetRoomId() != singoff.RoomID("금요일 배틀") {
		t.Errorf("ListRooms: got %v, %v", rooms, err)
	}
	late := singoff.JoinOptions{RoomTitle: "금요일 배틀", Nickname: "Late"}
	var goaway *singoff.GoawayError
	if _, err := client.Join(t.Context(), late); !errors.As(err, &goaway) || goaway.Reason != singoffv1.Goaway_REASON_LOCKED {
		t.Errorf("Join of a locked room: got %v, want a GoawayError LOCKED", err)
	}
	if err := juno.Leave(t.Context()); err != nil {
		t.Errorf("Leave: %v", err)
	}
	<-juno.Done()
	if err := juno.Err(); err != nil {
		t.Errorf("Err after Leave: got %v, want nil", err)
	}
}

// What a member's local state has become by events is what a Welcome of that moment says.
func TestStateIsWhatAWelcomeSays(t *testing.T) { eachWay(t, stateIsWhatAWelcomeSays) }

func stateIsWhatAWelcomeSays(t *testing.T, way transport.Kind) {
	client := dial(t, way, startServer(t, way))
	mina := join(t, client, singoff.JoinOptions{Nickname: "Mina", Role: singer, EventBuffer: -1})
	watcher := join(t, client, singoff.JoinOptions{Nickname: "Juno", EventBuffer: -1})
	for i := range 5 {
		guest := join(t, client, singoff.JoinOptions{Nickname: fmt.Sprint("guest ", i), EventBuffer: -1})
		_, err := guest.Vote(t.Context(), mina.Self().GetMemberId(), singoffv1.Vote_Choice(1+i%2))
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			err = guest.Leave(t.Context())
		} else {
			err = guest.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := watcher.Say(t.Context(), "all seen"); err != nil {
		t.Fatal(err)
	}
	observer := join(t, client, singoff.JoinOptions{Role: singoffv1.Role_ROLE_OBSERVER, EventBuffer: -1})
	want := observer.State()
	for watcher.State().Seq < want.Seq {
		if _, err := watcher.Say(t.Context(), "catching up"); err != nil {
			t.Fatal(err)
		}
	}
	second := join(t, client, singoff.JoinOptions{Role: singoffv1.Role_ROLE_OBSERVER, EventBuffer: -1})
	want = second.State()
	if _, err := watcher.Say(t.Context(), "now"); err != nil {
		t.Fatal(err)
	}
	got := watcher.State()
	if got.Seq < want.Seq || !proto.Equal(got.Room, want.Room) {
		t.Errorf("state at %d:\ngot  %v\nwant %v", got.Seq, got.Room, want.Room)
	}
}
