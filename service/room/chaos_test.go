package room_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// regular is somebody who comes to a room again and again, and what became of each line they said: no line is said twice.
type regular struct {
	*guest
	rnd      *rand.Rand
	lines    int
	taken    map[string]bool // an event with its number came
	notTaken map[string]bool // NOT_TAKEN came
}

// Over a log with every fault, with streams that break, readers that stall and nodes that come between: what was answered happened
// exactly once, what was not taken never did, and in the end everybody gets in.
func TestChaos(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				var regulars []*regular
				for i := range 12 {
					g := h.guest(fmt.Sprint("guest ", i), watcher)
					g.key.Room, g.takeOver = fmt.Sprint("room-", i%2), true
					regulars = append(regulars, &regular{
						guest: g, rnd: rand.New(rand.NewPCG(seed, uint64(i))), taken: map[string]bool{}, notTaken: map[string]bool{},
					})
				}
				var night sync.WaitGroup
				for _, r := range regulars {
					night.Go(r.comeLoop)
				}
				night.Go(func() { h.faultLoop(rand.New(rand.NewPCG(seed, 1000))) })
				night.Wait()
				h.log.set(faultlog.None)
				h.log.Deliver(t.Context())
				time.Sleep(time.Minute)
				for _, r := range regulars {
					s := r.enter()
					if bye := s.all()[0].GetGoaway(); bye.GetReason() == singoffv1.Goaway_REASON_MOVED {
						s = r.enter() // a late RoomOpened came between
					}
					if s.welcome() == nil {
						t.Errorf("%s can't get in at the end: %q", r.name, shorts(s.all()))
					}
				}
				h.checkLines(t, regulars)
			})
		})
	}
}

// faultLoop changes the log's faults for two minutes. One spell in three is the worst: an append that is kept long after others were refused.
func (h *house) faultLoop(rnd *rand.Rand) {
	faults := []faultlog.Fault{
		faultlog.None, faultlog.None, faultlog.None, faultlog.Refused, faultlog.Refused,
		faultlog.UnknownKept, faultlog.UnknownLost, faultlog.Unanswered, faultlog.Broken, unreadable,
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		spell := []faultlog.Fault{faults[rnd.IntN(len(faults))]}
		if rnd.IntN(3) == 0 {
			spell = []faultlog.Fault{faultlog.UnknownLate, faultlog.Refused}
		}
		for _, fault := range spell {
			h.log.set(fault)
			time.Sleep(time.Duration(rnd.IntN(3000)) * time.Millisecond)
		}
		h.log.Deliver(h.t.Context())
		h.log.set(faultlog.None)
		time.Sleep(time.Second)
		if rnd.IntN(10) == 0 {
			h.log.another(h.t, eventlog.Key{Namespace: "default", Room: fmt.Sprint("room-", rnd.IntN(2))})
		}
	}
}

// comeLoop joins, says something, and goes in one way or another, for two minutes.
func (r *regular) comeLoop() {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		s, refused := r.connect()
		if refused != nil {
			time.Sleep(time.Second)
			continue
		}
		if r.rnd.IntN(8) == 0 {
			s.Lost() // before anything
		}
		s.start()
		r.talk(s)
		r.leaves(s)
		<-s.over
		r.remember(s)
	}
}

// talk says lines with the numbers that follow on the Welcome's last one.
func (r *regular) talk(s *stream) {
	pause := func() { time.Sleep(time.Duration(r.rnd.IntN(500)) * time.Millisecond) }
	for try := 0; s.welcome() == nil; try++ {
		select {
		case <-s.Ended():
			return
		default:
		}
		if try == 40 {
			return
		}
		pause()
	}
	next := s.welcome().GetLastNumber() + 1
	for range r.rnd.IntN(12) {
		r.lines++
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		text := fmt.Sprintf("%s line %d", r.name, r.lines)
		err := s.Do(ctx, rules.Command{Number: next, Body: &singoffv1.ChatMessage{Text: text}, Size: 100})
		cancel()
		if err != nil {
			return
		}
		s.said = append(s.said, text)
		s.first = s.welcome().GetLastNumber() + 1
		if next++; r.rnd.IntN(4) == 0 {
			pause()
		}
	}
	pause()
}

// leaves ends the stream somehow.
func (r *regular) leaves(s *stream) {
	switch r.rnd.IntN(5) {
	case 0:
		s.HalfClose()
		time.Sleep(15 * time.Second)
	case 1:
		s.hold()
		time.Sleep(time.Duration(r.rnd.IntN(15_000)) * time.Millisecond)
	case 2:
		s.End(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_ADMIN})
		return
	}
	close(s.cut)
	s.Lost()
}

// remember notes what the stream has brought: the answers, by number, and where to resume.
func (r *regular) remember(s *stream) {
	if s.welcome() == nil {
		return
	}
	r.resume = s.place()
	for _, ev := range s.live() {
		if ev.GetNumber() < s.first || ev.GetNumber() >= s.first+uint64(len(s.said)) {
			continue
		}
		text := s.said[ev.GetNumber()-s.first]
		switch {
		case ev.GetRejected().GetReason() == singoffv1.Rejected_REASON_NOT_TAKEN:
			r.notTaken[text] = true
		case ev.GetChatMessage().GetText() == text:
			r.taken[text] = true
		default:
			r.h.t.Errorf("%q was answered by %v", text, ev)
		}
	}
}

// checkLines holds what was answered against the logs.
func (h *house) checkLines(t *testing.T, regulars []*regular) {
	t.Helper()
	said := map[string]int{}
	for _, key := range []eventlog.Key{{Namespace: "default", Room: "room-0"}, {Namespace: "default", Room: "room-1"}} {
		seq := uint64(0)
		for stored, err := range h.log.Read(t.Context(), key, 1) {
			if err != nil {
				t.Fatal(err)
			}
			items, err := engine.Items(stored.Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range items {
				if seq++; it.Seq != seq {
					t.Fatalf("%v: seq %d at %d", key, it.Seq, seq)
				}
				p := &singoffv1.JoinResponse{}
				if err := unmarshal(it.Response, p); err != nil {
					t.Fatal(err)
				}
				said[p.Events[0].GetChatMessage().GetText()]++
			}
		}
	}
	taken, notTaken := 0, 0
	for _, r := range regulars {
		for text := range r.taken {
			if taken++; said[text] != 1 {
				t.Errorf("%q was answered, and is %d times in the log", text, said[text])
			}
		}
		for text := range r.notTaken {
			if notTaken++; said[text] != 0 {
				t.Errorf("%q was not taken, and is %d times in the log", text, said[text])
			}
		}
	}
	for text, n := range said {
		if text != "" && n != 1 {
			t.Errorf("%q is %d times in the log", text, n)
		}
	}
	if taken < 50 || notTaken < 1 {
		t.Errorf("%d lines were taken and %d were not: too few to prove anything", taken, notTaken)
	}
}
