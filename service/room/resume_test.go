package room_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/room"
)

func TestFirstJoinIsNew(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		s := h.guest("민아", singer).enter()
		s.wantRecovery(t, fresh, noCause, 0)
		w := s.welcome()
		if w.GetInstanceKnown() || w.GetLastNumber() != 0 || len(w.GetConnectionId()) != 16 || w.GetInstance() != "민아's page" {
			t.Errorf("got %v, want an unknown instance with last number 0, told again, and a secret of 16 bytes", w)
		}
		if w.GetSnapshotSeq() != h.lastSeq() || w.GetMemberSince().GetSeq() != h.lastSeq()-1 || w.GetMemberSince().GetEpoch() != w.GetEpoch() {
			t.Errorf("got snapshot seq %d, member since %v, want %d, and that of JOINED, before HOST", w.GetSnapshotSeq(), w.GetMemberSince(), h.lastSeq())
		}
		if l := w.GetLimits(); l.GetUnansweredCommands() != 64 || l.GetReplayEvents() != 1000 || l.GetReplayBytes() != 1<<20 || l.GetHold().AsDuration() != 30*time.Second {
			t.Errorf("got limits %v, want those that hold", l)
		}
	})
}

func TestResumeFromTheRing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		a.says("one")
		a.breaks()
		h.log.set(unreadable) // so it is the ring that the events come from
		b.says("two")
		a = minah.back(a)
		a.wantRecovery(t, resumed, noCause, 3)
		wantEvents(t, "the replay", a.all(), "welcome resumed", "민아 away", "two", "민아 returned")
		if w := a.welcome(); !w.GetInstanceKnown() || w.GetLastNumber() != 1 || w.GetSnapshotSeq() != h.lastSeq() {
			t.Errorf("got %v, want the instance known, last number 1, the newest seq", w)
		}
		b.says("three")
		wantEvents(t, "live", a.live(), "three")
	})
}

func TestResumeFromTheLog(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		a.says("one")
		before := a.place()
		a.says("two")
		a.breaks() // nobody is connected: the ring holds nothing
		h.guest("June", singer).enter()
		minah.resume = before
		a = minah.enter()
		wantEvents(t, "the replay", a.all(), "welcome resumed", "2:two", "민아 away", "June joined", "민아 returned")
	})
}

func TestResumeAfterNothing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		b := minah.back(a) // the old connection looks alive: a quick reconnect that nobody sees
		b.wantRecovery(t, resumed, noCause, 0)
		a.wantEnd(t, singoffv1.Goaway_REASON_SUPERSEDED)
		if a.ended(t).GetFinal() {
			t.Error("the goodbye of a connection with a newer one is final")
		}
		b.says("hello")
		wantEvents(t, "live", b.live(), "1:hello")
		c := minah.back(b)
		c.wantRecovery(t, resumed, noCause, 0)
		if c.id() != a.id() {
			t.Errorf("got member %s, want %s still", c.id(), a.id())
		}
	})
}

func TestResumeManyTimes(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		for n := range 20 {
			a.breaks()
			b.says(fmt.Sprint(n))
			a = minah.back(a)
			wantEvents(t, "the replay", a.all(), "welcome resumed", "민아 away", fmt.Sprint(n), "민아 returned")
		}
	})
}

func TestResumeAcrossEpochs(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		h.close()
		synctest.Wait()
		if bye := a.ended(t); bye != nil {
			t.Errorf("got goodbye %v of a server that ends at once, want none", bye)
		}
		minah.h = newHouse(t, h.log)
		defer minah.h.close()
		a = minah.back(a)
		wantEvents(t, "the replay", a.all(), "welcome resumed", "room_opened", "민아 returned")
	})
}

// After a crash all members come back at once. Each read on the disk what opening the room had read already, and waited for the others.
func TestResumeAfterACrashReadsNothing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		a.breaks()
		b.says("one")
		h.log.Fail(faultlog.Read, errors.New("the network is down"))
		minah.h = newHouse(t, h.log) // without a close, which would have stored a snapshot
		defer minah.h.close()
		a = minah.back(a)
		wantEvents(t, "the replay", a.all(), "welcome resumed", "민아 away", "one", "room_opened", "민아 returned")
	})
}

func TestSnapshotWhenTheLogIsLost(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		a.says("one")
		h.close()
		minah.h = newHouse(t, newLog(t, newMemlog(t))) // a memlog that began anew
		defer minah.h.close()
		a = minah.back(a)
		a.wantRecovery(t, snapshot, logLost, 0)
		minah.resume = &singoffv1.Resume{Epoch: a.welcome().GetEpoch(), LastSeq: a.welcome().GetSnapshotSeq() + 100}
		minah.enter().wantRecovery(t, snapshot, logLost, 0) // what this log never held
	})
}

func TestSnapshotWhenTrimmed(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		before := a.place()
		a.breaks()
		b := h.guest("June", singer).enter()
		for n := range 300 {
			b.says(fmt.Sprint(n))
		}
		if err := h.log.Trim(t.Context(), battle, h.lastSeq()-50); err != nil {
			t.Fatal(err)
		}
		minah.resume = before
		a = minah.enter()
		a.wantRecovery(t, snapshot, trimmed, 0)
		b.says("after")
		wantEvents(t, "what follows", a.all(), "welcome snapshot", "after")
	})
}

func TestSnapshotWhenTooManyEventsBehind(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		a.breaks()
		minah.resume = &singoffv1.Resume{Epoch: b.welcome().GetEpoch(), LastSeq: h.lastSeq()}
		for n := range uint64(room.MaxReplayEvents - 1) {
			b.do(n+1, &singoffv1.ChatMessage{Text: "x"})
		}
		synctest.Wait()
		minah.enter().wantRecovery(t, resumed, noCause, room.MaxReplayEvents) // with its own RETURNED
		minah.enter().wantRecovery(t, resumed, noCause, room.MaxReplayEvents)
		b.do(room.MaxReplayEvents, &singoffv1.ChatMessage{Text: "x"})
		synctest.Wait()
		minah.enter().wantRecovery(t, snapshot, tooFar, 0)
	})
}

func TestSnapshotWhenTooManyBytesBehind(t *testing.T) {
	for name, connected := range map[string]bool{"ring": true, "log": false} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				minah := h.guest("민아", singer)
				a, b := minah.enter(), h.guest("June", singer).enter()
				a.breaks()
				place := &singoffv1.Resume{Epoch: b.welcome().GetEpoch(), LastSeq: h.lastSeq()}
				text := strings.Repeat("노", 2000)
				for n := range uint64(170) { // about a million bytes
					b.do(n+1, &singoffv1.ChatMessage{Text: text})
				}
				synctest.Wait()
				if !connected {
					b.breaks()
				}
				minah.resume = place
				minah.enter().wantRecovery(t, resumed, noCause, map[bool]int{true: 171, false: 172}[connected])
				c := h.guest("하늘", watcher).enter()
				for n := range uint64(10) {
					c.do(n+1, &singoffv1.ChatMessage{Text: text})
				}
				synctest.Wait()
				minah.enter().wantRecovery(t, snapshot, tooFar, 0)
			})
		})
	}
}

func TestLogThatCannotBeReadEndsTheResume(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		before := a.place()
		a.says("one")
		a.breaks()
		h.log.set(unreadable)
		minah.resume = before
		minah.enter().wantEnd(t, singoffv1.Goaway_REASON_LOG_UNREACHABLE)
		h.log.set(faultlog.None)
		minah.enter().wantRecovery(t, resumed, noCause, 5) // one, away, returned, away, returned
	})
}

func TestSharedUserOfTwoInstances(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		a.says("one")
		other := *minah
		other.instance, other.attempt = "another page", 0
		s := other.enter()
		s.wantEnd(t, singoffv1.Goaway_REASON_TAKEN_OVER)
		if !s.ended(t).GetFinal() {
			t.Error("the goodbye isn't final")
		}
		a.wantOpen(t)
		other.takeOver = true
		s = other.enter()
		a.wantEnd(t, singoffv1.Goaway_REASON_TAKEN_OVER)
		if w := s.welcome(); w.GetInstanceKnown() || w.GetLastNumber() != 0 || w.GetSelf().GetNickname() != "민아" {
			t.Errorf("got %v, want an instance that wasn't known, as the same member", w)
		}
	})
}
