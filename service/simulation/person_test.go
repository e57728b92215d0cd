package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

// person is somebody with one program, who comes and goes.
type person struct {
	w        *world
	index    int
	name     string
	role     singoffv1.Role
	user     rules.User
	attempt  uint64
	epoch    uint64
	lastSeq  uint64
	stream   *stream
	runs     []*stream
	next     uint64 // number of the next command
	commands map[uint64]*command
	join     *op
	said     []string // that was answered as taken
}

// command is one without an answer.
type command struct {
	number op
	vote   *op // nil: it is none
	text   string
	of     string // the singer voted for
}

func newPerson(w *world, i int) *person {
	p := &person{w: w, index: i, name: fmt.Sprintf("p%d", i), role: singoffv1.Role_ROLE_WATCHER, commands: map[uint64]*command{}}
	if i < 4 {
		p.role = singoffv1.Role_ROLE_SINGER
	}
	p.user = rules.Guest([]byte(p.name))
	return p
}

// stream is one connection, and what came out of it.
type stream struct {
	*room.Conn
	welcome *singoffv1.Welcome
	after   uint64   // the seq that it goes on from: where it resumes, later that of its snapshot otherwise
	seqs    []uint64 // in the order received
	over    chan struct{}

	mu     sync.Mutex // protects all below
	held   chan struct{}
	cut    bool
	events []*singoffv1.Event // not yet listened to
}

func (s *stream) sendLoop() {
	defer close(s.over)
	s.SendLoop(s.send)
}

func (s *stream) send(parts [][]byte) error {
	s.mu.Lock()
	held := s.held
	s.mu.Unlock()
	if held != nil {
		<-held
	}
	var frame []byte
	for _, part := range parts {
		frame = append(frame, part...)
	}
	var response singoffv1.JoinResponse
	if err := proto.Unmarshal(frame, &response); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut {
		return errors.New("the stream is broken")
	}
	s.events = append(s.events, response.GetEvents()...)
	return nil
}

// act does something that a person does.
func (p *person) act() {
	if p.stream == nil {
		p.enter()
		return
	}
	switch x := p.w.rnd.IntN(20); {
	case x < 2:
		p.breakOff()
	case x == 2:
		p.stream.stall()
	case x == 3:
		p.flow()
	case p.stream.welcome == nil:
	case x < 12:
		p.vote()
	case x < 14 && p.next > 1:
		p.say(1+p.w.rnd.Uint64()%(p.next-1), p.w.text()) // a number that it has used
	case x == 14:
		p.say(p.next+1, p.w.text()) // out of step
	default:
		p.say(p.next, p.w.text())
	}
}

func (p *person) enter() {
	p.attempt++
	var resume *singoffv1.Resume
	if p.epoch != 0 && p.w.rnd.IntN(4) > 0 {
		resume = &singoffv1.Resume{Epoch: p.epoch, LastSeq: p.lastSeq}
	}
	n := p.w.nodes[0]
	if p.w.rnd.IntN(12) == 0 {
		n = p.w.nodes[1] // which opens the room behind the other's back
	}
	conn, refused := n.manager.Join(key, rules.Hello{
		User: p.user, Instance: rules.InstanceOf(p.name), Attempt: p.attempt, TakeOver: true, Role: p.role, Nickname: p.name,
	}, room.Joining{Instance: p.name, Resume: resume})
	if refused != nil {
		return
	}
	p.join = &op{by: p.index, call: p.w.step, input: joins{p.name}}
	p.stream = &stream{Conn: conn, after: resume.GetLastSeq(), over: make(chan struct{})}
	p.runs = append(p.runs, p.stream)
	go p.stream.sendLoop()
}

// breakOff loses the connection. Nothing that was unanswered will be.
func (p *person) breakOff() {
	if p.stream == nil {
		return
	}
	p.stream.mu.Lock()
	p.stream.cut = true
	p.stream.mu.Unlock()
	p.flow()
	p.stream.Lost()
	p.ended()
}

func (p *person) ended() {
	for _, number := range slices.Sorted(maps.Keys(p.commands)) {
		c := p.commands[number]
		p.w.never("number of "+p.name, &c.number)
		if c.vote != nil {
			p.w.never("votes for "+c.of, c.vote)
		}
	}
	if p.join != nil && p.role == singoffv1.Role_ROLE_SINGER {
		p.w.never("seats", p.join)
	}
	p.commands, p.stream, p.join = map[uint64]*command{}, nil, nil
}

func (s *stream) stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = make(chan struct{})
	}
}

// flow lets a stalled stream go on.
func (p *person) flow() {
	if s := p.stream; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.held != nil {
			close(s.held)
			s.held = nil
		}
	}
}

func (p *person) vote() {
	var singers []*singoffv1.Member
	for _, m := range p.stream.welcome.GetRoom().GetMembers() {
		if m.GetRole() == singoffv1.Role_ROLE_SINGER && p.w.nameOf(m) != p.name {
			singers = append(singers, m)
		}
	}
	if len(singers) == 0 || p.commands[p.next] != nil {
		return
	}
	to, choice := singers[p.w.rnd.IntN(len(singers))], singoffv1.Vote_Choice(1+p.w.rnd.IntN(3))
	c := &command{of: p.w.nameOf(to), vote: &op{by: p.index, call: p.w.step, input: casts{p.name, choice}}}
	p.do(p.next, c, &singoffv1.Vote{SingerMemberId: to.GetMemberId(), Choice: choice})
}

func (p *person) say(number uint64, text string) {
	if p.commands[number] == nil {
		p.do(number, &command{text: text}, &singoffv1.ChatMessage{Text: text})
	}
}

func (p *person) do(number uint64, c *command, body any) {
	if len(p.commands) > 3 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if p.stream.Do(ctx, rules.Command{Number: number, Body: body, Size: 100}) != nil {
		return
	}
	c.number = op{by: p.index, call: p.w.step, input: uses{number}}
	p.commands[number] = c
	if number == p.next {
		p.next++
	}
}
