package singoff_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// A command whose connection is lost before its answer waits for the next one, which tells or takes it again.
func TestCommandsSurviveALostConnection(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		again func(*fakeStream) // what the second connection says
		want  error
		text  string
	}{
		"decided, in the replay": {func(s *fakeStream) {
			s.greet(func(w *singoffv1.Welcome) { w.SnapshotSeq, w.LastNumber, w.Recovery.Events = 11, 1, 1 })
			s.tell(said(11, 1, "from the replay"))
		}, nil, "from the replay"},
		"undecided, said again": {func(s *fakeStream) {
			s.greet()
			m := s.command()
			s.tell(said(11, m.GetNumber(), m.GetChatMessage().GetText()+" again"))
		}, nil, "hello again"},
		"decided, not seen": {func(s *fakeStream) {
			s.greet(func(w *singoffv1.Welcome) {
				w.SnapshotSeq, w.LastNumber, w.Recovery.Kind = 11, 1, singoffv1.Recovery_KIND_SNAPSHOT
			})
		}, singoff.ErrOutcomeUnseen, ""},
		"a member anew": {func(s *fakeStream) {
			s.greet(func(w *singoffv1.Welcome) { w.MemberSince.Seq = 9 })
		}, singoff.ErrUnknownOutcome, ""},
		"refused for good": {func(s *fakeStream) {
			s.tell(goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_BANNED, Final: true}))
		}, singoff.ErrUnknownOutcome, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := dialFake(t, func(s *fakeStream) error {
					if s.try > 1 {
						test.again(s)
						return s.stay()
					}
					s.greet()
					s.command()
					return status.Error(codes.Unavailable, "cut")
				})
				event, err := mustJoin(t, client).Say(t.Context(), "hello")
				if !errors.Is(err, test.want) || event.GetChatMessage().GetText() != test.text {
					t.Errorf("Say: got %v, %v, want %q, %v", event, err, test.text, test.want)
				}
			})
		})
	}
}

func TestContextsOfCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		client, _ := dialFake(t, func(s *fakeStream) error {
			s.greet(func(w *singoffv1.Welcome) { w.Limits = &singoffv1.Limits{UnansweredCommands: 1} })
			first := s.command()
			time.Sleep(5 * time.Second)
			s.tell(said(11, first.GetNumber(), "first"))
			for m := s.command(); m != nil; m = s.command() {
				got = append(got, m.GetChatMessage().GetText())
				s.tell(said(10+m.GetNumber(), m.GetNumber(), "later"))
			}
			return errors.New("gone")
		})
		room := mustJoin(t, client)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		second := make(chan error)
		go func() {
			time.Sleep(time.Millisecond)
			_, err := room.Say(ctx, "second")
			second <- err
		}()
		_, err := room.Say(ctx, "first")
		if !errors.Is(err, singoff.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a command on the wire: got %v, want ErrUnknownOutcome and the context's", err)
		}
		if err := <-second; !errors.Is(err, singoff.ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a command that waits: got %v, want ErrNotSent and the context's", err)
		}
		if _, err := room.Say(ctx, "too late"); !errors.Is(err, singoff.ErrNotSent) {
			t.Errorf("a context that is over: got %v, want ErrNotSent", err)
		}
		if _, err := room.Say(t.Context(), "third"); err != nil {
			t.Errorf("the next command: got %v", err)
		}
		_ = client.Close()
		if len(got) != 1 || got[0] != "third" {
			t.Errorf("sent after the withdrawn ones: got %q, want third alone", got)
		}
	})
}

// Who leaves and loses the answer doesn't come back by itself.
func TestUnansweredLeaveEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := dialFake(t, func(s *fakeStream) error {
			s.greet()
			s.command()
			return status.Error(codes.Unavailable, "cut")
		})
		room := mustJoin(t, client)
		if err := room.Leave(t.Context()); !errors.Is(err, singoff.ErrUnknownOutcome) {
			t.Errorf("Leave: got %v, want ErrUnknownOutcome", err)
		}
		<-room.Done()
		if err := room.Err(); !errors.Is(err, singoff.ErrUnknownOutcome) {
			t.Errorf("Err: got %v, want ErrUnknownOutcome", err)
		}
		time.Sleep(time.Hour)
		if n := len(server.tries()); n != 1 {
			t.Errorf("got %d tries, want 1", n)
		}
		if _, err := room.Say(t.Context(), "?"); !errors.Is(err, singoff.ErrNotSent) {
			t.Errorf("Say afterwards: got %v, want ErrNotSent", err)
		}
	})
}

func TestWhatCannotBeSentIsRefusedBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := dialFake(t, func(s *fakeStream) error {
			s.greet()
			return s.stay()
		})
		room := mustJoin(t, client)
		hello := &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: &singoffv1.Hello{}}}
		for name, send := range map[string]func() error{
			"too large":  func() error { _, err := room.Say(t.Context(), strings.Repeat("x", 17<<10)); return err },
			"not UTF-8":  func() error { _, err := room.Say(t.Context(), "\xff"); return err },
			"a Hello":    func() error { _, err := room.Do(t.Context(), hello); return err },
			"nothing":    func() error { _, err := room.Do(t.Context(), &singoffv1.JoinRequest{}); return err },
			"no cheer":   func() error { return room.Cheer("m1", singoffv1.Reaction_KIND_CLAP, 21) },
			"big signal": func() error { return room.Signal("m1", singoffv1.Signal_KIND_OFFER, strings.Repeat("x", 17<<10)) },
		} {
			if err := send(); !errors.Is(err, singoff.ErrInvalid) {
				t.Errorf("%s: got %v, want ErrInvalid", name, err)
			}
		}
	})
}

func TestCheersAreSentAtMostOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cheers := 0
		client, _ := dialFake(t, func(s *fakeStream) error {
			s.greet()
			m := s.command()
			if m == nil {
				return errors.New("gone")
			}
			if m.GetReaction() == nil || m.GetNumber() != 0 {
				t.Errorf("got %v, want a Reaction with number 0", m)
			}
			cheers++
			return status.Error(codes.Unavailable, "cut")
		})
		room := mustJoin(t, client)
		if err := room.Cheer("m1", singoffv1.Reaction_KIND_CLAP, 1); err != nil {
			t.Errorf("Cheer: %v", err)
		}
		for state := range room.Connections() {
			if state.Phase != singoff.PhaseReconnecting {
				continue
			}
			if err := room.Cheer("m1", singoffv1.Reaction_KIND_CLAP, 1); !errors.Is(err, singoff.ErrNotJoined) {
				t.Errorf("Cheer while reconnecting: got %v, want ErrNotJoined", err)
			}
			break
		}
		time.Sleep(time.Minute)
		_ = client.Close()
		if cheers != 1 {
			t.Errorf("got %d cheers, want the one that was said while joined", cheers)
		}
	})
}

func TestRenewedTokenIsUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tokens []string
		client, _ := dialFake(t, func(s *fakeStream) error {
			tokens = append(tokens, s.hello.GetToken())
			if len(s.hello.GetGuestKey()) > 0 {
				t.Error("a Hello with a token has a guest key too")
			}
			s.greet(func(w *singoffv1.Welcome) { w.LastNumber = uint64(s.try - 1) })
			if s.try > 1 {
				return s.stay()
			}
			m := s.command()
			s.tell(&singoffv1.Event{Seq: 11, Number: m.GetNumber(), Body: &singoffv1.Event_Ack{Ack: &singoffv1.Ack{}}})
			time.Sleep(time.Second)
			return status.Error(codes.Unavailable, "cut")
		})
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.Token = "old" })
		if _, err := room.Renew(t.Context(), "new"); err != nil {
			t.Errorf("Renew: %v", err)
		}
		time.Sleep(time.Minute)
		_ = client.Close()
		if fmt.Sprint(tokens) != "[old new]" {
			t.Errorf("tokens: got %v, want old, then new", tokens)
		}
	})
}

func TestJoinOptionsAreChecked(t *testing.T) {
	t.Parallel()
	client, server := dialFake(t, func(*fakeStream) error { return nil })
	for field, options := range map[string]singoff.JoinOptions{
		"RoomID":    {Nickname: "Mina"},
		"RoomID:":   {RoomID: "a b", Nickname: "Mina"},
		"RoomTitle": {RoomTitle: strings.Repeat("가", 101), Nickname: "Mina"},
		"Nickname":  {RoomID: "a", Nickname: ""},
		"Nickname:": {RoomID: "a", Nickname: "\xff"},
		"Role":      {RoomID: "a", Nickname: "Mina", Role: 9},
	} {
		_, err := client.Join(t.Context(), options)
		if !errors.Is(err, singoff.ErrInvalid) || !strings.Contains(err.Error(), field) {
			t.Errorf("%+v: got %v, want ErrInvalid naming %s", options, err, field)
		}
	}
	if n := len(server.tries()); n != 0 {
		t.Errorf("got %d tries, want none", n)
	}
	for name, opt := range map[string]singoff.Option{
		"namespace": singoff.WithNamespace("a/b"), "client name": singoff.WithClientName(strings.Repeat("x", 65)), "transport": singoff.WithCustomTransport(nil),
	} {
		if _, err := singoff.Dial("localhost:1", opt); !errors.Is(err, singoff.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}
