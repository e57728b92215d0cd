package room

import (
	"slices"
	"time"

	"github.com/singoff/singoff/service/room/engine"
)

// Bounds of a ring: what is older or more is dropped, but not below the least, nor what was told just now.
const (
	ringAge   = 10 * time.Second
	ringBytes = 1 << 20
	ringLeast = 32
)

// ringItem is an event that senders may still have to send.
type ringItem struct {
	engine.Item
	told time.Time
}

// ring holds the newest events of a room. Its indexes rise for ever: first is that of the oldest it holds, end that of the next one.
type ring struct {
	items []ringItem
	first uint64
	bytes int
}

func (r *ring) end() uint64 { return r.first + uint64(len(r.items)) }

func (r *ring) at(index uint64) *ringItem { return &r.items[index-r.first] }

func (r *ring) push(it engine.Item, now time.Time) {
	r.items = append(r.items, ringItem{it, now})
	r.bytes += len(it.Response)
}

// trim drops what is too old or too much, but nothing from the index keep on.
func (r *ring) trim(now time.Time, keep uint64) {
	n := 0
	for len(r.items)-n > ringLeast && r.first+uint64(n) < keep {
		it := &r.items[n]
		if now.Sub(it.told) < ringAge && r.bytes <= ringBytes {
			break
		}
		r.bytes -= len(it.Response)
		n++
	}
	r.first += uint64(n)
	if len(r.items)-n == ringLeast && n >= ringLeast {
		r.items = slices.Clone(r.items[n:]) // lets go of a burst's memory
		return
	}
	clear(r.items[:n])
	r.items = r.items[n:]
}

// due is when something will be too old.
func (r *ring) due() (at time.Time, any bool) {
	if len(r.items) <= ringLeast {
		return time.Time{}, false
	}
	return r.items[0].told.Add(ringAge), true
}

// clear drops everything: nobody is there to send it to.
func (r *ring) clear() {
	r.first = r.end()
	r.items, r.bytes = nil, 0
}

// since gives the kept events with after < seq <= upTo, and whether the ring still holds all of them.
func (r *ring) since(after, upTo uint64) (items []engine.Item, all bool) {
	oldest := upTo + 1 // seq of the oldest kept event that the ring holds
	for i := len(r.items) - 1; i >= 0; i-- {
		it := &r.items[i]
		if it.Seq == 0 || it.Seq > upTo {
			continue
		}
		if it.Seq <= after {
			break
		}
		oldest = it.Seq
		items = append(items, it.Item)
	}
	slices.Reverse(items)
	return items, oldest == after+1
}
