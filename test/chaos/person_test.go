package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/singoff/singoff/clients/cli/history"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/test/stage"
)

// person holds a battle through a bad network, in one program after another.
type person struct {
	party  *party
	room   string
	name   string
	role   singoffv1.Role
	rnd    *rand.Rand // of actLoop
	store  *singoff.MemoryStore
	said   int
	loops  sync.WaitGroup
	ending chan struct{}

	starting sync.Mutex // held by the program that joins: one that another one takes over meanwhile couldn't start

	mu      sync.Mutex // of what follows
	way     int        // of the newest program
	program *program   // the newest
	all     []*program
}

// program is one process of a person: a client, its network, what it saw.
type program struct {
	person  *person
	network *network
	client  *singoff.Client
	seat    *singoff.Room
	stay    *history.Stay
	lastSeq atomic.Uint64
	sawLast chan struct{}
	loops   sync.WaitGroup
}

// start joins with a new program; an older one is taken over.
func (p *person) start(ctx context.Context) error {
	p.starting.Lock()
	defer p.starting.Unlock()
	way := p.nextWay()
	n := newNetwork(p.party.t, stage.Target(p.party.addrs, stage.Ways[way]))
	saved, err := p.store.Load(ctx)
	if err != nil {
		return err
	}
	client, err := stage.Dial(n.address(), stage.Ways[way])
	if err != nil {
		return err
	}
	seat, err := client.Join(ctx, singoff.JoinOptions{RoomID: p.room, Nickname: p.name, Role: p.role, Store: p.store})
	if err != nil {
		_ = client.Close()
		n.close()
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.party.joined[way].Add(1)
	g := &program{person: p, network: n, client: client, seat: seat, sawLast: make(chan struct{})}
	g.stay = p.party.history.Begin(history.About{Room: p.room, Person: p.name, Resume: saved.Resume})
	p.mu.Lock()
	p.program = g
	p.all = append(p.all, g)
	p.mu.Unlock()
	g.loops.Go(g.eventLoop)
	return nil
}

// nextWay gives a person's programs one way after the other.
func (p *person) nextWay() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.way = (p.way + 1) % len(stage.Ways)
	return p.way
}

func (p *person) current() *program {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.program
}

func (g *program) eventLoop() {
	over := false
	for ev, err := range g.seat.Events() {
		if err != nil {
			return
		}
		if over {
			continue
		}
		g.stay.Saw(ev)
		g.person.party.note(ev)
		if ev.GetChatMessage().GetText() == lastLine(g.person.room) {
			over = true
			g.lastSeq.Store(ev.Seq)
			close(g.sawLast)
		}
	}
}

func lastLine(room string) string { return room + ": that was all" }

// actLoop does what people do, until the party ends.
func (p *person) actLoop() {
	for {
		select {
		case <-p.ending:
			return
		case <-time.After(time.Duration(40+p.rnd.IntN(160)) * time.Millisecond):
			p.act(p.current())
		}
	}
}

func (p *person) act(g *program) {
	ctx, cancel := context.WithTimeout(p.party.ctx, patience)
	defer cancel()
	state := g.seat.State()
	member := func() string {
		if n := len(state.Room.GetMembers()); n > 0 {
			return state.Room.Members[p.rnd.IntN(n)].MemberId
		}
		return "m0"
	}
	say := func(to string) *singoffv1.JoinRequest {
		p.said++
		text := fmt.Sprintf("%s %s %d", p.room, p.name, p.said)
		return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text, ToMemberId: to}}}
	}
	switch p.rnd.IntN(12) {
	case 0:
		p.do(ctx, g, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Vote{Vote: &singoffv1.Vote{
			SingerMemberId: member(), Choice: singoffv1.Vote_Choice(1 + p.rnd.IntN(3)),
		}}})
	case 1:
		_ = g.seat.Cheer(member(), singoffv1.Reaction_KIND_CLAP, 1) // at most once, and says so
	case 2:
		p.do(ctx, g, say(member()))
	case 3:
		p.do(ctx, g, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_MusicSelected{MusicSelected: &singoffv1.MusicSelected{TrackId: p.party.track}}})
	case 4:
		p.do(ctx, g, &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Playback{Playback: &singoffv1.Playback{
			Action: singoffv1.Playback_Action(1 + p.rnd.IntN(5)),
		}}})
	default:
		p.do(ctx, g, say(""))
	}
}

// do asks without waiting for the answer before the next act.
func (p *person) do(ctx context.Context, g *program, command *singoffv1.JoinRequest) {
	p.loops.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		ev, err := g.seat.Do(ctx, command)
		g.stay.Answered(command, ev, err)
		var rejected *singoff.RejectedError
		switch {
		case err == nil:
			p.party.answered.Add(1)
		case errors.As(err, &rejected):
			p.party.rejected.Add(1)
		default:
			p.party.unknown.Add(1)
		}
	})
}

func (g *program) close() {
	_ = g.seat.Close()
	g.loops.Wait()
	_ = g.client.Close()
	g.network.close()
}
