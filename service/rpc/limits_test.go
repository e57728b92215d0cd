package rpc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/limit"
	"github.com/singoff/singoff/service/rpc"
)

// withLimits has a Room count by address.
func withLimits(t *testing.T, change ...func(*limit.Config)) func(*rpc.Config) {
	t.Helper()
	cfg := limit.DefaultConfig()
	cfg.Registerer = prometheus.NewPedanticRegistry()
	for _, f := range change {
		f(&cfg)
	}
	l, err := limit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return func(cfg *rpc.Config) { cfg.Door.Limits = l }
}

// fromAddr is a stream from elsewhere.
type fromAddr struct {
	*memStream
	addr string
}

func (s fromAddr) Peer() rpc.Peer { return rpc.Peer{Addr: s.addr, Transport: rpc.TransportNative} }

const someone = "203.0.113.7:5000"

// startFrom is start for a stream from an address.
func (s *server) startFrom(addr string, first *singoffv1.JoinRequest) (*memStream, func() error) {
	stream := newStream()
	stream.say(first)
	result := make(chan error, 1)
	go func() {
		err := s.Serve(fromAddr{stream, addr})
		stream.cancel()
		result <- err
	}()
	return stream, func() error { return <-result }
}

// wantTooMany checks that a stream's only event refuses it by a limit that is named.
func wantTooMany(t *testing.T, stream *memStream, err error, message string) {
	t.Helper()
	wantEnd(t, stream, err, &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_TOO_MANY, Message: message})
	if after := stream.sent()[0].GetGoaway().GetRetryAfter().AsDuration(); after < 100*time.Millisecond || after > time.Hour {
		t.Errorf("got to come back after %v, want a sensible time", after)
	}
}

func TestJoinsOfAnAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, withLimits(t, func(c *limit.Config) { c.JoinsPerMinute = 2 }))
		for range 2 {
			stream, end := s.startFrom(someone, hello())
			synctest.Wait()
			stream.cancel()
			end()
		}
		stream, end := s.startFrom(someone, hello())
		wantTooMany(t, stream, end(), "2 joins a minute")
		if got := len(s.manager.conns); got != 2 {
			t.Errorf("got %d Hellos handed to the room, want 2", got)
		}
		for name, addr := range map[string]string{"another address": "198.51.100.1:1", "the same machine": "127.0.0.1:1", "a socket": "@"} {
			stream, end := s.startFrom(addr, hello())
			synctest.Wait()
			if len(stream.sent()) != 0 {
				t.Errorf("%s: got %v, want it let in", name, stream.sent())
			}
			stream.cancel()
			end()
		}
	})
}

func TestStreamsOfAnAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, withLimits(t, func(c *limit.Config) { c.Streams = 2 }))
		first, endFirst := s.startFrom(someone, hello())
		silent := newStream() // one that says nothing counts too
		endSilent := make(chan error, 1)
		go func() { endSilent <- s.Serve(fromAddr{silent, someone}) }()
		synctest.Wait()
		stream, end := s.startFrom(someone, hello())
		wantTooMany(t, stream, end(), "2 streams open")
		first.cancel()
		endFirst()
		stream, end = s.startFrom(someone, hello())
		synctest.Wait()
		if len(stream.sent()) != 0 {
			t.Errorf("got %v after one has ended, want it let in", stream.sent())
		}
		stream.cancel()
		end()
		silent.cancel()
		<-endSilent
	})
}

func TestRoomsOfAnAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t, withLimits(t, func(c *limit.Config) { c.RoomsPerHour = 2 }))
		var streams []*memStream
		join := func(room, nick string) (*memStream, func() error) {
			stream, end := s.startFrom(someone, hello(named(nick), func(h *singoffv1.Hello) { h.RoomId = room }))
			streams = append(streams, stream)
			synctest.Wait()
			return stream, end
		}
		var ends []func() error
		for _, place := range []string{"a", "b", "a", "b"} { // rooms that are there cost nothing
			stream, end := join(place, fmt.Sprintf("n%d", len(streams)))
			ends = append(ends, end)
			if got := stream.sent(); len(got) == 0 || got[0].GetWelcome() == nil {
				t.Fatalf("room %s: got %v, want a Welcome", place, got)
			}
		}
		stream, end := join("c", "late")
		wantTooMany(t, stream, end(), "2 new ones an hour")
		for i, end := range ends {
			streams[i].cancel()
			end()
		}
	})
}

func TestCallsOfAnAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, withLimits(t, func(c *limit.Config) { c.CallsPerSecond = 1 }))
	call := func(addr string) error {
		ctx := rpc.WithPeer(context.Background(), rpc.Peer{Addr: addr})
		_, err := s.ListRooms(ctx, &singoffv1.ListRoomsRequest{})
		return err
	}
	for i := range 5 {
		if err := call(someone); err != nil {
			t.Fatalf("got %v for call %d, want 5 to be taken", err, i+1)
		}
	}
	err := call(someone)
	if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "1 calls a second") {
		t.Errorf("got %v, want RESOURCE_EXHAUSTED naming the limit", err)
	}
	if err := call("198.51.100.1:1"); err != nil {
		t.Errorf("got %v for another address", err)
	}
	ctx := rpc.WithPeer(context.Background(), rpc.Peer{Addr: someone})
	if _, err := s.Send(ctx, &singoffv1.SendRequest{ConnectionId: make([]byte, 16), Send: 1}); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v for a Send to no connection, want RESOURCE_EXHAUSTED", err)
	}
}

// TestAPartyComesBackAtOnce: 30 people behind one address lose their connections, join the same room again all at once, and all get in.
func TestAPartyComesBackAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, withLimits(t))
		for range 2 {
			var streams []*memStream
			var ends []func() error
			for i := range 30 {
				stream, end := s.startFrom(fmt.Sprintf("203.0.113.7:%d", 1000+i), hello(named(fmt.Sprintf("n%d", i))))
				streams, ends = append(streams, stream), append(ends, end)
			}
			synctest.Wait()
			for i, stream := range streams {
				if len(stream.sent()) != 0 {
					t.Errorf("number %d got %v, want to be let in", i, stream.sent())
				}
				stream.cancel()
				ends[i]()
			}
		}
		if got := len(s.manager.conns); got != 60 {
			t.Errorf("got %d let in, want 60", got)
		}
	})
}
