package room_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// opened counts how often a room was opened.
func (h *house) opened(key eventlog.Key) (n int) {
	h.t.Helper()
	for stored, err := range h.log.Read(h.t.Context(), key, 1) {
		if err != nil {
			h.t.Fatal(err)
		}
		items, err := engine.Items(stored.Data)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, it := range items {
			response := &singoffv1.JoinResponse{}
			if err := unmarshal(it.Response, response); err != nil {
				h.t.Fatal(err)
			}
			if response.Events[0].GetRoomOpened() != nil {
				n++
			}
		}
	}
	return n
}

func TestEmptyRoomIsClosedAndUnloaded(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		a.says("one")
		place := a.place()
		a.does(&singoffv1.Leave{})
		time.Sleep(299 * time.Second)
		synctest.Wait()
		if got := h.lastSeq(); got != place.LastSeq+1 {
			t.Errorf("got seq %d after not quite five minutes, want %d: LEFT alone", got, place.LastSeq+1)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := h.lastSeq(); got != place.LastSeq+2 {
			t.Errorf("got seq %d, want %d: the room has closed", got, place.LastSeq+2)
		}
		head, err := h.log.Open(t.Context(), battle)
		if err != nil || head.Snapshot == nil || len(head.Entries) != 0 {
			t.Errorf("got %d entries after the snapshot, %v, want one of the unloaded room", len(head.Entries), err)
		}
		minah.resume = place
		a = minah.enter()
		wantEvents(t, "who comes back", a.all(), "welcome resumed", "2:민아 left", "room_closed", "room_opened", "민아 joined", "민아 host")
		if got := h.opened(battle); got != 2 {
			t.Errorf("the room was opened %d times, want 2", got)
		}
		if w := a.welcome(); len(w.GetRecentChat()) != 0 || w.GetSnapshotSeq() != h.lastSeq() {
			t.Errorf("got %d lines of recent chat, seq %d, want none of the closed room, and the log's seq", len(w.GetRecentChat()), w.GetSnapshotSeq())
		}
	})
}

func TestMembersWhoStayAwayAreGone(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.breaks()
		time.Sleep(14 * time.Minute)
		synctest.Wait()
		wantEvents(t, "meanwhile", b.live(), "민아 away")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		wantEvents(t, "then", b.live(), "민아 away", "민아 left", "June host")
	})
}

func TestSongEndsByTheClockWithNobodyConnected(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a := minah.enter()
		track := &singoffv1.Track{TrackId: "song", Title: "Song", Duration: durationpb.New(time.Minute)}
		if err := a.Do(t.Context(), rules.Command{Number: 1, Body: &singoffv1.MusicSelected{TrackId: "song"}, Track: track}); err != nil {
			t.Fatal(err)
		}
		minah.number = 1
		a.does(&singoffv1.Playback{Action: singoffv1.Playback_ACTION_START})
		wantEvents(t, "live", a.live(), "1:music_selected", "2:playback start")
		startsAt := a.live()[1].GetPlayback().GetNow().GetStartsAt().AsTime()
		a.breaks()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		a = minah.back(a)
		wantEvents(t, "the replay", a.all(), "welcome resumed", "민아 away", "playback ended", "민아 returned")
		if got := a.all()[2].GetTime().AsTime(); got.Before(startsAt.Add(time.Minute)) || got.After(startsAt.Add(time.Minute+10*time.Millisecond)) {
			t.Errorf("the song ended %v after it started, want a minute", got.Sub(startsAt))
		}
	})
}

// A room in which a Hello was refused, and nobody was ever, stayed loaded for an hour.
func TestRoomOfRefusedHelloIsUnloadedAtOnce(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		for n := range 10 { // more than there may be at once
			g := h.guest("", singer)
			g.key.Room = fmt.Sprint("room-", n)
			wantEvents(t, "who has no name", g.enter().all(), "goaway invalid_hello")
		}
	}, func(c *room.Config) { c.MaxRooms = 2 })
}

// After a clock was set back, a room stood still until the clock had caught up with its log.
func TestClockGoesOnFromTheLog(t *testing.T) {
	t.Parallel()
	log := newLog(t, newMemlog(t))
	ahead := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) // bubbles begin in 2000
	state := rules.New(battle.Namespace, battle.Room)
	e := engine.New(rules.DefaultConfig(), state, 0, func() eventlog.BatchID { return eventlog.BatchID{1} })
	app := e.Open(ahead, 1)
	if _, err := log.Append(t.Context(), battle, app.After, app.Entry); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, log)
		defer h.close()
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.says("one")
		time.Sleep(10 * time.Second)
		a.says("two")
		got := b.live()
		one, two := got[0].GetTime().AsTime(), got[1].GetTime().AsTime()
		if one.Before(ahead) || two.Sub(one) != 10*time.Second {
			t.Errorf("got events at %v and %v, want 10 s apart, not before %v", one, two, ahead)
		}
		if now := a.Now(); now.Before(two) || now.Sub(two) > time.Second {
			t.Errorf("got %v from the connection, want the room's clock, %v", now, two)
		}
		a.breaks()
		held := b.live()[2].GetPresence().GetMember().GetHeldUntil().AsTime()
		if got := held.Sub(two); got != 30*time.Second {
			t.Errorf("the seat is held for %v, want 30 s", got)
		}
	})
}

func TestCheersComeFourTimesASecond(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("하늘", watcher).enter()
		for range 20 { // a second
			b.do(0, &singoffv1.Reaction{SingerMemberId: a.id(), Kind: singoffv1.Reaction_KIND_CLAP})
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		sum := uint32(0)
		for _, ev := range a.live()[1:] {
			sum += ev.GetReaction().GetCount()
		}
		if n := len(a.live()) - 1; sum != 20 || n < 4 || n > 5 {
			t.Errorf("got %d cheers in %d events, want 20 in 4 or 5", sum, n)
		}
	})
}
