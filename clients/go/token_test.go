package singoff_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// tokenUntil looks like a token that ends then. Nobody checks its signature here.
func tokenUntil(at time.Time) string {
	claims := fmt.Sprintf(`{"sub":"mina","exp":%d}`, at.Unix())
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func expired() *singoffv1.Event {
	return goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_TOKEN_EXPIRED, Field: "hello.token", Message: "the token has expired"})
}

// doorman plays a server that takes tokens by their end, as the real one does, and notes what it was shown.
type doorman struct {
	hellos []string
	renews []string
}

func (d *doorman) serve(s *fakeStream) error {
	token := s.hello.GetToken()
	d.hellos = append(d.hellos, token)
	ends := endOf(token)
	if !time.Now().Before(ends) {
		s.tell(expired())
		return status.Error(codes.Unauthenticated, "expired")
	}
	number := uint64(0)
	s.greet(func(w *singoffv1.Welcome) { w.LastNumber = number })
	seq := max(10, s.hello.GetResume().GetLastSeq())
	requests := make(chan *singoffv1.JoinRequest)
	go func() {
		defer close(requests)
		for m := s.command(); m != nil; m = s.command() {
			requests <- m
		}
	}()
	for {
		select {
		case m, open := <-requests:
			if !open {
				return errors.New("gone")
			}
			d.renews = append(d.renews, m.GetRenew().GetToken())
			ends = endOf(m.GetRenew().GetToken())
			seq++
			s.tell(&singoffv1.Event{Seq: seq, Number: m.GetNumber(), Body: &singoffv1.Event_Ack{Ack: &singoffv1.Ack{}}})
		case <-time.After(time.Until(ends)):
			s.tell(expired())
			for range requests { // until the client goes
			}
			return status.Error(codes.Unauthenticated, "expired")
		}
	}
}

func endOf(token string) time.Time {
	data, _ := base64.RawURLEncoding.DecodeString(strings.Split(token+"..", ".")[1])
	var sub string
	var exp int64
	_, _ = fmt.Sscanf(string(data), `{"sub":%q,"exp":%d}`, &sub, &exp)
	return time.Unix(exp, 0)
}

// source gives tokens that are good for so long, and counts how often it was asked.
type source struct {
	lasting time.Duration

	mu    sync.Mutex // protects what follows
	asked int
	fail  error
}

func (s *source) set(fail error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *source) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *source) fresh(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.fail != nil {
		return "", s.fail
	}
	return tokenUntil(time.Now().Add(s.lasting)), nil
}

func TestTokenIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door, tokens := &doorman{}, &source{lasting: 10 * time.Minute}
		client, _ := dialFake(t, door.serve)
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.FreshToken, o.Nickname = tokens.fresh, "" })
		time.Sleep(61 * time.Minute)
		if got := room.Connection(); got.Phase != singoff.PhaseJoined || got.Attempt != 1 {
			t.Errorf("got %+v after an hour, want the first connection", got)
		}
		_ = client.Close()
		// Renewed a minute before each end: after 9, 18, 27, … 54 minutes.
		if len(door.hellos) != 1 || len(door.renews) != 6 || tokens.times() != 7 {
			t.Errorf("got %d Hellos, %d Renews, asked %d times, want 1, 6, 7", len(door.hellos), len(door.renews), tokens.times())
		}
	})
}

// TestSourceThatFailsForAWhile: it is asked again, at last after the token has ended; the Room is back as soon as there is a fresh one.
func TestSourceThatFailsForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door, tokens := &doorman{}, &source{lasting: 10 * time.Minute}
		client, _ := dialFake(t, door.serve)
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.FreshToken = tokens.fresh })
		none := errors.New("no login server")
		tokens.set(none)
		time.Sleep(11 * time.Minute)
		got := room.Connection()
		if got.Phase != singoff.PhaseReconnecting || !errors.Is(got.Cause, none) {
			t.Errorf("got %+v, want reconnecting for want of a token", got)
		}
		if got := tokens.times(); got > 40 {
			t.Errorf("got asked %d times in 11 minutes, want it not hammered", got)
		}
		tokens.set(nil)
		time.Sleep(time.Minute)
		if got := room.Connection(); got.Phase != singoff.PhaseJoined {
			t.Errorf("got %+v, want joined again", got)
		}
		_ = client.Close()
		if len(door.hellos) != 2 {
			t.Errorf("got %d Hellos, want 2: none without a good token", len(door.hellos))
		}
	})
}

func TestTokenWithoutASourceEndsTheRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door := &doorman{}
		client, server := dialFake(t, door.serve)
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.Token = tokenUntil(time.Now().Add(time.Minute)) })
		<-room.Done()
		goaway, ok := errors.AsType[*singoff.GoawayError](room.Err())
		if !ok || goaway.Reason != singoffv1.Goaway_REASON_TOKEN_EXPIRED || !goaway.Final {
			t.Errorf("got %v, want TOKEN_EXPIRED for good", room.Err())
		}
		if got := len(server.tries()); got != 1 {
			t.Errorf("got %d tries, want 1: the same token would be refused again", got)
		}
		options := singoff.JoinOptions{RoomID: "friday", Nickname: "Mina", Token: tokenUntil(time.Now().Add(-time.Minute))}
		if _, err := client.Join(t.Context(), options); !errors.As(err, &goaway) || goaway.Reason != singoffv1.Goaway_REASON_TOKEN_EXPIRED {
			t.Errorf("got %v for a token that has expired, want TOKEN_EXPIRED at once", err)
		}
	})
}

// TestRenewedByTheApplication: with a token that the application has renewed by itself the Room comes back from a loss, also after the first one's end.
func TestRenewedByTheApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door := &doorman{}
		client, _ := dialFake(t, door.serve)
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.Token = tokenUntil(time.Now().Add(time.Minute)) })
		fresh := tokenUntil(time.Now().Add(time.Hour))
		if _, err := room.Renew(t.Context(), fresh); err != nil {
			t.Fatalf("Renew: %v", err)
		}
		time.Sleep(59 * time.Minute)
		if got := room.Connection(); got.Phase != singoff.PhaseJoined || got.Attempt != 1 {
			t.Errorf("got %+v, want the first connection", got)
		}
		<-room.Done()
		if len(door.hellos) != 2 || door.hellos[1] != fresh {
			t.Errorf("got Hellos %v, want a second one with the fresh token, and no third", door.hellos)
		}
	})
}

// TestServersClockDecides: a client whose clock is slow must not show a token that the server calls expired again and again.
func TestServersClockDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens, hellos := &source{lasting: time.Hour}, 0
		client, _ := dialFake(t, func(s *fakeStream) error {
			if hellos++; hellos == 1 {
				s.tell(expired())
				return status.Error(codes.Unauthenticated, "expired")
			}
			s.greet()
			return s.stay()
		})
		mustJoin(t, client, func(o *singoff.JoinOptions) { o.FreshToken = tokens.fresh })
		_ = client.Close()
		if tokens.times() != 2 {
			t.Errorf("got asked %d times, want a fresh token after the refusal", tokens.times())
		}
	})
}
