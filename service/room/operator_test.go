package room_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

// kicks kicks within five seconds.
func (h *house) kicks(k rules.Kick) (*singoffv1.Member, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
	defer cancel()
	m, err := h.Kick(ctx, battle, k)
	synctest.Wait()
	return m, err
}

func (h *house) announces(text string) error {
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
	defer cancel()
	err := h.Announce(ctx, battle, text)
	synctest.Wait()
	return err
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestKick(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june := h.guest("민아", singer), h.guest("June", singer)
		a, b := minah.enter(), june.enter()
		m, err := h.kicks(rules.Kick{MemberID: b.id(), KeepOut: time.Minute})
		if err != nil || m.GetNickname() != "June" || m.GetAway() {
			t.Fatalf("got %v, %v, want June as she was", m, err)
		}
		wantEvents(t, "who was kicked", b.live(), "June left", "goaway admin")
		if bye := b.ended(t); !bye.GetFinal() || bye.GetRetryAfter().AsDuration() != time.Minute {
			t.Errorf("got %v, want it final, with a minute to wait", bye)
		}
		wantEvents(t, "who stays", a.live(), "June joined", "June left")
		wantEvents(t, "who comes back too early", june.enter().all(), "goaway admin")
		_, err = h.kicks(rules.Kick{MemberID: b.id()})
		wantErr(t, "kicked again", err, rules.ErrNoSuchMember)
		time.Sleep(time.Minute)
		c := june.enter()
		wantEvents(t, "who comes back in time", c.all(), "welcome new")
		c.breaks()
		if m, err = h.kicks(rules.Kick{MemberID: c.id()}); err != nil || !m.GetAway() {
			t.Errorf("got %v, %v, want June, who was away, kicked", m, err)
		}
		wantEvents(t, "who stays", a.live()[2:], "June joined", "June away", "June left")
	})
}

func TestCloseRoom(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, screen := minah.enter(), h.guest("screen", observer).enter()
		a.says("one")
		n, err := h.CloseRoom(t.Context(), battle)
		synctest.Wait()
		if err != nil || n != 2 {
			t.Fatalf("got %d, %v, want 2 gone", n, err)
		}
		wantEvents(t, "the singer", a.live(), " joined", "1:one", "room_closed", "민아 left", "goaway admin")
		wantEvents(t, "the screen", screen.live(), "one", "room_closed", "민아 left", " left", "goaway admin")
		if !a.ended(t).GetFinal() || !screen.ended(t).GetFinal() {
			t.Error("a goodbye isn't final")
		}
		if _, err = h.CloseRoom(t.Context(), battle); !errors.Is(err, room.ErrNoRoom) {
			t.Errorf("closed again: got %v, want ErrNoRoom: it is unloaded", err)
		}
		a = minah.back(a)
		wantEvents(t, "who comes back", a.all(), "welcome resumed", " left", "room_opened", "민아 joined", "민아 host")
		if got := a.welcome().GetLastNumber(); got != 1 || !a.welcome().GetInstanceKnown() {
			t.Errorf("got last number %d, want 1: the numbers go on", got)
		}
	})
}

func TestCloseRoomWithNobodyThere(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		_, err := h.CloseRoom(t.Context(), battle)
		wantErr(t, "a room that never was", err, room.ErrNoRoom)
		a := h.guest("민아", singer).enter()
		a.does(&singoffv1.Leave{})
		wantErr(t, "an announcement to nobody", h.announces("anybody?"), rules.ErrNobodyThere)
		if n, err := h.CloseRoom(t.Context(), battle); n != 0 || err != nil {
			t.Errorf("got %d, %v, want the room closed that everybody had left", n, err)
		}
	})
}

func TestAnnounce(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june := h.guest("민아", singer), h.guest("June", singer)
		a, b := minah.enter(), june.enter()
		b.breaks()
		if err := h.announces("점검은 10분 뒤에"); err != nil {
			t.Fatal(err)
		}
		wantEvents(t, "who is there", a.live(), "June joined", "June away", "announcement")
		if got := a.live()[2]; got.GetAnnouncement().GetText() != "점검은 10분 뒤에" || got.GetSeq() == 0 || got.GetMemberId() != "" {
			t.Errorf("got %v, want the text, kept, by nobody", got)
		}
		wantEvents(t, "who comes back", june.back(b).all(), "welcome resumed", "June away", "announcement", "June returned")
	})
}

func TestAnnounceAll(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b, c := h.in("default", "one", "민아"), h.in("default", "two", "민아"), h.in("other", "one", "민아")
		empty := h.in("default", "three", "민아")
		empty.does(&singoffv1.Leave{}) // still loaded, and nobody is in it
		if said, failed := h.AnnounceAll(t.Context(), "default", "hello"); said != 2 || failed != 0 {
			t.Errorf("got %d said, %d failed, want 2 of the namespace", said, failed)
		}
		if said, failed := h.AnnounceAll(t.Context(), "", "all"); said != 3 || failed != 0 {
			t.Errorf("got %d said, %d failed, want 3 of all namespaces", said, failed)
		}
		if said, failed := h.AnnounceAll(t.Context(), "nowhere", "all"); said != 0 || failed != 0 {
			t.Errorf("got %d said, %d failed, want none", said, failed)
		}
		synctest.Wait()
		wantEvents(t, "one", a.live(), "announcement", "announcement")
		wantEvents(t, "two", b.live(), "announcement", "announcement")
		wantEvents(t, "the other namespace's", c.live(), "announcement")
		h.log.set(faultlog.Refused)
		if said, failed := h.AnnounceAll(t.Context(), "", "refused"); said != 0 || failed != 3 {
			t.Errorf("got %d said, %d failed, want 3 failed", said, failed)
		}
		h.log.set(faultlog.Unanswered)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if said, failed := h.AnnounceAll(ctx, "", "unanswered"); said != 0 || failed != 3 || time.Since(began) != 2*time.Second {
			t.Errorf("got %d said, %d failed after %v, want 3 failed after the 2 s there were", said, failed, time.Since(began))
		}
		h.log.set(faultlog.None)
	})
}

func TestActThatTheLogRefuses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		h.log.set(faultlog.Refused)
		for range 2 { // the second one while the room knows of the trouble
			_, err := h.kicks(rules.Kick{MemberID: b.id()})
			wantErr(t, "a kick", err, room.ErrNotDone)
		}
		_, err := h.CloseRoom(t.Context(), battle)
		wantErr(t, "closing", err, room.ErrNotDone)
		h.log.set(faultlog.None)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.wantOpen(t)
		wantEvents(t, "who isn't kicked", b.live())
		wantEvents(t, "who looks on", a.live(), "June joined")
		if _, err := h.kicks(rules.Kick{MemberID: b.id()}); err != nil {
			t.Errorf("got %v once the log takes appends again", err)
		}
	})
}

func TestActWhoseOutcomeIsUnknown(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		h.log.set(faultlog.UnknownLost)
		_, err := h.kicks(rules.Kick{MemberID: b.id()})
		wantErr(t, "a kick that the log doesn't answer", err, room.ErrUnsettled)
		wantErr(t, "an announcement behind it, withdrawn in time", h.announces("never said"), room.ErrNotDone)
		wantEvents(t, "who may be kicked, when patience has ended", b.live(), "goaway log_unreachable")
		wantErr(t, "one when everybody was sent away", h.announces("never said either"), room.ErrNotDone)
		h.log.set(faultlog.None)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		again := a.g.back(a)
		wantEvents(t, "what came of it", again.all(), "welcome resumed", "June left", "민아 away", "민아 returned")
	})
}

func TestActInARoomThatHasMoved(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.log.another(t, battle)
		_, err := h.kicks(rules.Kick{MemberID: a.id()})
		wantErr(t, "a kick", err, room.ErrNotDone)
		a.wantEnd(t, singoffv1.Goaway_REASON_MOVED)
		_, err = h.kicks(rules.Kick{MemberID: a.id()})
		wantErr(t, "another one", err, room.ErrNoRoom)
	})
}

func TestActWhileTheRoomIsOpened(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.log.set(unreadable)
		s, _ := h.guest("민아", singer).connect()
		wantErr(t, "a room whose log can't be read", h.announces("hello"), room.ErrNotDone)
		s.start()
		<-s.over
		h.log.set(faultlog.None)
	})
}

// A manager that is closed answers whoever waits.
func TestActWhenTheManagerCloses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.log.set(faultlog.Unanswered)
		result := make(chan error, 1)
		go func() {
			_, err := h.Kick(t.Context(), battle, rules.Kick{MemberID: a.id()})
			result <- err
		}()
		synctest.Wait()
		h.close()
		wantErr(t, "a kick under way", <-result, room.ErrUnsettled)
	})
}

// Nobody who acts at once with everybody else waits for ever, whatever becomes of the room.
func TestActsAmongJoinsAndLosses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june := h.guest("민아", singer), h.guest("June", watcher)
		for range 30 {
			a, b := minah.enter(), june.enter()
			results := make(chan error, 3)
			go func() { _, err := h.Kick(t.Context(), battle, rules.Kick{MemberID: b.id()}); results <- err }()
			go func() { _, err := h.CloseRoom(t.Context(), battle); results <- err }()
			go func() { results <- h.Announce(t.Context(), battle, "hello") }()
			for range 3 {
				err := <-results
				if err != nil && !errors.Is(err, rules.ErrNoSuchMember) && !errors.Is(err, rules.ErrNobodyThere) && !errors.Is(err, room.ErrNoRoom) {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			a.wantEnd(t, singoffv1.Goaway_REASON_ADMIN)
			b.wantEnd(t, singoffv1.Goaway_REASON_ADMIN)
		}
	})
}

func TestConnections(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		began := time.Now()
		a := h.in("default", "one", "민아")
		time.Sleep(time.Second)
		b := h.in("default", "two", "June")
		h.in("other", "one", "하늘")
		a.does(&singoffv1.Presence{Nickname: "민아★"})
		all, total, more := h.Connections(room.Which{Most: 10})
		if len(all) != 3 || total != 3 || more {
			t.Fatalf("got %d of %d, more: %v, want 3", len(all), total, more)
		}
		first := all[0]
		if first.Member.GetNickname() != "민아★" || first.Member.GetMemberId() != a.id() || first.Room != (eventlog.Key{Namespace: "default", Room: "one"}) ||
			!first.Since.Equal(began) || first.Behind != 0 || first.Lag != 0 || first.About.Instance != "민아's page" {
			t.Errorf("got %+v first", first)
		}
		for _, test := range []struct {
			which room.Which
			want  string
			total int
			more  bool
		}{
			{room.Which{Namespace: "default", Most: 1}, "민아★", 2, true},
			{room.Which{Namespace: "default", Most: 1, After: first.ID}, "June", 2, false},
			{room.Which{Namespace: "default", Room: "two", Most: 5}, "June", 1, false},
			{room.Which{Namespace: "nowhere", Most: 5}, "", 0, false},
		} {
			list, total, more := h.Connections(test.which)
			names := ""
			for _, c := range list {
				names += c.Member.GetNickname()
			}
			if names != test.want || total != test.total || more != test.more {
				t.Errorf("%+v: got %q of %d, more: %v, want %q of %d, %v", test.which, names, total, more, test.want, test.total, test.more)
			}
		}
		b.hold()
		for range 4 { // the sender is stuck with the first
			b.says("x")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		list, _, _ := h.Connections(room.Which{Namespace: "default", Room: "two", Most: 5})
		if list[0].Behind != 3 || list[0].Lag != 3*time.Second {
			t.Errorf("got %d events and %v behind, want 3 and 3 s", list[0].Behind, list[0].Lag)
		}
		b.release()
	})
}

func TestConnectionsWhileTheLogDoesNotAnswer(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.guest("민아", singer).enter()
		h.log.set(faultlog.Unanswered)
		h.guest("June", singer).enter()
		list, total, _ := h.Connections(room.Which{Most: 5})
		if total != 2 || list[0].Member.GetNickname() != "민아" || list[1].Member != nil {
			t.Errorf("got %+v, want 민아, and one without an answer", list)
		}
		h.log.set(faultlog.None)
	})
}
