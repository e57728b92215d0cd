package room_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/faultlog"
)

func TestLeave(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.does(&singoffv1.Leave{})
		wantEvents(t, "who leaves", a.live(), "June joined", "1:민아 left", "goaway left")
		wantEvents(t, "who stays", b.live(), "민아 left", "June host")
		a.wantEnd(t, singoffv1.Goaway_REASON_LEFT)
	})
}

func TestHalfCloseAfterEverythingIsAnswered(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		h.log.set(faultlog.UnknownLost) // so that nothing is answered for a while
		for n := range uint64(3) {
			b.do(n+1, &singoffv1.ChatMessage{Text: "x"})
		}
		b.HalfClose()
		synctest.Wait()
		b.wantOpen(t)
		h.log.set(faultlog.None)
		<-b.over
		wantEvents(t, "who half-closes", b.live(), "1:x", "2:x", "3:x", "June left", "goaway left")
		a.wantOpen(t)
	})
}

// grpcurl sends everything at once and half-closes: all answers come, in order.
func TestHelloCommandsAndHalfCloseAtOnce(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		s, refused := h.guest("민아", singer).connect()
		if refused != nil {
			t.Fatal(refused)
		}
		s.do(0, &singoffv1.ChatMessage{Text: "typed by hand"})
		s.do(1, &singoffv1.Presence{})
		s.HalfClose()
		s.start()
		<-s.over
		wantEvents(t, "what comes out", s.all(), "welcome new", "typed by hand", "1:rejected invalid", "민아 left", "goaway left")
	})
}

func TestKicked(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, june := h.guest("민아", singer).enter(), h.guest("June", singer)
		b := june.enter()
		b.hold() // so that all comes in one frame
		a.says("one")
		a.does(&singoffv1.Moderation{Action: singoffv1.Moderation_ACTION_KICK, MemberId: b.id()})
		a.says("two")
		b.release()
		wantEvents(t, "who is kicked", b.live(), "one", "moderation", "June left", "goaway kicked")
		if bye := b.ended(t); !bye.GetFinal() || bye.GetRetryAfter() == nil {
			t.Errorf("got %v, want it final, with a time", bye)
		}
		s := june.enter()
		wantEvents(t, "who comes back", s.all(), "goaway kicked")
		s.wantEnd(t, singoffv1.Goaway_REASON_KICKED)
	})
}

func TestLateAttemptIsRefused(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		late, refused := minah.connect()
		if refused != nil {
			t.Fatal(refused)
		}
		current := minah.enter()
		late.start()
		synctest.Wait()
		late.wantEnd(t, singoffv1.Goaway_REASON_SUPERSEDED)
		minah.attempt -= 2
		s := minah.enter()
		wantEvents(t, "an older attempt", s.all(), "goaway superseded")
		current.wantOpen(t)
		current.says("here")
		wantEvents(t, "the current one", current.live(), "1:here")
	})
}

func TestInstanceThatChangesItsRole(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		minah.role = observer
		b := minah.enter()
		a.wantEnd(t, singoffv1.Goaway_REASON_SUPERSEDED)
		wantEvents(t, "the old connection", a.live(), "민아 left", "goaway superseded")
		if got := b.welcome().GetRoom().GetCounts(); got.GetSingers() != 0 || got.GetObservers() != 1 {
			t.Errorf("got counts %v, want one observer alone", got)
		}
	})
}

func TestLostBeforeTheWelcome(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("June", singer).enter()
		s, _ := h.guest("민아", singer).connect()
		s.Lost()
		s.Lost()
		s.start()
		synctest.Wait()
		if bye := s.ended(t); bye != nil || len(s.all()) != 0 {
			t.Errorf("got %v and goodbye %v, want nothing", shorts(s.all()), bye)
		}
		if got := a.live(); len(got) != 0 && !slices.Equal(shorts(got), []string{"민아 joined", "민아 away"}) {
			t.Errorf("got %q, want nothing, or JOINED and AWAY", shorts(got))
		}
	})
}

func TestJoinWhoseStreamHasEndedIsDropped(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("June", singer).enter()
		h.log.set(faultlog.UnknownLost)
		a.says("one") // its append is under way: what comes meanwhile waits
		s, _ := h.guest("민아", singer).connect()
		s.Lost()
		h.log.set(faultlog.None)
		time.Sleep(time.Second)
		a.says("two")
		wantEvents(t, "who is there", a.live(), "1:one", "2:two")
		s.start()
		<-s.over
	})
}

func TestEndFromOutside(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, minah := h.guest("June", singer).enter(), h.guest("민아", singer)
		b := minah.enter()
		b.hold()
		a.says("one")
		b.End(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_PROTOCOL_ERROR, Final: true})
		b.End(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_ADMIN})
		select {
		case <-b.Ended():
		default:
			t.Error("Ended isn't closed")
		}
		a.says("two")
		b.release()
		wantEvents(t, "who is ended", b.live(), "one", "goaway protocol_error")
		wantEvents(t, "who stays", a.live(), "민아 joined", "1:one", "민아 away", "2:two")
		b.Lost()
		b.HalfClose()
		synctest.Wait()
		wantEvents(t, "who stays", a.live(), "민아 joined", "1:one", "민아 away", "2:two")
	})
}

func TestTellStaysInOrder(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		s, _ := h.guest("민아", singer).connect()
		pong := func(id uint64) { s.Tell(&singoffv1.Event{Body: &singoffv1.Event_Pong{Pong: &singoffv1.Pong{Id: id}}}) }
		pong(1) // before the Welcome: comes after it
		s.start()
		synctest.Wait()
		s.hold()
		s.says("one")
		pong(2)
		s.says("two")
		s.release()
		wantEvents(t, "what comes out", s.all(), "welcome new", "pong", "1:one", "pong", "2:two")
		s.End(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_ADMIN})
		pong(3)
		<-s.over
		wantEvents(t, "what comes last", s.all()[5:], "goaway admin")
	})
}

func TestSignalReachesTheCurrentConnection(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, june := h.guest("민아", singer).enter(), h.guest("June", singer)
		b := june.enter()
		c := june.back(b)
		a.do(0, &singoffv1.Signal{ToMemberId: c.id(), Kind: singoffv1.Signal_KIND_OFFER, Payload: "sdp"})
		synctest.Wait()
		wantEvents(t, "to whom", c.live(), "signal")
		wantEvents(t, "from whom", a.live(), "June joined")
		c.breaks()
		a.do(0, &singoffv1.Signal{ToMemberId: c.id(), Kind: singoffv1.Signal_KIND_OFFER, Payload: "sdp"})
		synctest.Wait()
		wantEvents(t, "from whom", a.live(), "June joined", "June away", "rejected not_connected")
	})
}
