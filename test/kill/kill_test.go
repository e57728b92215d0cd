package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/singoff/singoff/clients/cli/history"
	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/test/stage"
)

const (
	seats    = 8 // of a room, two of them singers'
	patience = 90 * time.Second
	// underWay is how many commands one person has without an answer at most. A slow machine has to be given less: people who go on regardless fill
	// the queues before their own eyes, and see for minutes what was long ago.
	underWay = 4
)

// number is what the environment says, or what is usual.
func number(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// TestKills: people in full rooms chat, whisper, vote and rename by all ways in while the server is killed and started again.
// SINGOFF_KILLS, SINGOFF_KILL_ROOMS and SINGOFF_KILL_PEOPLE say how often, how many rooms, and how many people in all of them. All are back for 0.3 to 1.5 s
// between two kills, and SINGOFF_KILL_APART seconds more: clients come back more slowly where the server falls down again and again.
func TestKills(t *testing.T) {
	t.Parallel()
	kills, rooms := number("SINGOFF_KILLS", 4), number("SINGOFF_KILL_ROOMS", 4)
	people := number("SINGOFF_KILL_PEOPLE", rooms*seats)
	apart := time.Duration(number("SINGOFF_KILL_APART", 0)) * time.Second
	if people < 2*rooms || people > rooms*seats {
		t.Fatalf("%d people are no 2 to %d in each of %d rooms", people, seats, rooms)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*(30*time.Second+apart)+4*patience)
	defer cancel()
	p := &party{t: t, ctx: ctx, server: &stage.Process{T: t, Programs: bin, Dir: t.TempDir()}, history: history.New(), ending: make(chan struct{}), said: map[string]bool{}}
	p.server.Start()
	defer func() { p.server.End(syscall.SIGKILL) }()
	p.gather(seed, rooms, people)
	rnd := rand.New(rand.NewPCG(seed, 0))
	var back comingsBack
	for range kills {
		p.pass(time.Duration(300+rnd.IntN(1200))*time.Millisecond + apart)
		back.add(p.kill())
	}
	p.rest(rooms)
	p.verdict(rooms)
	p.server.End(syscall.SIGTERM)
	p.checkLog(rooms)
	t.Logf("%d kills, %d people in %d rooms: %d commands answered, %d unknown; %d resumed, %d snapshots; %v",
		kills, people, rooms, p.answered.Load(), p.unknown.Load(), p.resumed.Load(), p.snapshots.Load(), &back)
}

// party is everybody, and the server.
type party struct {
	t       *testing.T
	ctx     context.Context
	server  *stage.Process
	history *history.History
	people  []*person
	ending  chan struct{}

	answered, unknown, resumed, snapshots atomic.Int64

	mu   sync.Mutex
	said map[string]bool // texts whose command was answered
}

// person holds a seat to the end.
type person struct {
	party   *party
	room    string
	busy    chan struct{} // has a slot for each command under way
	client  *singoff.Client
	seat    *singoff.Room
	stay    *history.Stay
	rnd     *rand.Rand
	texts   int
	loops   sync.WaitGroup // those that end before the room is left
	events  sync.WaitGroup
	way     transport.Kind
	trail   trail
	welcome chan time.Time // gets when a Welcome came
	lastSeq chan uint64    // gets the seq of the room's last line
}

// gather lets everybody in, two singers and as many watchers to a room as there are, by each way in.
func (p *party) gather(seed uint64, rooms, people int) {
	for i := range people {
		way := stage.Ways[(i+i/rooms)%len(stage.Ways)]
		client, err := stage.Dial(stage.Target(p.server.Addrs, way), way)
		if err != nil {
			p.t.Fatal(err)
		}
		who := &person{
			party: p, client: client, room: fmt.Sprint("r", i%rooms), busy: make(chan struct{}, underWay), rnd: rand.New(rand.NewPCG(seed, uint64(i+1))),
			way: way, welcome: make(chan time.Time, 1), lastSeq: make(chan uint64, 1),
		}
		options := singoff.JoinOptions{RoomID: who.room, Nickname: fmt.Sprint("p", i), Role: singoffv1.Role_ROLE_WATCHER, OnConnection: who.trail.add}
		if i < 2*rooms {
			options.Role = singoffv1.Role_ROLE_SINGER
		}
		if who.seat, err = client.Join(p.ctx, options); err != nil {
			p.t.Fatal(err)
		}
		who.stay = p.history.Begin(history.About{Room: who.room, Person: options.Nickname})
		who.events.Go(who.eventLoop)
		p.people = append(p.people, who)
	}
	p.t.Cleanup(func() {
		for _, who := range p.people {
			_ = who.seat.Close()
			who.events.Wait()
			_ = who.client.Close()
		}
	})
	for _, who := range p.people {
		<-who.welcome
		who.loops.Go(who.actLoop)
	}
}

func (p *party) pass(d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.ctx.Done():
		p.t.Fatal(p.ctx.Err())
	}
}

// kill kills the server, starts it again, and gives how each came back into the room.
func (p *party) kill() (serving time.Duration, back []comingBack) {
	for _, who := range p.people {
		select {
		case <-who.welcome: // one from before
		default:
		}
		who.trail.clear()
	}
	began := time.Now()
	p.server.End(syscall.SIGKILL)
	p.server.Start()
	serving = time.Since(began)
	for _, who := range p.people {
		select {
		case at := <-who.welcome:
			back = append(back, who.cameBack(began, at))
		case <-time.After(patience):
			p.t.Fatalf("%s isn't back %v after the kill: %+v", who.room, patience, who.seat.Connection())
		}
	}
	return serving, back
}

// rest ends all that is done, and waits until everybody has seen the room's last line.
func (p *party) rest(rooms int) {
	close(p.ending)
	for _, who := range p.people {
		who.loops.Wait()
	}
	for _, who := range p.people[:rooms] { // one in each
		if _, err := who.seat.Say(p.ctx, lastLine); err != nil {
			p.t.Fatalf("the last line of %s can't be said: %v", who.room, err)
		}
	}
	for _, who := range p.people {
		select {
		case seq := <-who.lastSeq:
			who.stay.End(seq)
		case <-time.After(patience):
			p.t.Fatalf("somebody in %s hasn't seen the last line: %+v", who.room, who.seat.Connection())
		}
	}
}

// verdict compares what everybody saw.
func (p *party) verdict(rooms int) {
	for _, v := range p.history.Check() {
		p.t.Error(v)
	}
	want := map[string]uint32{}
	for _, who := range p.people {
		want[who.room]++
	}
	var listed []*singoffv1.RoomSummary
	for more, token := true, ""; more; more = token != "" {
		list, err := p.people[0].client.ListRooms(p.ctx, 100, token)
		if err != nil {
			p.t.Fatal(err)
		}
		listed, token = append(listed, list.GetRooms()...), list.GetNextPageToken()
	}
	if len(listed) != rooms {
		p.t.Errorf("got %d rooms, want %d", len(listed), rooms)
	}
	for _, r := range listed {
		if r.Counts.Singers != 2 || r.Counts.Singers+r.Counts.Watchers != want[r.RoomId] {
			p.t.Errorf("room %s has %v, want two singers among %d", r.RoomId, r.Counts, want[r.RoomId])
		}
	}
	if p.snapshots.Load() != 0 || p.resumed.Load() == 0 || p.answered.Load() == 0 {
		p.t.Errorf("got %d snapshots, %d resumed, %d commands answered, want everybody resumed, and something done", p.snapshots.Load(), p.resumed.Load(), p.answered.Load())
	}
}
