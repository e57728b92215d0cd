package simulate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/singoff/singoff/clients/cli/history"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// joiningAtOnce is how many people join at the same time.
const joiningAtOnce = 16

// simulation is one run.
type simulation struct {
	cfg     Config
	id      string // of the run: no other run uses its rooms
	history *history.History
	people  []*person
	tracks  []string

	utterances sync.Map // of text: *utterance
	latency    durations
	back       durations
	caughtUp   durations

	commands, rejected, unknown, deliveries, drops atomic.Int64

	mu   sync.Mutex // protects ways
	ways map[transport.Kind]int64
}

// joined counts a Welcome, or that a person's first one is known.
func (s *simulation) joined(way transport.Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ways[way]++
}

// Run holds the battles and checks them. Cancelling ctx ends them early, with a report of what there was. Errors are those of
// Config, and of people who couldn't join.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	var id [3]byte
	rand.Read(id[:])
	s := &simulation{cfg: cfg, id: hex.EncodeToString(id[:]), history: history.New(), ways: map[transport.Kind]int64{}}
	defer s.close()
	if err := s.join(ctx); err != nil {
		return nil, err
	}
	elapsed := s.battle(ctx)
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Settle)
	defer cancel()
	return s.report(elapsed, s.finish(settle)), nil
}

// join brings everybody in: one of each room first, who learns how many seats there are.
func (s *simulation) join(ctx context.Context) error {
	var first, rest errgroup.Group
	first.SetLimit(joiningAtOnce)
	rest.SetLimit(joiningAtOnce)
	rooms := make([][]*person, s.cfg.Rooms)
	for r := range rooms {
		for i := range s.cfg.Members {
			p := &person{sim: s, room: r, index: i, sawEnd: make(chan struct{})}
			p.random = mathrand.New(mathrand.NewPCG(s.cfg.Seed, uint64(r)<<32|uint64(i)))
			rooms[r] = append(rooms[r], p)
			s.people = append(s.people, p)
		}
		first.Go(func() error { return rooms[r][0].join(ctx, singoffv1.Role_ROLE_SINGER) })
	}
	if err := first.Wait(); err != nil {
		return err
	}
	if err := s.findTracks(ctx); err != nil {
		return err
	}
	for _, people := range rooms {
		seats := people[0].seat.State().Room.GetSeats()
		for i, p := range people[1:] {
			rest.Go(func() error { return p.join(ctx, roleOf(i+1, seats)) })
		}
	}
	return rest.Wait()
}

// roleOf gives the first the singers' seats, the next the watchers', and others none.
func roleOf(i int, seats *singoffv1.Seats) singoffv1.Role {
	switch {
	case i < int(seats.GetSingers()):
		return singoffv1.Role_ROLE_SINGER
	case i < int(seats.GetSingers()+seats.GetWatchers()):
		return singoffv1.Role_ROLE_WATCHER
	}
	return singoffv1.Role_ROLE_OBSERVER
}

func (s *simulation) findTracks(ctx context.Context) error {
	found, err := s.people[0].client.ListTracks(ctx, &singoffv1.ListTracksRequest{PageSize: 200})
	if err != nil {
		return fmt.Errorf("the songs can't be listed: %w", err)
	}
	for _, t := range found.GetTracks() {
		s.tracks = append(s.tracks, t.GetTrack().GetTrackId())
	}
	return nil
}

// battle lets people act and cuts their connections until the time is over, and waits for the commands under way.
func (s *simulation) battle(ctx context.Context) time.Duration {
	started := time.Now()
	during, cancel := context.WithTimeout(ctx, s.cfg.Duration)
	defer cancel()
	speaking := 0
	for _, p := range s.people {
		if p.role != singoffv1.Role_ROLE_OBSERVER {
			speaking++
		}
	}
	pause := time.Duration(float64(speaking) / s.cfg.Rate * float64(time.Second))
	commands, stop := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Duration+s.cfg.Settle)
	defer stop()
	var loops sync.WaitGroup
	for _, p := range s.people {
		if p.role != singoffv1.Role_ROLE_OBSERVER {
			loops.Go(func() { p.actLoop(during, commands, pause) })
		}
	}
	loops.Go(func() { s.dropLoop(during) })
	loops.Go(func() { s.progressLoop(during, started) })
	<-during.Done()
	elapsed := time.Since(started)
	loops.Wait()
	return elapsed
}

func (s *simulation) dropLoop(ctx context.Context) {
	if s.cfg.Drops == 0 {
		return
	}
	random := mathrand.New(mathrand.NewPCG(s.cfg.Seed, ^uint64(0)))
	pause := time.Duration(float64(time.Minute) / s.cfg.Drops)
	var away sync.WaitGroup
	defer away.Wait()
	// Everybody once, in one order, then everybody once more, in another: so each one's come about equally far apart.
	for next := time.Now(); ; {
		for _, i := range random.Perm(len(s.people)) {
			next = next.Add(jittered(random, pause))
			if late := time.Since(next); late < 0 && !wait(ctx, -late) || ctx.Err() != nil {
				return
			}
			if p := s.people[i]; p.drop() {
				s.drops.Add(1)
				if s.cfg.Offline > 0 {
					away.Go(func() { p.comeBack(ctx) })
				}
			}
		}
	}
}

func (s *simulation) progressLoop(ctx context.Context, started time.Time) {
	for wait(ctx, time.Second) {
		joined := 0
		for _, p := range s.people {
			if p.joined() {
				joined++
			}
		}
		s.cfg.Progress(Progress{
			Elapsed: time.Since(started), Members: len(s.people), Joined: joined,
			Commands: s.commands.Load(), Deliveries: s.deliveries.Load(), Drops: s.drops.Load(),
		})
	}
}

// finish says one last line in each room, which everybody must see as they must all before it. It gives those who didn't.
func (s *simulation) finish(ctx context.Context) (stuck []string) {
	var rooms sync.WaitGroup
	for _, p := range s.people {
		if p.index == 0 {
			rooms.Go(func() { p.say(ctx, s.lastLine(p.room)) })
		}
	}
	rooms.Wait()
	through := map[int]uint64{}
	for _, p := range s.people {
		if why := p.settled(ctx); why != "" {
			stuck = append(stuck, why)
		}
		through[p.room] = max(through[p.room], p.lastSeq.Load())
	}
	for _, p := range s.people {
		p.stay.End(through[p.room])
	}
	return stuck
}

func (s *simulation) lastLine(room int) string { return fmt.Sprintf("%s/%d: that was all", s.id, room) }

func (s *simulation) report(elapsed time.Duration, stuck []string) *Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Report{
		Joins:  maps.Clone(s.ways),
		Config: s.cfg, Elapsed: elapsed, Members: len(s.people),
		Commands: s.commands.Load(), Rejected: s.rejected.Load(), Unknown: s.unknown.Load(), Drops: s.drops.Load(),
		Events: s.history.Events(), Deliveries: s.deliveries.Load(),
		Latency: s.latency.spread(), Back: s.back.spread(), CaughtUp: s.caughtUp.spread(),
		Stuck: stuck, Violations: s.history.Check(),
	}
}

// close lets everybody go, and waits for all that was started.
func (s *simulation) close() {
	var all sync.WaitGroup
	for _, p := range s.people {
		all.Go(p.close)
	}
	all.Wait()
}

// wait waits, and tells whether there's more to do.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jittered is between half of d and one and a half of it.
func jittered(random *mathrand.Rand, d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.5 + random.Float64()))
}
