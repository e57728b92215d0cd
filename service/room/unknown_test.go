package room_test

import (
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room"
)

func TestUnknownThatWasKept(t *testing.T) {
	for name, m := range map[string]mood{"kept, answer lost": keepsUnsaid, "not kept": losesUnsaid, "no answer at all": hangs, "an error of its own": breaksDown} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
				h.log.set(m)
				a.says("one")
				a.says("two")
				wantEvents(t, "meanwhile", a.live(), "June joined")
				h.log.set(takes)
				time.Sleep(6 * time.Second)
				synctest.Wait()
				wantEvents(t, "who chats", a.live(), "June joined", "1:one", "2:two")
				wantEvents(t, "who reads", b.live(), "one", "two")
				if h.Refusing() {
					t.Error("refusing, although patience didn't end")
				}
			})
		})
	}
}

// An append whose first try is still on its way was called refused when a later try was: its commands were told NOT_TAKEN,
// and then took effect.
func TestRefusedAfterUnknownProvesNothing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		h.log.set(keepsLater)
		a.says("one")
		h.log.set(refuses)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		wantEvents(t, "meanwhile", a.live(), "June joined")
		if got := len(h.log.haunt()); got != 1 {
			t.Fatalf("%d tries are on their way, want 1", got)
		}
		h.log.set(takes)
		time.Sleep(time.Second)
		synctest.Wait()
		a.says("two")
		wantEvents(t, "who chats", a.live(), "June joined", "1:one", "2:two")
		wantEvents(t, "who reads", b.live(), "one", "two")
	})
}

func TestPatienceEnds(t *testing.T) {
	for name, m := range map[string]mood{"kept later": keepsLater, "kept, answer lost": keepsUnsaid, "never kept": losesUnsaid, "no answer": hangs} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				minah, june := h.guest("민아", singer), h.guest("June", singer)
				a, b := minah.enter(), june.enter()
				h.log.set(m)
				a.says("one")
				joining := h.guest("하늘", watcher).enter()
				time.Sleep(9 * time.Second)
				synctest.Wait()
				a.wantOpen(t)
				time.Sleep(2 * time.Second)
				synctest.Wait()
				a.wantEnd(t, singoffv1.Goaway_REASON_LOG_UNREACHABLE)
				b.wantEnd(t, singoffv1.Goaway_REASON_LOG_UNREACHABLE)
				wantEvents(t, "who waited for a Welcome", joining.all(), "goaway log_unreachable")
				wantEvents(t, "who chats", a.live(), "June joined", "goaway log_unreachable")
				if _, refused := june.try(); refused.GetReason() != singoffv1.Goaway_REASON_LOG_UNREACHABLE || !h.Refusing() {
					t.Errorf("got %v for a new join, want LOG_UNREACHABLE at once", refused)
				}
				h.log.haunt()
				h.log.set(takes)
				time.Sleep(7 * time.Second)
				synctest.Wait()
				if h.Refusing() {
					t.Error("still refusing")
				}
				b = june.back(b)
				replay := b.all()
				if short(replay[2]) == "June away" { // in any order
					replay[2], replay[3] = replay[3], replay[2]
				}
				wantEvents(t, "the replay", replay, "welcome resumed", "one", "민아 away", "June away", "June returned")
				a = minah.back(a)
				if got := a.welcome().GetLastNumber(); got != 1 {
					t.Errorf("got last number %d, want 1: it took effect, once", got)
				}
			})
		})
	}
}

func TestPatienceIsConfigurable(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.log.set(losesUnsaid)
		a.says("one")
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		a.wantEnd(t, singoffv1.Goaway_REASON_LOG_UNREACHABLE)
	}, func(c *room.Config) { c.Patience = 2 * time.Second })
}

func TestCloseWhileTheLogDoesNotAnswer(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.log.set(hangs)
		a.says("one")
		h.close()
		synctest.Wait()
		if bye := a.ended(t); bye != nil {
			t.Errorf("got goodbye %v, want none", bye)
		}
		if _, refused := h.guest("June", singer).try(); refused.GetReason() != singoffv1.Goaway_REASON_DRAINING {
			t.Errorf("got %v after Close, want DRAINING", refused)
		}
	})
}

func TestWhoLeavesDuringAnUnknownAppend(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		h.log.set(keepsUnsaid)
		a.says("one")
		a.breaks()
		h.log.set(takes)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantEvents(t, "who stays", b.live(), "one", "민아 away")
	})
}
