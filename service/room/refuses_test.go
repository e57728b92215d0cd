package room_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/faultlog"
)

func TestLogThatRefuses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		c := h.guest("하늘", watcher).enter()
		h.log.set(faultlog.Refused)
		if h.Refusing() {
			t.Error("refusing before anything was refused")
		}
		a.says("one")
		if !h.Refusing() {
			t.Error("not refusing after a refusal")
		}
		b.breaks()
		a.says("two")
		joins := h.guest("늦은 사람", watcher).enter()
		wantEvents(t, "who chats", a.live(), "June joined", "하늘 joined", "1:rejected not_taken", "2:rejected not_taken")
		if got := a.live()[3].GetRejected(); got.GetNextNumber() != 1 || got.GetCause() != singoffv1.Rejected_CAUSE_LOG_REFUSED {
			t.Errorf("got %v, want next number 1, since the log refuses", got)
		}
		wantEvents(t, "who reads", c.live())
		wantEvents(t, "who joins", joins.all(), "goaway log_unreachable")
		a.Tell(&singoffv1.Event{Body: &singoffv1.Event_Pong{Pong: &singoffv1.Pong{}}})
		a.do(0, &singoffv1.Signal{ToMemberId: c.id(), Kind: singoffv1.Signal_KIND_OFFER, Payload: "x"})
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		wantEvents(t, "who reads", c.live()) // nobody is away yet
		c.wantOpen(t)
		h.log.set(faultlog.None)
		time.Sleep(time.Second) // it heals by itself
		synctest.Wait()
		if h.Refusing() {
			t.Error("still refusing a second after the log takes appends again")
		}
		wantEvents(t, "who reads", c.live(), "June away")
		minah.number = 0
		a.says("one")
		wantEvents(t, "who reads", c.live(), "June away", "one")
	})
}

// A room whose log had refused a chat line was called refusing until somebody chatted again, and the server was never ready.
func TestRefusingEndsWithNobodyAsking(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.log.set(faultlog.Refused)
		a.says("one")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if !h.Refusing() {
			t.Error("not refusing while the log refuses")
		}
		tries := h.log.tries.Load()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := h.log.tries.Load() - tries; got < 9 || got > 11 {
			t.Errorf("got %d tries in 10 s, want one a second", got)
		}
		h.log.set(faultlog.None)
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if h.Refusing() {
			t.Error("still refusing")
		}
		a.wantOpen(t)
		wantEvents(t, "who chatted", a.live(), "1:rejected not_taken")
	})
}

func TestHalfCloseIsOwedWhileTheLogRefuses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		h.log.set(faultlog.Refused)
		b.says("one")
		b.HalfClose()
		synctest.Wait()
		b.wantOpen(t)
		h.log.set(faultlog.None)
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		wantEvents(t, "who half-closed", b.live(), "1:rejected not_taken", "June left", "goaway left")
		wantEvents(t, "who stays", a.live(), "June joined", "June left")
	})
}

func TestRefusingRoomIsUnloaded(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.guest("", singer).enter() // refused: it has no name; the room is loaded, and nobody is in it
		s := h.guest("민아", singer).enter()
		s.does(&singoffv1.Leave{})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		g := h.guest("June", singer)
		g.key.Room = "other"
		held, _ := g.connect() // keeps the room loaded while its log refuses
		synctest.Wait()
		h.log.set(faultlog.Refused)
		held.HalfClose()
		synctest.Wait()
		if !h.Refusing() {
			t.Fatal("not refusing")
		}
		h.log.set(faultlog.None)
		held.start()
		<-held.over
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if h.Refusing() {
			t.Error("refusing with no room loaded")
		}
	})
}

// What was answered stays true, and every number has one answer, whatever the log refuses.
func TestNumbersOverALogThatRefusesNowAndThen(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		next, said := uint64(1), 0
		for i := range 300 {
			if h.log.set(faultlog.None); i%3 == 1 {
				h.log.set(faultlog.Refused)
			}
			before := len(a.live())
			a.do(next, &singoffv1.ChatMessage{Text: fmt.Sprint(i)})
			synctest.Wait()
			got := a.live()[before:]
			if len(got) != 1 || got[0].GetNumber() != next {
				t.Fatalf("command %d has %d answers", i, len(got))
			}
			if r := got[0].GetRejected(); r != nil {
				if r.GetNextNumber() != next {
					t.Fatalf("command %d: got next number %d, want %d", i, r.GetNextNumber(), next)
				}
				continue
			}
			next++
			said++
		}
		if got := len(b.live()); got != said || said != 200 {
			t.Errorf("got %d lines said and %d seen, want 200", said, got)
		}
	})
}
