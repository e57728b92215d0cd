package room

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// SendLoop sends what the room tells this connection, in order, until the connection is over. It is the write side: one goroutine runs
// it, once. The parts given to send are shared and must not be changed; together they are the bytes of one JoinResponse; the
// slice that holds them is used again once send has returned. SendLoop returns the Goaway that was sent last, or nil if there was
// none: the connection was lost, or send failed.
func (c *Conn) SendLoop(send func(parts [][]byte) error) *singoffv1.Goaway {
	defer c.Lost()
	var parts [][]byte
	for {
		work := c.collect(parts[:0])
		parts = work.parts
		switch {
		case work.greeting != nil:
			refused, err := c.greet(work.greeting, send)
			if err != nil {
				return nil
			}
			c.room.greeted(c, refused)
		case len(parts) > 0:
			if send(parts) != nil {
				return nil
			}
			c.room.manager.metrics.sent(work, c.Now())
		case work.goaway != nil:
			response, _ := engine.Response(&singoffv1.Event{
				Time: timestamppb.New(c.Now().Truncate(time.Millisecond)), Body: &singoffv1.Event_Goaway{Goaway: work.goaway},
			})
			if send(append(parts, response)) != nil {
				return nil
			}
			return work.goaway
		case work.over:
			return nil
		default:
			<-c.wake
		}
	}
}

// work is what a sender has to do next; nothing of it: wait.
type work struct {
	parts    [][]byte
	oldest   time.Time // when the oldest of the parts was told
	greeting *greeting
	goaway   *singoffv1.Goaway
	over     bool
}

// collect takes the next frame out of the outbox.
func (c *Conn) collect(parts [][]byte) work {
	r := c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	w := work{parts: parts}
	switch {
	case c.phase == phaseOver:
		w.over = true
		return w
	case c.greeting != nil:
		w.greeting, c.greeting = c.greeting, nil
		return w
	case c.phase == phaseJoining:
		return w
	}
	end := r.ring.end()
	if c.phase == phaseEnding {
		end = min(end, c.until)
	}
	switch {
	case c.greeted && c.cursor >= r.ring.first:
		c.gatherLocked(&w, end)
	case c.greeted:
		c.private = nil // too slow for what was left: straight to the goodbye, since trimLocked has ended it
	}
	if len(w.parts) == 0 && c.phase == phaseEnding {
		w.goaway = c.goaway
	}
	return w
}

// gatherLocked fills a frame from the ring and the private events, in the order in which they were told.
func (c *Conn) gatherLocked(w *work, end uint64) {
	size, taken := 0, 0
	add := func(response []byte) bool {
		if size > 0 && size+len(response) > MaxFrameBytes {
			return false
		}
		size += len(response)
		w.parts = append(w.parts, response)
		return true
	}
	for {
		if taken < len(c.private) && c.private[taken].after <= c.cursor {
			if !add(c.private[taken].response) {
				break
			}
			c.privateBytes -= len(c.private[taken].response)
			taken++
			continue
		}
		if c.cursor >= end {
			break
		}
		it := c.room.ring.at(c.cursor)
		if rules.Visible(it.Audience, c.user) {
			if !add(c.copyFor(&it.Item)) {
				break
			}
			if w.oldest.IsZero() {
				w.oldest = it.told
			}
		}
		c.cursor++
	}
	c.private = slices.Delete(c.private, 0, taken)
}

// copyFor is the event as this connection gets it: with the number if it answers a command of its instance.
func (c *Conn) copyFor(it *engine.Item) []byte {
	if k := it.Command; k != nil && k.Instance == c.instance && k.User == c.user {
		return engine.Numbered(it.Response, k.Number)
	}
	return it.Response
}
