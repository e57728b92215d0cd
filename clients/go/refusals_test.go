package singoff_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// A crowd is many clients that want in at once; a group is enough where it's not about their number.
const crowd, group = 200, 20

// joinAll lets n clients try to join for a time.
func joinAll(t *testing.T, n int, dial func() *singoff.Client, patience time.Duration) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			client := dial()
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := client.Join(ctx, singoff.JoinOptions{RoomID: "friday", Nickname: fmt.Sprint("guest ", i)})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Join: got %v, want it tried until its time is over", err)
			}
		})
	}
	all.Wait()
}

// atMostSix in any 10 s, and not all at the same moment.
func atMostSix(t *testing.T, n int, tries map[string][]time.Time) {
	t.Helper()
	if len(tries) != n {
		t.Fatalf("%d have tried, want %d", len(tries), n)
	}
	second := map[time.Time]int{} // second tries, by hundredths of a second
	for who, at := range tries {
		for i := 6; i < len(at); i++ {
			if span := at[i].Sub(at[i-6]); span < 9900*time.Millisecond {
				t.Errorf("%s: got 7 tries within %v, want at most 6 within 10 s", who, span)
			}
		}
		if len(at) < 2 {
			t.Errorf("%s tried once, want again and again", who)
			continue
		}
		second[at[1].Truncate(10*time.Millisecond)]++
	}
	for at, same := range second {
		if same > n/4+1 {
			t.Errorf("%d of %d tried again at the same moment %v", same, n, at)
		}
	}
}

// A server that can't take anybody just now must not be run over by those who want in: a refused connect once counted as "never opened" elsewhere,
// and clients tried again without a pause.
func TestRefusedCrowds(t *testing.T) {
	for name, test := range map[string]struct {
		n        int
		patience time.Duration
		serve    func(*standing) error
	}{
		"unavailable": {crowd, 11 * time.Second, func(*standing) error { return status.Error(codes.Unavailable, "draining") }},
		"exhausted":   {group, 40 * time.Second, func(*standing) error { return status.Error(codes.ResourceExhausted, "too many joins") }},
		"a goaway that says nothing of time": {group, 40 * time.Second, func(c *standing) error {
			c.tell(goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_TOO_MANY}))
			return status.Error(codes.ResourceExhausted, "too many connections")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, way transport.Kind) {
				synctest.Test(t, func(t *testing.T) {
					s := &stand{serve: test.serve}
					dial, stop := s.start(t, way)
					joinAll(t, test.n, dial, test.patience)
					stop()
					atMostSix(t, test.n, s.tries)
				})
			})
		})
	}
}

// A Welcome alone is nothing useful yet: who is sent away right after it comes back no faster.
func TestWelcomedAndSentAway(t *testing.T) {
	eachWay(t, func(t *testing.T, way transport.Kind) {
		synctest.Test(t, func(t *testing.T) {
			s := &stand{serve: func(c *standing) error {
				c.welcome()
				return status.Error(codes.Unavailable, "restarting")
			}}
			dial, stop := s.start(t, way)
			stayAll(t, group, dial, 40*time.Second)
			stop()
			atMostSix(t, group, s.tries)
		})
	})
}

// stayAll lets n clients join and stay for a time.
func stayAll(t *testing.T, n int, dial func() *singoff.Client, d time.Duration) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			client := dial()
			defer client.Close()
			if _, err := client.Join(t.Context(), singoff.JoinOptions{RoomID: "friday", Nickname: fmt.Sprint("guest ", i), EventBuffer: -1}); err != nil {
				t.Errorf("Join: %v", err)
			}
			time.Sleep(d)
		})
	}
	all.Wait()
}

func TestUnreachedCrowd(t *testing.T) {
	eachWay(t, func(t *testing.T, way transport.Kind) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex // protects tries
			tries, clients := map[string][]time.Time{}, atomic.Int64{}
			joinAll(t, crowd, func() *singoff.Client {
				who := fmt.Sprint(clients.Add(1))
				return dialBy(t, way, func(context.Context, string, string) (net.Conn, error) {
					mu.Lock()
					defer mu.Unlock()
					tries[who] = append(tries[who], time.Now())
					return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
				})
			}, 11*time.Second)
			atMostSix(t, crowd, tries)
		})
	})
}

// Nobody is back before the time that the server has named.
func TestGoawayIsHonouredOverEachWay(t *testing.T) {
	eachWay(t, func(t *testing.T, way transport.Kind) {
		synctest.Test(t, func(t *testing.T) {
			s := &stand{serve: func(c *standing) error {
				c.tell(goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_TOO_MANY, RetryAfter: durationpb.New(20 * time.Second)}))
				return status.Error(codes.ResourceExhausted, "too many joins")
			}}
			dial, stop := s.start(t, way)
			joinAll(t, group, dial, 50*time.Second)
			stop()
			atMostSix(t, group, s.tries)
			for who, at := range s.tries {
				for i := 1; i < len(at); i++ {
					if gap := at[i].Sub(at[i-1]); gap < 20*time.Second {
						t.Errorf("%s was back after %v, want 20 s at least", who, gap)
					}
				}
			}
		})
	})
}

// A refusal for good is taken as that, over every way.
func TestFinalRefusalsOverEachWay(t *testing.T) {
	for name, serve := range map[string]func(*standing) error{
		"full": func(c *standing) error {
			c.tell(goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_FULL, Final: true}))
			return status.Error(codes.ResourceExhausted, "full")
		},
		"kicked": func(c *standing) error {
			c.tell(goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_KICKED, Final: true, RetryAfter: durationpb.New(time.Minute)}))
			return status.Error(codes.PermissionDenied, "kicked")
		},
		"a bad token, by status": func(*standing) error { return status.Error(codes.Unauthenticated, "token: expired") },
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, way transport.Kind) {
				synctest.Test(t, func(t *testing.T) {
					s := &stand{serve: serve}
					dial, stop := s.start(t, way)
					client := dial()
					_, err := client.Join(t.Context(), singoff.JoinOptions{RoomID: "friday", Nickname: "Mina"})
					if refused, ok := errors.AsType[*singoff.GoawayError](err); !ok || !refused.Final {
						t.Errorf("Join: got %v, want a final GoawayError", err)
					}
					time.Sleep(time.Hour)
					_ = client.Close()
					stop()
					if got := len(s.tries["Mina"]); got != 1 {
						t.Errorf("got %d tries, want 1", got)
					}
				})
			})
		})
	}
}

// A way that works one way only, Watch but not Send, is of no use: it must not make each loss count as the first one.
func TestHalfAWay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		send   func(context.Context) error
		atMost int // tries in 4 minutes, after the first
	}{
		"Send isn't found":    {func(context.Context) error { return errors.New("not found") }, 55},
		"Send isn't answered": {func(context.Context) error { time.Sleep(10 * time.Second); return nil }, 24},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &stand{send: test.send, serve: func(c *standing) error {
					c.welcome()
					for {
						select {
						case <-c.ctx.Done():
							return c.ctx.Err()
						case <-time.After(3 * time.Second):
							c.tell(said(0, 0, "noise, as a sign of life"))
						}
					}
				}}
				dial, stop := s.start(t, transport.KindFetch)
				client := dial()
				room := mustJoin(t, client)
				began := time.Now()
				time.Sleep(5 * time.Minute)
				if state := room.Connection(); state.Phase == singoff.PhaseClosed {
					t.Errorf("got %+v, want it tried on", state)
				}
				_ = client.Close()
				stop()
				later := 0
				for i, at := range s.tries["Mina"] {
					if at.Sub(began) > time.Minute {
						later++
					}
					if i >= 6 && at.Sub(s.tries["Mina"][i-6]) < 9900*time.Millisecond {
						t.Errorf("try %d: got 7 within 10 s", i+1)
					}
				}
				if later > test.atMost || later < 5 {
					t.Errorf("got %d tries in four minutes, want 5 to %d", later, test.atMost)
				}
			})
		})
	}
}

// Each sign of life is answered by a Ping at once, whatever the timers do.
func TestSignsOfLifeAreAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var pings, signs []time.Time
		client, _ := dialFake(t, func(s *fakeStream) error {
			s.greet()
			for m := s.next(); m != nil; m = s.next() {
				if m.GetPing() == nil {
					continue
				}
				pings = append(pings, time.Now())
				if n := len(pings); n > 4 && n%2 == 0 { // after the quick ones: half a second after each Ping by the timer
					time.Sleep(500 * time.Millisecond)
					signs = append(signs, time.Now())
					s.tell()
				}
			}
			return errors.New("gone")
		})
		mustJoin(t, client)
		time.Sleep(time.Minute)
		_ = client.Close()
		if len(signs) < 10 {
			t.Fatalf("got %d signs", len(signs))
		}
		for _, sign := range signs {
			answered := false
			for _, ping := range pings {
				answered = answered || ping.Equal(sign)
			}
			if !answered {
				t.Errorf("the sign of life at %v wasn't answered at once", sign)
			}
		}
	})
}
