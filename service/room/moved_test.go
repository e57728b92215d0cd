package room_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
)

func TestConflictTellsNobodyAnything(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june := h.guest("민아", singer), h.guest("June", singer)
		a, b := minah.enter(), june.enter()
		h.log.another(t, battle)
		joining, _ := h.guest("하늘", watcher).connect()
		a.do(1, &singoffv1.ChatMessage{Text: "one"})
		joining.start()
		synctest.Wait()
		wantEvents(t, "who chats", a.live(), "June joined", "goaway moved")
		wantEvents(t, "who reads", b.live(), "goaway moved")
		wantEvents(t, "who joins", joining.all(), "goaway moved")
		if bye := a.ended(t); bye.GetFinal() || bye.GetRetryAfter() != nil {
			t.Errorf("got %v, want: come back at once", bye)
		}
		a = minah.back(a)
		wantEvents(t, "who comes back", a.all(), "welcome resumed", "room_opened", "room_opened", "민아 returned")
		if got := a.welcome().GetLastNumber(); got != 0 {
			t.Errorf("got last number %d, want 0", got)
		}
		wantEvents(t, "the replay of who comes later", june.back(b).all(),
			"welcome resumed", "room_opened", "room_opened", "민아 returned", "June returned")
	})
}

func TestConflictAfterUnknown(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		h.log.set(faultlog.UnknownLost)
		a.says("one")
		h.log.another(t, battle)
		h.log.set(faultlog.None)
		time.Sleep(time.Second)
		synctest.Wait()
		wantEvents(t, "who chats", a.live(), "goaway moved")
		wantEvents(t, "the replay", minah.back(a).all(), "welcome resumed", "room_opened", "room_opened", "민아 returned")
	})
}

// contested opens a room elsewhere whenever somebody has opened it here.
type contested struct {
	eventlog.Log
	t     *testing.T
	times int
}

func (l *contested) Open(ctx context.Context, key eventlog.Key) (eventlog.Head, error) {
	head, err := l.Log.Open(ctx, key)
	if err == nil && l.times > 0 {
		l.times--
		err = openElsewhere(l.Log, key, head)
	}
	return head, err
}

func TestOpeningUnderConflict(t *testing.T) {
	for name, test := range map[string]struct {
		times int
		want  string
	}{"now and then": {3, "welcome new"}, "without end": {1000, "goaway log_unreachable"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, newLog(t, &contested{Log: newMemlog(t), t: t, times: test.times}))
				defer h.close()
				wantEvents(t, "who joins", h.guest("민아", singer).enter().all(), test.want)
			})
		})
	}
}

func TestOpeningALogInTrouble(t *testing.T) {
	for name, fault := range map[string]faultlog.Fault{
		"refuses": faultlog.Refused, "can't be read": unreadable, "answer lost": faultlog.UnknownKept,
		"no answer": faultlog.Unanswered, "kept later": faultlog.UnknownLate,
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				minah := h.guest("민아", singer)
				h.log.set(fault)
				s := minah.enter()
				time.Sleep(6 * time.Second)
				synctest.Wait()
				wantEvents(t, "who joins", s.all(), "goaway log_unreachable")
				h.log.set(faultlog.None)
				h.log.Deliver(t.Context())
				if h.Refusing() {
					t.Error("refusing with no room open")
				}
				wantEvents(t, "who comes back", minah.enter().all(), "welcome new")
			})
		})
	}
}

// A bug in the rules ends the room it is met in, not the process and no other room.
func TestPanicGivesTheRoomUp(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june := h.guest("민아", singer), h.guest("June", singer)
		june.key.Room = "elsewhere"
		a, b := minah.enter(), june.enter()
		a.says("one")
		a.do(2, (*singoffv1.ChatMessage)(nil)) // nothing that rpc hands on
		synctest.Wait()
		a.wantEnd(t, singoffv1.Goaway_REASON_MOVED)
		if got := a.ended(t).GetRetryAfter().AsDuration(); got < time.Second || got > 2*time.Second {
			t.Errorf("got retry after %v, want 1 s to 2 s: the bug may be met again", got)
		}
		b.says("still here")
		wantEvents(t, "the other room", b.live(), "1:still here")
		a = minah.back(a)
		wantEvents(t, "who comes back", a.all(), "welcome resumed", "room_opened", "민아 returned")
		if got := a.welcome().GetLastNumber(); got != 1 {
			t.Errorf("got last number %d, want 1", got)
		}
	})
}
