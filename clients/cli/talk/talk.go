// Package talk runs a conversation between an input of lines and a room: lines become commands, in their order and one at a
// time, and everything the room says is handed on as it comes.
// A Mode says what lines mean and how things are written. The end of the input, a cancelled context and the room's own end all
// end it; the first two leave the room, within a bound.
package talk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// ErrNotLeft is returned by Run when the room couldn't be told that one leaves: the seat is held for a while.
var ErrNotLeft = errors.New("the server didn't answer the goodbye; your seat is held for a while")

// Bounds of a conversation.
const (
	// MaxLine is the longest line taken, in bytes.
	MaxLine = 64 << 10
	// waiting is how many commands wait for the one under way before no more lines are read.
	waiting = 256
)

// Mode is a way to write and to read. Line is called from one goroutine, Event from another, Connection from a third;
// Failed from any.
type Mode interface {
	// Line says what a line asks for. A nil Job needs no server and is done already.
	Line(number int, text string) (Job, error)
	// Event hands on what the room said.
	Event(ev *singoffv1.Event)
	// Connection hands on a change of the connection.
	Connection(state singoff.ConnectionState)
	// Failed says that a line couldn't be understood, or its command wasn't done.
	Failed(number int, err error)
}

// Room is what a conversation needs of a *singoff.Room, which documents the methods.
type Room interface {
	Events() iter.Seq2[*singoffv1.Event, error]
	Connections() iter.Seq[singoff.ConnectionState]
	Leave(ctx context.Context) error
	Done() <-chan struct{}
	Err() error
	Close() error
}

var _ Room = (*singoff.Room)(nil)

// Job is a command under way to the room. It returns when it is answered. ErrLeave ends the conversation.
type Job func(ctx context.Context) error

// ErrLeave is returned by a Job that asks to leave.
var ErrLeave = errors.New("leave")

// Config is a conversation.
type Config struct {
	// Room that is joined. Run ends and closes it.
	Room Room
	// Mode of the conversation.
	Mode Mode
	// In holds the lines. It's read until its end, or the end of the conversation; a Read that waits then is left behind, as
	// a terminal's can't be interrupted: it ends with In.
	In io.Reader
	// Lines are taken instead of In, if they are given: for a source whose lines may hold line feeds. Closing it is the end of the input.
	Lines <-chan string
	// Patience is how long, after the end of In, one command may take before those that wait are given up; 0: 30 s.
	Patience time.Duration
	// Goodbye is how long the answer to Leave is waited for; 0: 3 s.
	Goodbye time.Duration
}

// Run holds a conversation to its end. It returns nil if the room was left, ErrNotLeft, or why the room ended.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Patience == 0 {
		cfg.Patience = 30 * time.Second
	}
	if cfg.Goodbye == 0 {
		cfg.Goodbye = 3 * time.Second
	}
	c := &conversation{Config: cfg, lines: make(chan line), jobs: make(chan numbered, waiting), idle: make(chan struct{}), greeted: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(ctx)
	defer c.cancel()
	go c.readLoop()
	var loops sync.WaitGroup
	loops.Go(c.eventLoop)
	loops.Go(c.connectionLoop)
	loops.Go(c.commandLoop)

	c.takeLines()
	c.drain()
	err := c.leave()
	loops.Wait()
	return err
}

type line struct {
	number int
	text   string
	err    error
}

type numbered struct {
	number int
	job    Job
}

type conversation struct {
	Config
	ctx    context.Context // of the lines and their commands
	cancel context.CancelFunc
	lines  chan line     // closed at the end of In
	jobs   chan numbered // closed when no more lines are taken
	idle   chan struct{} // closed at the end of commandLoop

	greeted chan struct{} // closed when the first event was handed on, or none will be
}

// takeLines makes jobs of lines until there's a reason to end. It begins when the Welcome was handed on.
func (c *conversation) takeLines() {
	defer close(c.jobs)
	select {
	case <-c.greeted:
	case <-c.ctx.Done():
	}
	for {
		select {
		case l, ok := <-c.lines:
			if !ok {
				return
			}
			c.take(l)
		case <-c.Room.Done():
			return
		case <-c.ctx.Done():
			return
		}
	}
}

func (c *conversation) take(l line) {
	job, err := Job(nil), l.err
	if err == nil {
		job, err = c.Mode.Line(l.number, l.text)
	}
	switch {
	case err != nil:
		c.Mode.Failed(l.number, err)
	case job != nil:
		select {
		case c.jobs <- numbered{l.number, job}:
		case <-c.Room.Done():
			c.Mode.Failed(l.number, singoff.ErrNotSent)
		case <-c.ctx.Done():
			c.Mode.Failed(l.number, singoff.ErrNotSent)
		}
	}
}

// commandLoop does the jobs, each after the one before, until one of them asks to leave.
func (c *conversation) commandLoop() {
	defer close(c.idle)
	for j := range c.jobs {
		switch err := j.job(c.ctx); {
		case errors.Is(err, ErrLeave):
			c.cancel()
			return
		case err != nil:
			c.Mode.Failed(j.number, err)
		}
	}
}

func (c *conversation) eventLoop() {
	greet := sync.OnceFunc(func() { close(c.greeted) })
	defer greet()
	for ev, err := range c.Room.Events() {
		if err != nil {
			return
		}
		c.Mode.Event(ev)
		greet()
	}
}

func (c *conversation) connectionLoop() {
	for state := range c.Room.Connections() {
		c.Mode.Connection(state)
	}
}

// drain waits for the commands of lines that were taken, for as long as they make headway.
func (c *conversation) drain() {
	patience := time.NewTimer(c.Patience)
	defer patience.Stop()
	look := time.NewTicker(max(c.Patience/30, time.Millisecond))
	defer look.Stop()
	for before := len(c.jobs); ; {
		select {
		case <-c.idle:
			return
		case <-look.C:
			if now := len(c.jobs); now != before {
				before = now
				patience.Reset(c.Patience)
			}
		case <-patience.C:
			c.cancel()
		case <-c.Room.Done():
			c.cancel()
			<-c.idle
			return
		}
	}
}

// leave says goodbye, if the room lives, and closes it.
func (c *conversation) leave() error {
	select {
	case <-c.Room.Done():
		return errors.Join(c.Room.Err(), c.Room.Close())
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Goodbye)
	defer cancel()
	err := c.Room.Leave(ctx)
	select {
	case <-c.Room.Done():
		if over := c.Room.Err(); over != nil {
			return errors.Join(over, c.Room.Close())
		}
	default:
	}
	if err != nil {
		err = fmt.Errorf("%w (%w)", ErrNotLeft, err)
	}
	return errors.Join(err, c.Room.Close())
}
