package room_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestOneOrderForAll(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		streams := []*stream{
			h.guest("민아", singer).enter(), h.guest("June", singer).enter(),
			h.guest("하늘", watcher).enter(), h.guest("", observer).enter(),
		}
		var chatters sync.WaitGroup
		for _, s := range streams[:3] {
			chatters.Go(func() {
				for n := range uint64(100) {
					s.do(n+1, &singoffv1.ChatMessage{Text: fmt.Sprintf("%s %d", s.g.name, n)})
				}
			})
		}
		chatters.Wait()
		synctest.Wait()
		last := streams[3].seqs()
		if got := len(last); got != 300 {
			t.Fatalf("got %d events, want 300", got)
		}
		for _, s := range streams {
			seqs := s.seqs()
			if got := seqs[len(seqs)-300:]; !slices.Equal(got, last) {
				t.Errorf("%s has seen another order", s.g.name)
			}
			if first := seqs[0]; first != s.welcome().GetSnapshotSeq()+1 {
				t.Errorf("%s: got first seq %d after the Welcome, want %d", s.g.name, first, s.welcome().GetSnapshotSeq()+1)
			}
			for i, seq := range seqs {
				if seq != seqs[0]+uint64(i) {
					t.Fatalf("%s: seq %d at %d: a gap", s.g.name, seq, i)
				}
			}
			for i, ev := range s.live() {
				if n := ev.GetNumber(); (n != 0) != (ev.GetMemberId() == s.id()) {
					t.Fatalf("%s: event %d has number %d, its author is %s", s.g.name, i, n, ev.GetMemberId())
				}
			}
		}
	})
}

func TestNumberIsInTheCopyOfItsInstanceAlone(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june := h.guest("민아", singer), h.guest("June", singer)
		a, b := minah.enter(), june.enter()
		a.says("one")
		wantEvents(t, "the author", a.live(), "June joined", "1:one")
		wantEvents(t, "the other", b.live(), "one")
		a.breaks()
		minah.resume = &singoffv1.Resume{Epoch: a.welcome().GetEpoch(), LastSeq: a.welcome().GetSnapshotSeq()}
		a = minah.enter()
		a.wantRecovery(t, resumed, noCause, 4)
		wantEvents(t, "the author's replay", a.all(), "welcome resumed", "June joined", "1:one", "민아 away", "민아 returned")
		other := *minah // another page of the same person
		other.instance, other.takeOver = "another page", true
		c := other.enter()
		wantEvents(t, "another instance's replay", c.all(), "welcome resumed", "June joined", "one", "민아 away", "민아 returned")
	})
}

func TestWhispersAreSeenByTwo(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		minah, june, sky := h.guest("민아", singer), h.guest("June", singer), h.guest("하늘", watcher)
		a, b, c := minah.enter(), june.enter(), sky.enter()
		before := c.place()
		a.does(&singoffv1.ChatMessage{Text: "psst", ToMemberId: b.id()})
		a.says("aloud")
		wantEvents(t, "to whom", b.live(), "하늘 joined", "psst", "aloud")
		wantEvents(t, "nobody", c.live(), "aloud")
		c.breaks()
		sky.resume = before
		c = sky.enter()
		c.wantRecovery(t, resumed, noCause, 3)
		wantEvents(t, "nobody's replay", c.all(), "welcome resumed", "aloud", "하늘 away", "하늘 returned")
		wantEvents(t, "nobody's recent chat", c.welcome().GetRecentChat(), "aloud")
		b.breaks()
		june.resume = before
		b = june.enter()
		wantEvents(t, "to whom, recent chat", b.welcome().GetRecentChat(), "psst", "aloud")
		if got := shorts(b.all()); !slices.Contains(got, "psst") {
			t.Errorf("got replay %q, want the whisper in it", got)
		}
	})
}

func TestAnswersAreForTheirAuthor(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.guest("민아", singer).enter(), h.guest("June", singer).enter()
		a.does(&singoffv1.Presence{})                   // refused
		a.does(&singoffv1.Presence{Hidden: new(false)}) // changes nothing
		a.do(2, &singoffv1.Presence{})                  // a repeat
		a.do(9, &singoffv1.Presence{})                  // out of step
		synctest.Wait()
		wantEvents(t, "the author", a.live(), "June joined", "1:rejected invalid", "2:ack", "2:ack", "9:rejected not_taken")
		got := a.live()
		if got[1].GetSeq() == 0 || got[2].GetSeq() == 0 || got[2].GetAck().GetRepeated() {
			t.Error("an answer of a new number isn't kept")
		}
		if got[3].GetSeq() != 0 || !got[3].GetAck().GetRepeated() || got[4].GetSeq() != 0 || got[4].GetRejected().GetNextNumber() != 3 {
			t.Errorf("got %v, %v, want a repeat and a NOT_TAKEN with the next number, neither kept", got[3], got[4])
		}
		wantEvents(t, "the other", b.live())
	})
}
