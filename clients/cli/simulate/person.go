package simulate

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/singoff/singoff/clients/cli/history"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// person is one simulated member.
type person struct {
	sim    *simulation
	room   int
	index  int
	role   singoffv1.Role
	random *mathrand.Rand // of actLoop

	wire   *wire
	client *singoff.Client
	seat   *singoff.Room
	stay   *history.Stay
	loops  sync.WaitGroup

	online  atomic.Int64  // when the network came back, in Unix nanoseconds; 0: it wasn't away, or everything has come since
	cut     atomic.Int64  // when the connection was cut, in Unix nanoseconds; 0: it wasn't, or is back
	sawEnd  chan struct{} // closed when the last line was seen
	lastSeq atomic.Uint64 // of the last line; 0: it wasn't seen
}

func (p *person) name() string {
	return fmt.Sprintf("sim-%s-%d-%d", p.sim.id, p.room+1, p.index+1)
}

func (p *person) join(ctx context.Context, role singoffv1.Role) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s can't join: %w", p.name(), err)
		}
	}()
	p.role = role
	p.wire = newWire()
	ways := mathrand.New(mathrand.NewPCG(p.sim.cfg.Seed, uint64(p.room)<<32|uint64(p.index)|1<<63))
	carried, err := newCarrier(p.sim.cfg, p.wire, ways, p.room+p.index)
	if err != nil {
		return err
	}
	if p.client, err = singoff.Dial("simulated", append(p.options(), singoff.WithCustomTransport(carried))...); err != nil {
		return errors.Join(err, carried.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, p.sim.cfg.Settle)
	defer cancel()
	o := singoff.JoinOptions{RoomID: fmt.Sprintf("sim-%s-%d", p.sim.id, p.room+1), Role: role}
	if role != singoffv1.Role_ROLE_OBSERVER {
		o.Nickname = p.name()
	}
	if p.seat, err = p.client.Join(ctx, o); err != nil {
		return err
	}
	p.stay = p.sim.history.Begin(history.About{Room: o.RoomID, Person: p.name()})
	p.loops.Go(p.eventLoop)
	p.loops.Go(p.connectionLoop)
	return nil
}

func (p *person) options() []singoff.Option {
	o := []singoff.Option{singoff.WithClientName("singoff-simulate")}
	if p.sim.cfg.Namespace != "" {
		o = append(o, singoff.WithNamespace(p.sim.cfg.Namespace))
	}
	return o
}

// eventLoop takes in what the person sees, up to the last line.
func (p *person) eventLoop() {
	var snapshot uint64
	var replayLeft uint32
	over := false
	for ev, err := range p.seat.Events() {
		if err != nil {
			return
		}
		if over {
			continue
		}
		p.stay.Saw(ev)
		if w := ev.GetWelcome(); w != nil {
			snapshot, replayLeft = w.GetSnapshotSeq(), w.GetRecovery().GetEvents()
			if replayLeft == 0 {
				p.caughtUp()
			}
		}
		if ev.GetSeq() == 0 {
			continue
		}
		if replayLeft > 0 {
			if replayLeft--; replayLeft == 0 {
				p.caughtUp()
			}
		}
		p.sim.deliveries.Add(1)
		text := ev.GetChatMessage().GetText()
		if u, ok := p.sim.utterances.Load(text); ok && ev.GetSeq() > snapshot && ev.GetNumber() == 0 {
			u.(*utterance).saw(&p.sim.latency)
		}
		if text == p.sim.lastLine(p.room) {
			over = true
			p.lastSeq.Store(ev.GetSeq())
			close(p.sawEnd)
		}
	}
}

// connectionLoop measures how long it takes to come back from a cut.
func (p *person) connectionLoop() {
	lost := false
	for state := range p.seat.Connections() {
		switch state.Phase {
		case singoff.PhaseReconnecting:
			lost = true
		case singoff.PhaseJoined:
			if at := p.cut.Swap(0); at != 0 && lost {
				p.sim.back.add(time.Since(time.Unix(0, at)))
			}
			lost = false
			p.sim.joined(state.Way.Kind)
		}
	}
}

func (p *person) drop() bool {
	if p.wire.isOffline() {
		return false
	}
	p.cut.Store(time.Now().UnixNano())
	p.online.Store(0)
	return p.wire.cut(p.sim.cfg.Offline > 0)
}

// comeBack ends the time without a network, at the latest when ctx ends.
func (p *person) comeBack(ctx context.Context) {
	wait(ctx, p.sim.cfg.Offline)
	p.online.Store(time.Now().UnixNano())
	p.wire.back()
	p.client.Wake()
}

// caughtUp measures how long it took from the network's return until everything had come.
func (p *person) caughtUp() {
	if at := p.online.Swap(0); at != 0 {
		p.sim.caughtUp.add(time.Since(time.Unix(0, at)))
	}
}

func (p *person) joined() bool { return p.seat.Connection().Phase == singoff.PhaseJoined }

// settled waits until the last line was seen, and tells why it wasn't.
func (p *person) settled(ctx context.Context) string {
	select {
	case <-p.sawEnd:
		return ""
	case <-p.seat.Done():
		return fmt.Sprintf("the room of %s has ended: %v", p.name(), p.seat.Err())
	case <-ctx.Done():
		state := p.seat.Connection()
		return fmt.Sprintf("%s is %v (%v), and hasn't seen the last line", p.name(), state.Phase, state.Cause)
	}
}

// goodbye is how long one's leaving may take.
const goodbye = 5 * time.Second

func (p *person) close() {
	if p.seat != nil {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		_ = p.seat.Leave(ctx) // who isn't let go in time is AWAY, and gone after a while
		_ = p.seat.Close()
		p.loops.Wait()
	}
	if p.client != nil {
		_ = p.client.Close()
	}
}

// answered takes in how a command ended.
func (p *person) answered(command *singoffv1.JoinRequest, ev *singoffv1.Event, err error) {
	p.sim.commands.Add(1)
	p.stay.Answered(command, ev, err)
	var rejected *singoff.RejectedError
	switch {
	case errors.As(err, &rejected):
		p.sim.rejected.Add(1)
	case errors.Is(err, singoff.ErrUnknownOutcome), errors.Is(err, singoff.ErrOutcomeUnseen):
		p.sim.unknown.Add(1)
	}
}
