package room_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room"
)

func TestSlowConsumerByAge(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		a.hold()
		for n := range 41 {
			b.says(fmt.Sprint(n))
			time.Sleep(200 * time.Millisecond)
		}
		synctest.Wait()
		a.wantOpen(t) // 8 s behind
		for n := range 20 {
			b.says(fmt.Sprint("more ", n))
			time.Sleep(200 * time.Millisecond)
		}
		select {
		case <-a.Ended():
		default:
			t.Fatal("a connection 12 s behind hasn't ended")
		}
		b.says("after")
		if got := b.live(); short(got[len(got)-1]) != "62:after" || short(got[len(got)-2]) == "62:after" {
			t.Errorf("the room-mate has %q last", short(got[len(got)-1]))
		}
		a.release()
		a.wantEnd(t, singoffv1.Goaway_REASON_SLOW_CONSUMER)
		if bye := a.ended(t); bye.GetFinal() {
			t.Error("the goodbye is final")
		}
		again := minah.back(a)
		again.wantRecovery(t, resumed, noCause, len(b.live())-len(a.live())+2) // JOINED and the goodbye are a's alone
	})
}

// A connection whose place in the ring was gone waited for ever, as long as nothing new was told: it was looked for only with the next event.
func TestSlowConsumerEndsWithoutAnythingNew(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.hold()
		b.says("x") // takes a's sender
		for n := range uint64(40) {
			b.do(n+2, &singoffv1.ChatMessage{Text: "x"})
		}
		synctest.Wait()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		a.release()
		a.wantEnd(t, singoffv1.Goaway_REASON_SLOW_CONSUMER)
		b.wantOpen(t)
	})
}

func TestFewEventsAreNeverTooMany(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		b.hold()
		for range 31 {
			a.says("x")
			time.Sleep(time.Minute)
		}
		b.release()
		if got := len(b.live()); got != 31 {
			t.Errorf("got %d events after half an hour of silence, want 31", got)
		}
	})
}

func TestSlowConsumerByBytes(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.hold()
		text := strings.Repeat("노", 2000)
		for n := range uint64(200) {
			b.do(n+1, &singoffv1.ChatMessage{Text: text})
		}
		<-a.Ended()
		a.release()
		a.wantEnd(t, singoffv1.Goaway_REASON_SLOW_CONSUMER)
		if got := len(b.live()); got < 200 {
			t.Errorf("the room-mate has %d events, want 200", got)
		}
	})
}

// One that never reads is freed by whoever holds its handler; nothing of it stays behind.
func TestNeverReads(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.hold()
		for n := range uint64(100) {
			b.do(n+1, &singoffv1.ChatMessage{Text: "x"})
			time.Sleep(200 * time.Millisecond)
		}
		<-a.Ended()
		close(a.cut) // the handler has returned: the send fails
		<-a.over
		if bye := a.ended(t); bye != nil {
			t.Errorf("got goodbye %v, want none: it wasn't sent", bye)
		}
	})
}

func TestSlowReplay(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		a.breaks()
		b.says("missed")
		minah.resume = a.place()
		s, _ := minah.connect()
		s.hold()
		s.start()
		synctest.Wait()
		for n := range uint64(100) {
			b.do(n+2, &singoffv1.ChatMessage{Text: fmt.Sprint(n)})
			time.Sleep(200 * time.Millisecond)
		}
		synctest.Wait()
		s.release()
		wantEvents(t, "who was slow", s.all(), "welcome resumed", "민아 away", "missed", "민아 returned", "goaway slow_consumer")
	})
}

func TestFramesAreBounded(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.hold()
		text := strings.Repeat("노", 2000)
		for n := range uint64(60) {
			b.do(n+1, &singoffv1.ChatMessage{Text: text})
		}
		synctest.Wait()
		a.release()
		if got := len(a.live()); got != 61 {
			t.Fatalf("got %d events, want 61", got)
		}
		frames := a.frames[2:]
		for _, size := range frames {
			if size > room.MaxFrameBytes {
				t.Errorf("got a frame of %d bytes, want at most %d", size, room.MaxFrameBytes)
			}
		}
		if len(frames) > 8 {
			t.Errorf("got %d frames for 360 KB, want them full", len(frames))
		}
	})
}

func TestPrivateFloodIsBounded(t *testing.T) {
	for name, payload := range map[string]int{"many": 1, "large": 12 << 10} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
				a.hold()
				signal := &singoffv1.Signal{ToMemberId: a.id(), Kind: singoffv1.Signal_KIND_CANDIDATE, Payload: strings.Repeat("x", payload)}
				sent := 0
				for ended := false; !ended && sent < 1000; sent++ {
					b.do(0, signal)
					synctest.Wait()
					select {
					case <-a.Ended():
						ended = true
					default:
					}
				}
				if want := map[string]int{"many": 258, "large": 87}[name]; sent > want || sent < want-2 {
					t.Errorf("it ended after %d signals of %d bytes, want about %d", sent, payload, want)
				}
				a.release()
				a.wantEnd(t, singoffv1.Goaway_REASON_SLOW_CONSUMER)
				b.wantOpen(t)
			})
		})
	}
}
