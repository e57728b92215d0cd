package room_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room"
)

func TestDrainSendsEverybodyAwayWithSpreadTimes(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		var streams []*stream
		for n := range 40 {
			g := h.guest(fmt.Sprint("guest ", n), watcher)
			g.key.Room = fmt.Sprint("room-", n/6)
			streams = append(streams, g.enter())
		}
		if err := h.Drain(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		early := 0
		for _, s := range streams {
			s.wantEnd(t, singoffv1.Goaway_REASON_DRAINING)
			after := s.ended(t).GetRetryAfter().AsDuration()
			if after < time.Second || after > 11*time.Second || s.ended(t).GetFinal() {
				t.Errorf("got %v, want to come back after 1 s to 11 s", s.ended(t))
			}
			if after < 6*time.Second {
				early++
			}
		}
		if early < 5 || early > 35 {
			t.Errorf("%d of 40 come back in the first half of the spread, want about a half", early)
		}
		if _, refused := h.guest("late", singer).try(); refused.GetReason() != singoffv1.Goaway_REASON_DRAINING {
			t.Errorf("got %v for a new join, want DRAINING", refused)
		}
	})
}

func TestDrainWaitsForWhoIsSlow(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		a.hold()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := h.Drain(ctx, time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v while somebody hasn't got the goodbye, want the context's error", err)
		}
		a.release()
		if err := h.Drain(t.Context(), time.Second); err != nil {
			t.Errorf("got %v when everybody has gone, want nil", err)
		}
		a.wantEnd(t, singoffv1.Goaway_REASON_DRAINING)
	})
}

func TestDrainTellsWhoIsAwayWhy(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		if err := h.Drain(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		h.close()
		minah.h = newHouse(t, h.log)
		defer minah.h.close()
		a = minah.back(a)
		wantEvents(t, "the replay", a.all(), "welcome resumed", "민아 away", "room_opened", "민아 returned")
		if got := a.all()[1].GetPresence().GetReason(); got != singoffv1.Presence_REASON_SHUT_DOWN {
			t.Errorf("got reason %v, want SHUT_DOWN", got)
		}
	})
}

// A join that had found its room just before the drain got in behind it, and the drain waited for somebody it hadn't sent away.
func TestNobodySlipsInBehindADrain(t *testing.T) {
	t.Parallel()
	for range 30 {
		h := newHouse(t, newLog(t, newMemlog(t)))
		var joins sync.WaitGroup
		for i := range 8 {
			g := h.guest(fmt.Sprint("guest ", i), watcher)
			joins.Go(func() {
				for s, refused := g.connect(); refused == nil; s, refused = g.connect() {
					s.start()
				}
			})
		}
		runtime.Gosched()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		for range 2 { // nobody comes between
			if err := h.Drain(ctx, 0); err != nil {
				t.Fatalf("%v: somebody is still connected", err)
			}
			joins.Wait()
		}
		cancel()
		h.close()
	}
}

func TestTooManyConnections(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.guest("June", singer).enter()
		_, refused := h.guest("하늘", watcher).try()
		if refused.GetReason() != singoffv1.Goaway_REASON_TOO_MANY || refused.GetFinal() || refused.GetRetryAfter() == nil {
			t.Errorf("got %v, want TOO_MANY, not final, with a time to come back", refused)
		}
		if want := "the server has 2 connections, as many as it takes"; refused.GetMessage() != want {
			t.Errorf("got %q, want %q", refused.GetMessage(), want)
		}
		a.breaks()
		h.guest("하늘", watcher).enter().wantOpen(t)
	}, func(c *room.Config) { c.MaxConnections = 2 })
}

func TestTooManyRooms(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.guest("민아", singer).enter()
		june := h.guest("June", singer)
		june.key.Room = "other"
		if _, refused := june.try(); refused.GetReason() != singoffv1.Goaway_REASON_TOO_MANY {
			t.Errorf("got %v, want TOO_MANY", refused)
		}
		june.key.Room = battle.Room
		june.enter().wantOpen(t)
	}, func(c *room.Config) { c.MaxRooms = 1 })
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*room.Config)
		want   string
	}{
		"rooms":       {func(c *room.Config) { c.MaxRooms = 0 }, "max rooms: 0 is below 1"},
		"connections": {func(c *room.Config) { c.MaxConnections = 0 }, "max connections: 0 is below 1"},
		"retained":    {func(c *room.Config) { c.RetainEvents = 999 }, "retain events: 999 is below 1000"},
		"patience":    {func(c *room.Config) { c.Patience = 0 }, "patience: 0s isn't positive"},
		"rules":       {func(c *room.Config) { c.Rules.Singers = 0 }, "singers: 0 is not within 1 to 16"},
	} {
		cfg := room.DefaultConfig()
		test.change(&cfg)
		if _, err := room.NewManager(newMemlog(t), cfg); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
