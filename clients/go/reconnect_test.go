package singoff_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestTriesAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := status.Error(codes.Unavailable, "connection refused")
		client, server := dialFake(t, func(*fakeStream) error { return down })
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_, err := client.Join(ctx, singoff.JoinOptions{RoomID: "friday", Nickname: "Mina"})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, down) {
			t.Errorf("Join: got %v, want the context's error and the last try's", err)
		}
		tries := server.tries()
		if n := len(tries); n < 15 {
			t.Errorf("got %d tries in 5 minutes, want at least 15", n)
		}
		for i := 6; i < len(tries); i++ {
			if span := tries[i].Sub(tries[i-6]); span < 10*time.Second {
				t.Errorf("tries %d to %d: got 7 within %v, want at most 6 within 10 s", i-5, i+1, span)
			}
		}
		slot := func(n int) time.Duration { return min(7500*time.Millisecond, time.Duration(n+1)*500*time.Millisecond) }
		for i := 1; i < len(tries); i++ {
			longest := slot(i) // one slot's beginning to the next one's end, but the first try has none
			if i > 1 {
				longest += slot(i - 1)
			}
			if gap := tries[i].Sub(tries[i-1]); gap > longest {
				t.Errorf("try %d: got %v after the one before, want at most %v", i+1, gap, longest)
			}
		}
	})
}

func TestGoawayIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := dialFake(t, func(s *fakeStream) error {
			if s.try < 3 {
				if s.try == 2 {
					s.greet()
				}
				s.tell(retryAfter(20 * time.Second))
				return status.Error(codes.Unavailable, "draining")
			}
			s.greet()
			return s.stay()
		})
		room := mustJoin(t, client)
		for state := range room.Connections() {
			if state.Phase == singoff.PhaseJoined && state.Attempt == 3 {
				break
			}
		}
		tries := server.tries()
		for i := 1; i < 3; i++ {
			if gap := tries[i].Sub(tries[i-1]); gap < 20*time.Second || gap > 21500*time.Millisecond {
				t.Errorf("try %d: got %v after the Goaway, want 20 s and at most a slot of 1.5 s", i+1, gap)
			}
		}
	})
}

// Who comes out of a tunnel after minutes doesn't sit out the pause that a long absence has earned.
func TestWakeEndsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var offline atomic.Bool
		client, server := dialFake(t, func(s *fakeStream) error {
			if offline.Load() {
				return status.Error(codes.Unavailable, "no network")
			}
			s.greet()
			select {
			case <-time.After(time.Second):
				return status.Error(codes.Unavailable, "cut")
			case <-s.ctx.Done():
				return s.ctx.Err()
			}
		})
		room := mustJoin(t, client)
		offline.Store(true)
		for tries := 0; tries < 12; {
			time.Sleep(time.Second)
			tries = len(server.tries())
		}
		for room.Connection().NextTry.Before(time.Now().Add(2 * time.Second)) {
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		offline.Store(false)
		client.Wake()
		synctest.Wait()
		if state := room.Connection(); state.Phase != singoff.PhaseJoined {
			t.Errorf("right after Wake: got %+v, want joined", state)
		}
		client.Wake() // somebody who is there has nothing to hurry for
	})
}

// Tries without a network reach nobody, so they mustn't keep one waiting when it is back; but who says Wake all the time tries no faster for it.
func TestWakeForgetsTriesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := dialFake(t, func(s *fakeStream) error {
			if s.try == 1 {
				s.greet()
			}
			return status.Error(codes.Unavailable, "no network")
		})
		mustJoin(t, client)
		for len(server.tries()) < 6 {
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		client.Wake()
		synctest.Wait()
		if n := len(server.tries()); n != 7 {
			t.Errorf("right after Wake: got %d tries, want the 7th", n)
		}
		for range 1000 {
			client.Wake()
			time.Sleep(10 * time.Millisecond)
		}
		tries := server.tries()
		for i := 16; i < len(tries); i++ {
			if span := tries[i].Sub(tries[i-16]); span < 10*time.Second {
				t.Errorf("got 17 tries within %v, want at most 16 within 10 s", span)
			}
		}
	})
}

// The network may be back while a try is under way that began without it: when that has failed, the next one doesn't wait. A Wake from while the connection
// stood is no reason to hurry once it is lost.
func TestWakeDuringATry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var failed time.Time
		client, server := dialFake(t, func(s *fakeStream) error {
			switch s.try {
			case 1:
				s.greet()
				time.Sleep(4 * time.Second) // not long enough to be forgotten
				return status.Error(codes.Unavailable, "cut")
			case 2:
				time.Sleep(3 * time.Second)
				failed = time.Now()
				return status.Error(codes.Unavailable, "no network")
			}
			s.greet()
			return s.stay()
		})
		room := mustJoin(t, client)
		joined := time.Now()
		time.Sleep(time.Second)
		client.Wake()
		for len(server.tries()) < 2 {
			time.Sleep(time.Millisecond)
		}
		if after := time.Since(joined.Add(4 * time.Second)); after == 0 {
			t.Error("a Wake of 3 s before the loss made the next try hurry")
		}
		time.Sleep(time.Second)
		client.Wake()
		for room.Connection().Phase != singoff.PhaseJoined {
			time.Sleep(time.Millisecond)
		}
		if after := server.tries()[2].Sub(failed); after != 0 {
			t.Errorf("got the try after the one that was under way when the network came back %v later, want it at once", after)
		}
	})
}

// The server's wish stands above a Wake.
func TestWakeKeepsWhatTheServerAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := dialFake(t, func(s *fakeStream) error {
			s.greet()
			s.tell(retryAfter(20 * time.Second))
			return status.Error(codes.Unavailable, "draining")
		})
		room := mustJoin(t, client)
		for state := range room.Connections() {
			if state.Phase == singoff.PhaseReconnecting {
				break
			}
		}
		synctest.Wait()
		client.Wake()
		time.Sleep(21 * time.Second)
		tries := server.tries()
		if gap := tries[1].Sub(tries[0]); gap < 20*time.Second {
			t.Errorf("got another try after %v, want the 20 s that the server asked for", gap)
		}
	})
}

func TestFinalRefusals(t *testing.T) {
	t.Parallel()
	full := &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_FULL, Final: true, Message: "both singers' seats are taken"}
	tests := map[string]struct {
		serve  func(*fakeStream) error
		reason singoffv1.Goaway_Reason
		tries  int
	}{
		"goaway": {func(s *fakeStream) error {
			s.tell(goaway(full))
			return status.Error(codes.ResourceExhausted, "full")
		}, singoffv1.Goaway_REASON_FULL, 1},
		"status": {func(*fakeStream) error { return status.Error(codes.PermissionDenied, "a proxy says no") }, 0, 1},
		"a status that may pass, then a goaway": {func(s *fakeStream) error {
			if s.try > 2 {
				s.tell(goaway(full))
			}
			return status.Error(codes.ResourceExhausted, "too many joins")
		}, singoffv1.Goaway_REASON_FULL, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, server := dialFake(t, test.serve)
				_, err := client.Join(t.Context(), singoff.JoinOptions{RoomID: "friday", Nickname: "Mina"})
				var goaway *singoff.GoawayError
				if !errors.As(err, &goaway) || !goaway.Final || goaway.Reason != test.reason {
					t.Errorf("Join: got %v, want a final GoawayError %v", err, test.reason)
				}
				time.Sleep(time.Hour)
				if got := len(server.tries()); got != test.tries {
					t.Errorf("got %d tries, want %d", got, test.tries)
				}
			})
		})
	}
}

// A Hello whose Welcome was lost is said again with the same key and still takes over; after a Welcome nothing takes over any more.
func TestLostWelcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hellos []*singoffv1.Hello
		client, server := dialFake(t, func(s *fakeStream) error {
			hellos = append(hellos, s.hello)
			switch s.try {
			case 1:
				return s.stay()
			case 2:
				s.greet()
				return status.Error(codes.Unavailable, "cut")
			}
			s.greet()
			return s.stay()
		})
		room := mustJoin(t, client)
		for state := range room.Connections() {
			if state.Phase == singoff.PhaseJoined && state.Attempt == 3 {
				break
			}
		}
		if tries := server.tries(); tries[1].Sub(tries[0]) < 12*time.Second {
			t.Errorf("waited %v for a Welcome, want at least 12 s", tries[1].Sub(tries[0]))
		}
		_ = client.Close()
		if server.distrusted != 1 {
			t.Errorf("a connection that gave no Welcome was used again")
		}
		for i, h := range hellos {
			if h.GetAttempt() != uint64(i+1) || !slices.Equal(h.GetGuestKey(), hellos[0].GetGuestKey()) || len(h.GetGuestKey()) != 16 {
				t.Errorf("hello %d: got attempt %d and key %x, want a rising attempt and one key", i+1, h.GetAttempt(), h.GetGuestKey())
			}
			if want := i < 2; h.GetTakeOver() != want {
				t.Errorf("hello %d: got take_over %v, want %v", i+1, h.GetTakeOver(), want)
			}
		}
		if got := hellos[2].GetResume(); got.GetLastSeq() != 10 || got.GetEpoch() != 7 {
			t.Errorf("resume: got %v, want seq 10 of epoch 7", got)
		}
	})
}

func TestSilenceIsALostConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var pings []time.Time
		client, server := dialFake(t, func(s *fakeStream) error {
			s.greet()
			if s.try > 1 {
				return s.stay()
			}
			for m := s.next(); m != nil; m = s.next() {
				pings = append(pings, time.Now())
			}
			return errors.New("gone")
		})
		room := mustJoin(t, client)
		joined := time.Now()
		for state := range room.Connections() {
			if state.Phase == singoff.PhaseReconnecting {
				if took := time.Since(joined); took < 8*time.Second || took > 9*time.Second || !errors.Is(state.Cause, singoff.ErrConnectionLost) {
					t.Errorf("lost after %v with %v, want 8 s with ErrConnectionLost", took, state.Cause)
				}
				break
			}
		}
		time.Sleep(time.Minute)
		if state := room.Connection(); state.Phase != singoff.PhaseJoined || state.Attempt != 2 {
			t.Errorf("a connection that answers pings: got %+v, want joined by attempt 2", state)
		}
		_ = client.Close()
		if server.distrusted != 1 {
			t.Errorf("the dead connection is trusted")
		}
		for i := 1; i < len(pings); i++ {
			if gap := pings[i].Sub(pings[i-1]); gap > 3*time.Second {
				t.Errorf("ping %d came %v after the one before, 3 s are promised", i, gap)
			}
		}
	})
}

func TestConnectionsTellAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := dialFake(t, func(s *fakeStream) error {
			if s.try == 2 {
				s.greet()
				time.Sleep(time.Second)
			}
			return status.Error(codes.Unavailable, "cut")
		})
		var told []singoff.Phase
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			room := mustJoin(t, client, func(o *singoff.JoinOptions) {
				o.OnConnection = func(s singoff.ConnectionState) { told = append(told, s.Phase) }
			})
			time.Sleep(1500 * time.Millisecond)
			if err := room.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}()
		<-ended
		want := []singoff.Phase{singoff.PhaseConnecting, singoff.PhaseReconnecting, singoff.PhaseReconnecting, singoff.PhaseJoined, singoff.PhaseReconnecting}
		if len(told) < len(want) || !slices.Equal(told[:len(want)], want) || told[len(told)-1] != singoff.PhaseClosed {
			t.Errorf("got %v, want %v … closed", told, want)
		}
	})
}
