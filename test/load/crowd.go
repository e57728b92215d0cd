package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// member is one connection to a server, of whatever kind.
type member interface {
	// say sends a text to the room.
	say(text string) error
	// hear waits for the next texts that were said in the room and gives them to got.
	hear(got func(text string)) error
	close()
}

// dialer joins a room.
type dialer func(ctx context.Context, at addresses, room, index int) (member, error)

// crowd is everybody.
type crowd struct {
	rooms     [][]member
	loops     sync.WaitGroup
	delivered atomic.Int64
	looping   atomic.Bool

	mu        sync.Mutex // of latencies
	latencies []time.Duration
}

// gather fills all rooms, some joins at a time.
func (o options) gather(ctx context.Context, at addresses, dial dialer) (*crowd, error) {
	c := &crowd{rooms: make([][]member, o.rooms)}
	for r := range c.rooms {
		c.rooms[r] = make([]member, o.members)
		for i := range c.rooms[r] {
			m, err := dial(ctx, at, r, i)
			if err != nil {
				c.close()
				return nil, fmt.Errorf("member %d of room %d: %w", i, r, err)
			}
			c.rooms[r][i] = m
			c.loops.Go(func() { c.hearLoop(m, i) })
		}
	}
	return c, nil
}

// text is 64 bytes: who says it, when, and padding.
func text(index int) string {
	s := fmt.Sprintf("%d %d ", index, time.Now().UnixNano())
	return s + strings.Repeat("x", 64-len(s))
}

// hearLoop counts what comes; in a closed loop it answers its own message by the next one.
func (c *crowd) hearLoop(m member, index int) {
	for {
		err := m.hear(func(said string) {
			n := c.delivered.Add(1)
			who, rest, _ := strings.Cut(said, " ")
			at, _, _ := strings.Cut(rest, " ")
			if ns, err := strconv.ParseInt(at, 10, 64); err == nil && n%16 == 0 {
				c.mu.Lock()
				c.latencies = append(c.latencies, time.Since(time.Unix(0, ns)))
				c.mu.Unlock()
			}
			if who == strconv.Itoa(index) && c.looping.Load() {
				_ = m.say(text(index))
			}
		})
		if err != nil {
			return
		}
	}
}

// pace says so many messages a second in every room, by its members in turn.
func (c *crowd) pace(rate float64, stop <-chan struct{}) {
	var rooms sync.WaitGroup
	defer rooms.Wait()
	every := time.Duration(float64(time.Second) / rate)
	for r, members := range c.rooms {
		rooms.Go(func() {
			select { // spread the rooms over one interval
			case <-time.After(every * time.Duration(r) / time.Duration(len(c.rooms))):
			case <-stop:
				return
			}
			tick := time.NewTicker(every)
			defer tick.Stop()
			for i := 0; ; i++ {
				_ = members[i%len(members)].say(text(i % len(members)))
				select {
				case <-tick.C:
				case <-stop:
					return
				}
			}
		})
	}
}

// loop keeps one message of every member under way.
func (c *crowd) loop(stop <-chan struct{}) {
	c.looping.Store(true)
	for _, members := range c.rooms {
		for i, m := range members {
			_ = m.say(text(i))
		}
	}
	<-stop
	c.looping.Store(false)
}

func (c *crowd) takeLatencies() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.latencies
	c.latencies = nil
	return taken
}

func (c *crowd) close() {
	for _, members := range c.rooms {
		for _, m := range members {
			if m != nil {
				m.close()
			}
		}
	}
	c.loops.Wait()
}
