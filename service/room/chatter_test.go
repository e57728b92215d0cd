package room_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// witness is an instance that comes and goes, and the kept events it has seen, over all its connections.
type witness struct {
	*guest
	pace   time.Duration // between two events of a talker, at most
	seen   []*singoffv1.Event
	joined uint64 // the snapshot seq of its first Welcome
}

// Whoever drops and resumes while others talk and whisper sees exactly what an eye that never closed would: what the log has and they
// may see, each once, in its order. At the slow pace what is missed has left the ring, and comes from the log.
func TestNoGapAndNoOverlapWhileOthersTalk(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				pace := []time.Duration{20 * time.Millisecond, 500 * time.Millisecond}[seed%2]
				talkers := []*stream{h.guest("June", singer).enter(), h.guest("하늘", watcher).enter()}
				stop := make(chan struct{})
				var talking sync.WaitGroup
				for i, s := range talkers {
					other := talkers[1-i].id()
					talking.Go(func() { s.talkLoop(other, pace, rand.New(rand.NewPCG(seed, uint64(i))), stop) })
				}
				w := &witness{guest: h.guest("민아", singer), pace: pace}
				w.comeAndGo(t, rand.New(rand.NewPCG(seed, 99)))
				close(stop)
				talking.Wait()
				w.compare(t)
			})
		})
	}
}

// talkLoop chats and whispers until it is told to stop.
func (s *stream) talkLoop(other string, pace time.Duration, rnd *rand.Rand, stop chan struct{}) {
	for n := uint64(1); ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rnd.Int64N(int64(pace)))):
		}
		said := &singoffv1.ChatMessage{Text: fmt.Sprint(n)}
		if rnd.IntN(3) == 0 {
			said.ToMemberId = other
		}
		s.do(n, said)
	}
}

// comeAndGo resumes many times; now and then the old connection still looks alive, and now and then a frame is lost on its way.
func (w *witness) comeAndGo(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	var old *stream
	for range 15 {
		s := w.enter()
		if s.welcome() == nil {
			t.Fatalf("got %v, want a Welcome", shorts(s.all()))
		}
		if w.resume == nil {
			w.joined = s.welcome().GetSnapshotSeq()
		} else if kind := s.welcome().GetRecovery().GetKind(); kind != resumed {
			t.Fatalf("got %v, want RESUMED", kind)
		}
		w.wait(rnd, 15)
		if rnd.IntN(2) == 0 {
			close(s.cut)
			s.Lost()
		}
		w.collect(t, s, rnd)
		if old != nil && rnd.IntN(2) == 0 {
			old.Lost()
		}
		old = s
		w.wait(rnd, 40)
	}
	w.collect(t, w.enter(), rand.New(rand.NewPCG(0, 0)))
}

// wait lets up to so many events of a talker happen.
func (w *witness) wait(rnd *rand.Rand, events int64) {
	time.Sleep(time.Duration(rnd.Int64N(events * int64(w.pace))))
}

// collect takes over what the stream has brought so far; of what came live the newest may not have arrived.
func (w *witness) collect(t *testing.T, s *stream, rnd *rand.Rand) {
	t.Helper()
	all := s.all()
	replayed := int(s.welcome().GetRecovery().GetEvents())
	arrived := len(all) - rnd.IntN(len(all)-replayed)
	place := &singoffv1.Resume{Epoch: s.welcome().GetEpoch(), LastSeq: s.welcome().GetSnapshotSeq()}
	for i, ev := range all[1:arrived] {
		if live := ev.GetSeq() > s.welcome().GetSnapshotSeq(); ev.GetSeq() != 0 && live != (i >= replayed) {
			t.Errorf("event %d after the Welcome has seq %d, snapshot seq %d, %d replayed", i, ev.GetSeq(), place.LastSeq, replayed)
		}
		if ev.GetSeq() != 0 {
			w.seen = append(w.seen, ev)
			place.LastSeq = max(place.LastSeq, ev.GetSeq())
		}
	}
	w.resume = place
}

// compare holds what was seen against the log.
func (w *witness) compare(t *testing.T) {
	t.Helper()
	user := rules.Guest([]byte(w.name))
	i := 0
	for stored, err := range w.h.log.Read(t.Context(), w.key, w.joined+1) {
		if err != nil {
			t.Fatal(err)
		}
		items, err := engine.Items(stored.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if it.Seq <= w.joined || !rules.Visible(it.Audience, user) || i == len(w.seen) {
				continue
			}
			if w.seen[i].GetSeq() != it.Seq {
				t.Fatalf("event %d seen has seq %d, want %d", i, w.seen[i].GetSeq(), it.Seq)
			}
			i++
		}
	}
	if i != len(w.seen) || i < 50 {
		t.Errorf("%d of %d events seen are in the log", i, len(w.seen))
	}
}

func TestNoMoreThanSoManyUnanswered(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		s := h.guest("민아", singer).enter()
		h.log.set(faultlog.UnknownLost)
		for n := range uint64(room.MaxUnanswered) {
			s.do(n+1, &singoffv1.ChatMessage{Text: "x"})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		one := rules.Command{Number: room.MaxUnanswered + 1, Body: &singoffv1.ChatMessage{Text: "x"}}
		if err := s.Do(ctx, one); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v for one more, want it to wait until its context ends", err)
		}
		h.log.set(faultlog.None)
		if err := s.Do(t.Context(), one); err != nil {
			t.Errorf("got %v when the others are answered, want it taken", err)
		}
		synctest.Wait()
		if got := len(s.live()); got != room.MaxUnanswered+1 {
			t.Errorf("got %d answers, want %d", got, room.MaxUnanswered+1)
		}
		s.breaks()
		if err := s.Do(t.Context(), one); !errors.Is(err, room.ErrEnded) {
			t.Errorf("got %v after the end, want ErrEnded", err)
		}
	})
}
