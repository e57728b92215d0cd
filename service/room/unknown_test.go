package room_test

import (
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/room"
)

func TestUnknownThatWasKept(t *testing.T) {
	for name, fault := range map[string]faultlog.Fault{
		"kept, answer lost": faultlog.UnknownKept, "not kept": faultlog.UnknownLost,
		"no answer at all": faultlog.Unanswered, "an error of its own": faultlog.Broken,
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
				h.log.set(fault)
				a.says("one")
				a.says("two")
				wantEvents(t, "meanwhile", a.live(), "June joined")
				h.log.set(faultlog.None)
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
// and then took effect. The room can't tell a try that is lost from one that is late, so no refusal after either proves anything to
// it; the log, which can, doesn't call the late one refused.
func TestRefusedAfterUnknownProvesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		first faultlog.Fault
		late  int
	}{"lost": {faultlog.UnknownLost, 0}, "on its way": {faultlog.UnknownLate, 1}} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
				h.log.set(test.first)
				a.says("one")
				h.log.set(faultlog.Refused)
				time.Sleep(3 * time.Second)
				synctest.Wait()
				wantEvents(t, "meanwhile", a.live(), "June joined")
				if late, kept := h.log.Late(), h.log.Deliver(t.Context()); late != test.late || kept != test.late {
					t.Fatalf("%d tries were on their way and %d of them are kept, want %d", late, kept, test.late)
				}
				h.log.set(faultlog.None)
				time.Sleep(time.Second)
				synctest.Wait()
				a.says("two")
				wantEvents(t, "who chats", a.live(), "June joined", "1:one", "2:two")
				wantEvents(t, "who reads", b.live(), "one", "two")
			})
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	for name, fault := range map[string]faultlog.Fault{
		"kept later": faultlog.UnknownLate, "kept, answer lost": faultlog.UnknownKept,
		"never kept": faultlog.UnknownLost, "no answer": faultlog.Unanswered,
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				minah, june := h.guest("민아", singer), h.guest("June", singer)
				a, b := minah.enter(), june.enter()
				h.log.set(fault)
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
				h.log.Deliver(t.Context())
				h.log.set(faultlog.None)
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
		h.log.set(faultlog.UnknownLost)
		a.says("one")
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		a.wantEnd(t, singoffv1.Goaway_REASON_LOG_UNREACHABLE)
	}, func(c *room.Config) { c.Patience = 2 * time.Second })
}

func TestCloseWhileTheLogDoesNotAnswer(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.log.set(faultlog.Unanswered)
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
		h.log.set(faultlog.UnknownKept)
		a.says("one")
		a.breaks()
		h.log.set(faultlog.None)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantEvents(t, "who stays", b.live(), "one", "민아 away")
	})
}
