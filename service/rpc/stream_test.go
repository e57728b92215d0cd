package rpc_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
)

// joined is a stream whose Hello was taken, inside a synctest bubble.
func joined(t *testing.T, s *server, first *singoffv1.JoinRequest) (*memStream, *fakeConn, func() error) {
	t.Helper()
	stream := newStream()
	stream.say(first)
	end := s.start(stream)
	synctest.Wait()
	return stream, s.manager.conn(t), end
}

func TestPingIsAnsweredHere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, conn, end := joined(t, s, hello())
		at := time.Now()
		stream.say(ping(0))
		synctest.Wait()
		events := stream.sent()
		if len(events) != 1 || events[0].GetPong().GetId() != 7 || !events[0].GetPong().GetReceivedTime().AsTime().Equal(at) {
			t.Errorf("got %v, want the Pong 7 received at %v", events, at)
		}
		if got := conn.taken(); len(got) != 0 {
			t.Errorf("got %v, want nothing handed to the room", got)
		}
		stream.cancel()
		end()
	})
}

func TestTooFastIsNotReadOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, conn, end := joined(t, s, hello())
		for n := range uint64(250) {
			stream.say(chat(n+1, "la"))
		}
		synctest.Wait()
		if got := len(conn.taken()); got != 100 {
			t.Errorf("got %d commands at once, want the burst of 100", got)
		}
		time.Sleep(time.Second + moment)
		synctest.Wait()
		if got := len(conn.taken()); got != 150 {
			t.Errorf("got %d commands after a second, want 150", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := len(conn.taken()); got != 250 {
			t.Errorf("got %d commands in the end, want all 250", got)
		}
		stream.cancel()
		end()
	})
}

func TestPromisedPing(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Second, 3 * time.Second, 10 * time.Second} {
		t.Run(fmt.Sprint(interval), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				stream, _, end := joined(t, s, hello(promise(interval)))
				for range 20 {
					time.Sleep(2*interval + 2*time.Second - moment)
					stream.say(ping(0))
				}
				synctest.Wait()
				silent := time.Now()
				err := end()
				if got, want := time.Since(silent), 2*interval+2*time.Second; got != want {
					t.Errorf("got lost after %v, want %v", got, want)
				}
				events := stream.sent()
				if got := events[len(events)-1].GetGoaway().GetReason(); got != singoffv1.Goaway_REASON_CONNECTION_LOST || len(events) != 21 {
					t.Errorf("got %d events, the last %v, want 20 Pongs and CONNECTION_LOST", len(events), got)
				}
				if status.Code(err) != codes.Unavailable {
					t.Errorf("got %v, want UNAVAILABLE", err)
				}
			})
		})
	}
}

func TestNoPromiseNoAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, conn, end := joined(t, s, hello())
		time.Sleep(time.Hour)
		if conn.isEnded() {
			t.Error("got the connection ended, want it to live: nothing was promised")
		}
		stream.cancel()
		end()
	})
}

// A room that makes a connection wait for longer than the promise must not end up calling its client silent: what it said is unread.
func TestPromisedPingDoesNotCountWhileTheRoomMakesItWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.manager.hold = make(chan struct{})
		stream, conn, end := joined(t, s, hello(promise(time.Second)))
		stream.say(chat(1, "la"), ping(0))
		time.Sleep(time.Minute)
		if conn.isEnded() {
			t.Fatal("got the connection ended, want it to live")
		}
		close(s.manager.hold)
		synctest.Wait()
		if got := len(stream.sent()); got != 1 {
			t.Errorf("got %d events, want the Pong", got)
		}
		silent := time.Now()
		end()
		if got := time.Since(silent); got != 4*time.Second {
			t.Errorf("got lost %v after it was listened to again, want 4s", got)
		}
	})
}

func TestEndOfInput(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		breaks           time.Duration // how long after the end of input the context ends; 0: never
		halfClosed, lost bool
	}{
		"half-close":                    {0, true, false},
		"broken, seen a moment later":   {50 * time.Millisecond, false, true},
		"half-closed, broken afterward": {time.Second, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				stream, conn, end := joined(t, s, hello())
				stream.in <- message{err: io.EOF}
				if test.breaks > 0 {
					time.Sleep(test.breaks)
					stream.cancel()
				}
				err := end()
				if conn.halfClosed != test.halfClosed || conn.lost != test.lost {
					t.Errorf("got half-closed %v, lost %v, want %v, %v", conn.halfClosed, conn.lost, test.halfClosed, test.lost)
				}
				if test.halfClosed && err != nil {
					t.Errorf("got %v, want OK", err)
				}
			})
		})
	}
}

func TestBrokenConnectionIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, conn, end := joined(t, s, hello())
		stream.in <- message{err: errors.New("reset by peer")}
		end()
		if !conn.lost || conn.halfClosed {
			t.Errorf("got lost %v, half-closed %v, want lost alone", conn.lost, conn.halfClosed)
		}
	})
}

func TestProtocolErrorAfterHello(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{rpc.ErrTooLarge, rpc.ErrMalformed} {
		t.Run(fault.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				stream, _, end := joined(t, s, hello())
				stream.in <- message{err: fault}
				wantEnd(t, stream, end(), &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_PROTOCOL_ERROR, Final: true})
			})
		})
	}
}

// A sender that is stuck behind a reader that never reads is freed only by the return of the handler, so that mustn't wait for it.
func TestStuckSenderIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, stream := newServer(t), newStream()
		stream.deaf = true
		stream.say(hello())
		end := s.start(stream)
		synctest.Wait()
		conn := s.manager.conn(t)
		conn.Tell(&singoffv1.Event{Seq: 1})
		synctest.Wait()
		began := time.Now()
		conn.End(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_SLOW_CONSUMER})
		if err := end(); status.Code(err) != codes.Aborted {
			t.Errorf("got %v, want ABORTED", err)
		}
		if got := time.Since(began); got != time.Second {
			t.Errorf("got the end after %v, want the grace of 1s", got)
		}
	})
}

func TestPanicOverInputEndsOneConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		stream, conn, end := joined(t, s, hello())
		stream.say(&singoffv1.JoinRequest{Number: 1, Command: &singoffv1.JoinRequest_MusicSelected{
			MusicSelected: &singoffv1.MusicSelected{TrackId: "panic"},
		}})
		err := end()
		if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want INTERNAL without the cause", err)
		}
		if !conn.lost {
			t.Error("got a member that is still connected, want it lost")
		}
	})
}

// A panic on the handler's side is an interceptor's to answer, but the member must not stay connected for good.
func TestPanicOfTheHandlerLosesTheMember(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, stream := newServer(t), newStream()
		s.manager.broken = true
		stream.say(hello())
		func() {
			defer stream.cancel()
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			s.Serve(stream)
		}()
		if !s.manager.conn(t).lost {
			t.Error("got a member that is still connected, want it lost")
		}
	})
}

func TestEndsOfARoom(t *testing.T) {
	t.Parallel()
	for number, name := range singoffv1.Goaway_Reason_name {
		reason := singoffv1.Goaway_Reason(number)
		if reason == singoffv1.Goaway_REASON_UNSPECIFIED {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				stream, conn, end := joined(t, s, hello())
				want := &singoffv1.Goaway{Reason: reason, Final: true, Field: "f", Message: "why"}
				conn.End(want)
				err := end()
				wantEnd(t, stream, err, want)
				if err != nil && status.Convert(err).Message() != "f: why" {
					t.Errorf("got %q, want the field and the sentence", err)
				}
			})
		})
	}
}
