package room_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
)

func unmarshal(data []byte, into proto.Message) error { return proto.Unmarshal(data, into) }

func TestSnapshotEverySoManyEntries(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		for n := range 600 {
			a.says(fmt.Sprint(n)) // an entry each
		}
		head, err := h.log.Open(t.Context(), battle)
		if err != nil || head.Snapshot == nil || len(head.Entries) >= 256 {
			t.Fatalf("got %d entries after the snapshot, %v, want fewer than 256", len(head.Entries), err)
		}
		if head.Position != 602 { // RoomOpened, the join, 600 lines
			t.Errorf("got %d entries in all, want 602", head.Position)
		}
	})
}

func TestLogIsTrimmedBelowWhatMustBeKept(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		for n := range 1400 {
			a.says(fmt.Sprint(n))
		}
		oldest := func(from uint64) error {
			for _, err := range h.log.Read(t.Context(), battle, from) {
				return err
			}
			return nil
		}
		if err := oldest(1); !errors.Is(err, eventlog.ErrTrimmed) {
			t.Errorf("got %v for the oldest event, want it trimmed", err)
		}
		if err := oldest(h.lastSeq() - room.MaxReplayEvents); err != nil {
			t.Errorf("got %v for the last %d events, want them kept", err, room.MaxReplayEvents)
		}
	}, func(c *room.Config) { c.RetainEvents = room.MaxReplayEvents })
}

func TestRoomIsRebuiltFromSnapshotAndTail(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june := h.guest("민아", singer), h.guest("June", singer)
		a, b := minah.enter(), june.enter()
		a.does(&singoffv1.Vote{SingerMemberId: b.id(), Choice: singoffv1.Vote_CHOICE_UP})
		for n := range 300 {
			a.says(fmt.Sprint(n))
		}
		b.does(&singoffv1.Vote{SingerMemberId: a.id(), Choice: singoffv1.Vote_CHOICE_DOWN})
		before := h.guest("", observer).enter().welcome().GetRoom()
		h.close()
		minah.h, june.h = newHouse(t, h.log), nil
		defer minah.h.close()
		june.h = minah.h
		minah.enter()
		after := june.enter().welcome()
		if got, want := len(after.GetRoom().GetTallies()), 2; got != want {
			t.Fatalf("got %d tallies, want %d", got, want)
		}
		for i, tally := range after.GetRoom().GetTallies() {
			if !proto.Equal(tally, before.GetTallies()[i]) {
				t.Errorf("got tally %v, want %v", tally, before.GetTallies()[i])
			}
		}
		if after.GetSelf().GetMemberId() != b.id() || after.GetRoom().GetHostMemberId() != before.GetHostMemberId() {
			t.Errorf("got member %s, host %s, want the same as before", after.GetSelf().GetMemberId(), after.GetRoom().GetHostMemberId())
		}
		if got := len(after.GetRecentChat()); got != 100 {
			t.Errorf("got %d lines of recent chat, want 100", got)
		}
	})
}

// A server that is stopped in order leaves nothing to be replayed when it is started again.
func TestCloseStoresASnapshotOfEveryRoom(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := h.guest("민아", singer).enter()
		for n := range 10 {
			a.says(fmt.Sprint(n))
		}
		h.close()
		head, err := h.log.Open(t.Context(), battle)
		if err != nil || head.Snapshot == nil || head.Snapshot.Position != head.Position || len(head.Entries) != 0 {
			t.Errorf("got %+v, %v, want a snapshot of all that there is", head, err)
		}
	})
}

// broken is a log in which no room can be opened while it says why.
type broken struct {
	eventlog.Log
	why error
}

func (l *broken) Open(ctx context.Context, key eventlog.Key) (eventlog.Head, error) {
	if l.why != nil {
		return eventlog.Head{}, l.why
	}
	return l.Log.Open(ctx, key)
}

func TestUnopenedRoomIsNamedUntilItOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &broken{Log: newMemlog(t), why: errors.New("a page is corrupt")}
		h := newHouse(t, newLog(t, log))
		defer h.close()
		fails := func() {
			t.Helper()
			h.guest("민아", singer).enter()
			synctest.Wait()
			if err := h.Unopened(); err == nil || err.Error() != "default/battle: a page is corrupt" {
				t.Errorf("got %v, want the room and the reason", err)
			}
		}
		fails()
		time.Sleep(30 * time.Second)
		if err := h.Unopened(); err != nil {
			t.Errorf("got %v after half a minute in which nobody wanted in, want nothing", err)
		}
		fails()
		log.why = nil
		h.guest("민아", singer).enter()
		synctest.Wait()
		if err := h.Unopened(); err != nil {
			t.Errorf("got %v once it was opened, want nothing", err)
		}
	})
}

// forgetful doesn't store snapshots.
type forgetful struct {
	eventlog.Log
	stuck time.Duration
}

func (l *forgetful) StoreSnapshot(ctx context.Context, _ eventlog.Key, _ eventlog.Snapshot) error {
	select {
	case <-time.After(l.stuck):
	case <-ctx.Done():
	}
	return errors.New("no snapshots here")
}

func TestRoomLivesWithoutSnapshots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newLog(t, &forgetful{Log: newMemlog(t), stuck: time.Hour}))
		defer h.close()
		minah := h.guest("민아", singer)
		a := minah.enter()
		for n := range 600 {
			a.says(fmt.Sprint(n))
		}
		if got := len(a.live()); got != 600 {
			t.Errorf("got %d events while a snapshot is stuck, want 600", got)
		}
		a.does(&singoffv1.Leave{})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		minah.resume = nil
		minah.enter().wantRecovery(t, fresh, noCause, 0)
	})
}
