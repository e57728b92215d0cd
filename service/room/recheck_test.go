package room_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
)

// rechecks waits for five seconds.
func (h *house) rechecks(key eventlog.Key) error {
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
	defer cancel()
	err := h.Recheck(ctx, key)
	synctest.Wait()
	return err
}

// A room goes on if its log is as it knows it; else its members come back to what the log says.
func TestRecheck(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		wantErr(t, "of a room that isn't open", h.rechecks(battle), nil)
		minah := h.guest("민아", singer)
		a := minah.enter()
		wantErr(t, "of a room that is as it knows", h.rechecks(battle), nil)
		a.says("one")
		h.log.another(t, battle)
		wantErr(t, "of a room that isn't", h.rechecks(battle), nil)
		wantEvents(t, "who is there", a.live(), "1:one", "goaway moved")
		wantEvents(t, "who comes back", minah.back(a).all(), "welcome resumed", "room_opened", "room_opened", "민아 returned")
		wantErr(t, "of the room that was opened again", h.rechecks(battle), nil)
	})
}

// While the log keeps nothing nobody can tell; it is found out when the log is back.
func TestRecheckWhileTheLogRefuses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		h.log.set(faultlog.Refused)
		if err := h.rechecks(battle); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want it to wait for as long as it may", err)
		}
		h.log.set(faultlog.None)
		wantErr(t, "when the log is back", h.rechecks(battle), nil)
		wantEvents(t, "who is there", a.live())
	})
}
