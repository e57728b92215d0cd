package limit

import (
	"container/list"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// sharing is how many allowances there are for the addresses that a full table has no place for.
	sharing = 1024
	// looks is how many remembered addresses are looked at to find one that can be forgotten.
	looks = 8
)

// table remembers what addresses have used. One is forgotten only when its allowance is whole again, so that forgetting gives nobody
// anything. While the table is full, new addresses share a fixed number of allowances by their hash, and such a one gets an allowance of
// its own only when the shared one is whole.
type table struct {
	cfg  Config
	seed maphash.Seed

	mu     sync.Mutex // protects everything below, the allowances too
	known  map[netip.Prefix]*list.Element
	order  *list.List // of *allowance, used longest ago first
	shared [sharing]*allowance
}

// allowance is what an address has left.
type allowance struct {
	from                netip.Prefix
	joins, rooms, calls bucket
	streams             int
}

func newTable(cfg Config) *table {
	return &table{cfg: cfg, seed: maphash.MakeSeed(), known: map[netip.Prefix]*list.Element{}, order: list.New()}
}

func (t *table) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.known)
}

// take lets one take of an address's allowance.
func (t *table) take(from netip.Prefix, take func(*allowance, time.Time) (time.Duration, bool)) (time.Duration, bool) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return take(t.findLocked(from, now), now)
}

// closed gives a stream back.
func (t *table) closed(a *allowance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a.streams--
}

func (t *table) findLocked(from netip.Prefix, now time.Time) *allowance {
	if known := t.known[from]; known != nil {
		t.order.MoveToBack(known)
		return known.Value.(*allowance)
	}
	shared := &t.shared[maphash.Comparable(t.seed, from)%sharing]
	if *shared != nil && !(*shared).whole(now) {
		return *shared
	}
	*shared = nil
	fresh := t.fresh(from)
	if len(t.known) >= t.cfg.Addresses && !t.forgetLocked(now) {
		*shared = fresh
		return fresh
	}
	t.known[from] = t.order.PushBack(fresh)
	return fresh
}

// forgetLocked makes a place; false: nobody among those looked at can be forgotten.
func (t *table) forgetLocked(now time.Time) bool {
	for range min(looks, t.order.Len()) {
		oldest := t.order.Front()
		a := oldest.Value.(*allowance)
		if a.whole(now) {
			t.order.Remove(oldest)
			delete(t.known, a.from)
			return true
		}
		t.order.MoveToBack(oldest) // perhaps one with an old stream: don't look at it again and again
	}
	return false
}

func (t *table) fresh(from netip.Prefix) *allowance {
	return &allowance{
		from:  from,
		joins: newBucket(t.cfg.JoinsPerMinute, time.Minute, t.cfg.JoinsPerMinute),
		rooms: newBucket(t.cfg.RoomsPerHour, time.Hour, t.cfg.RoomsPerHour),
		calls: newBucket(t.cfg.CallsPerSecond, time.Second, 5*t.cfg.CallsPerSecond),
	}
}

// whole says whether nothing of it is in use: it is like one that was never used.
func (a *allowance) whole(now time.Time) bool {
	return a.streams == 0 && a.joins.full(now) && a.rooms.full(now) && a.calls.full(now)
}

// bucket of what is allowed in the long run and at once. Its zero limiter has no limit.
type bucket struct{ limiter *rate.Limiter }

func newBucket(n int, per time.Duration, atOnce int) bucket {
	if n == 0 {
		return bucket{}
	}
	return bucket{rate.NewLimiter(rate.Limit(float64(n)/per.Seconds()), atOnce)}
}

// take gives how long to wait if nothing is left.
func (b bucket) take(now time.Time) (wait time.Duration, ok bool) {
	if b.limiter.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - b.limiter.TokensAt(now)
	return time.Duration(missing / float64(b.limiter.Limit()) * float64(time.Second)), false
}

func (b bucket) full(now time.Time) bool {
	return b.limiter == nil || b.limiter.TokensAt(now) >= float64(b.limiter.Burst())
}
