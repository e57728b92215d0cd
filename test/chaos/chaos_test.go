// Package chaos holds battles on a real server through networks that cut, stall and delay, and checks what everybody saw.
package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/clients/cli/history"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/test/stage"
)

// grpc-web's wrapper starts a timer for ever when it is loaded: hence IgnoreCurrent.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

const (
	rooms    = 5
	singers  = 2
	watchers = 6
	patience = 60 * time.Second // for what has no time of its own, on a busy machine
)

// held counts connections whose first bytes were held back until a later one had joined.
var held atomic.Int64

// party is everybody, and the server.
type party struct {
	t       *testing.T
	ctx     context.Context
	addrs   service.Addrs
	track   string
	history *history.History
	people  []*person
	empty   base // before anybody came

	answered, rejected, unknown atomic.Int64
	resumed, snapshots          atomic.Int64
	joined                      [3]atomic.Int64 // by way
}

// note counts how streams were recovered.
func (p *party) note(ev *singoffv1.Event) {
	switch ev.GetWelcome().GetRecovery().GetKind() {
	case singoffv1.Recovery_KIND_RESUMED:
		p.resumed.Add(1)
	case singoffv1.Recovery_KIND_SNAPSHOT:
		p.snapshots.Add(1)
	}
}

// TestChaos: forty people in five rooms, by all ways in, lose connections, stall, are taken over by programs of their own, and have old tries arrive late.
// Everybody sees the same order, nothing is lost, nothing comes twice, seats are exact.
func TestChaos(t *testing.T) {
	t.Parallel()
	battle(t, 12*time.Second)
}

// TestSoakChaos is TestChaos for as long as SINGOFF_SOAK says. Afterwards, when all have gone, nothing of them is left: it counts what the process has, so it
// runs alone.
func TestSoakChaos(t *testing.T) { //nolint:paralleltest // see above
	d, err := time.ParseDuration(os.Getenv("SINGOFF_SOAK"))
	if err != nil {
		d = 3 * time.Second
	}
	p := battle(t, d)
	p.leave()
	p.wantBack(p.empty)
}

func battle(t *testing.T, during time.Duration) *party {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d (what is done; what the machine makes of it isn't repeatable)", seed)
	p := &party{t: t, history: history.New()}
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithTimeout(t.Context(), during+4*patience)
	t.Cleanup(cancel)
	p.serve()
	p.empty = p.measure()
	p.gather(seed)
	p.harass(rand.New(rand.NewPCG(seed, 1)), during)
	p.rest()
	p.verdict()
	return p
}

// leave ends everybody's programs.
func (p *party) leave() {
	for _, who := range p.people {
		for _, g := range who.all {
			g.close()
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// serve puts a server up, and finds a song.
func (p *party) serve() {
	p.addrs = stage.Serve(p.t)
	client, err := singoff.Dial(p.addrs.GRPC)
	if err != nil {
		p.t.Fatal(err)
	}
	defer client.Close()
	songs, err := client.ListTracks(p.ctx, &singoffv1.ListTracksRequest{PageSize: 1})
	if err != nil || len(songs.Tracks) == 0 {
		p.t.Fatalf("no songs: %v, %v", songs, err)
	}
	p.track = songs.Tracks[0].Track.TrackId
}

// gather fills all seats.
func (p *party) gather(seed uint64) {
	for r := range rooms {
		for i := range singers + watchers {
			role := singoffv1.Role_ROLE_SINGER
			if i >= singers {
				role = singoffv1.Role_ROLE_WATCHER
			}
			who := &person{
				party: p, room: fmt.Sprintf("%s%d", marker, r), name: fmt.Sprintf("p%d-%d", r, i), role: role,
				way: r + i, rnd: rand.New(rand.NewPCG(seed, uint64(100*r+i))), store: &singoff.MemoryStore{}, ending: make(chan struct{}),
			}
			if err := who.start(p.ctx); err != nil {
				p.t.Fatal(err)
			}
			p.people = append(p.people, who)
		}
	}
	p.t.Cleanup(p.leave)
	for _, who := range p.people {
		who.loops.Go(who.actLoop)
	}
}

// harass does one bad thing after another, at random.
func (p *party) harass(rnd *rand.Rand, during time.Duration) {
	end := time.After(during)
	var starting sync.WaitGroup
	defer starting.Wait()
	for {
		select {
		case <-end:
			return
		case <-time.After(time.Duration(50+rnd.IntN(100)) * time.Millisecond):
		}
		who := p.people[rnd.IntN(len(p.people))]
		switch x := rnd.IntN(100); {
		case x < 55:
			who.current().network.cut()
		case x < 75:
			who.current().network.stall()
		case x < 90:
			who.current().network.holdNext.Store(true)
			who.current().network.cut()
		default:
			starting.Go(func() {
				if err := who.start(p.ctx); err != nil {
					p.t.Errorf("another program of %v", err)
				}
			})
		}
	}
}

// rest ends all that is bad, and waits until everybody has seen the room's last line.
func (p *party) rest() {
	for _, who := range p.people {
		close(who.ending)
		g := who.current()
		g.network.holdNext.Store(false)
		g.network.cut() // what is stalled is given up
	}
	for _, who := range p.people {
		who.loops.Wait()
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for i := 0; i < len(p.people); i += singers + watchers {
		who := p.people[i]
		if _, err := who.current().seat.Say(ctx, lastLine(who.room)); err != nil {
			p.t.Fatalf("%s can't say the last line: %v", who.name, err)
		}
	}
	for _, who := range p.people {
		g := who.current()
		select {
		case <-g.sawLast:
			g.stay.End(g.lastSeq.Load())
		case <-ctx.Done():
			p.t.Fatalf("%s hasn't seen the last line: %v", who.name, g.seat.Connection())
		}
	}
}

// verdict compares what everybody saw.
func (p *party) verdict() {
	for _, v := range p.history.Check() {
		p.t.Error(v)
	}
	client, err := singoff.Dial(p.addrs.GRPC)
	if err != nil {
		p.t.Fatal(err)
	}
	defer client.Close()
	list, err := client.ListRooms(p.ctx, 0, "")
	if err != nil {
		p.t.Fatal(err)
	}
	if got, want := len(list.Rooms), rooms; got != want {
		p.t.Errorf("got %d rooms, want %d", got, want)
	}
	for _, r := range list.Rooms {
		if r.Counts.Singers != singers || r.Counts.Watchers != watchers {
			p.t.Errorf("room %s has %v, want %d singers and %d watchers", r.RoomId, r.Counts, singers, watchers)
		}
	}
	programs := 0
	for _, who := range p.people {
		programs += len(who.all)
	}
	for i, way := range stage.Ways {
		if p.joined[i].Load() == 0 {
			p.t.Errorf("nobody came by %s", way)
		}
	}
	p.t.Logf("%d events seen, %d commands answered, %d rejected, %d unknown; %d resumed, %d snapshots; %d late duplicates; %d take-overs",
		p.history.Events(), p.answered.Load(), p.rejected.Load(), p.unknown.Load(), p.resumed.Load(), p.snapshots.Load(), held.Load(), programs-len(p.people))
	if p.answered.Load() == 0 || p.resumed.Load() == 0 {
		p.t.Error("nothing happened that the checks could be about")
	}
}
