package room

import (
	"fmt"
	"sync"
	"time"

	"github.com/singoff/singoff/service/eventlog"
)

// unopenedFor is how long a room that couldn't be opened counts as such, unless it is opened before: somebody who still wants to join
// comes back sooner.
const unopenedFor = 30 * time.Second

// unopened are the rooms that couldn't be opened lately.
type unopened struct {
	mu    sync.Mutex
	rooms map[eventlog.Key]failure
}

type failure struct {
	err error
	at  time.Time
}

func (u *unopened) failed(key eventlog.Key, err error, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rooms == nil {
		u.rooms = map[eventlog.Key]failure{}
	}
	u.rooms[key] = failure{err, now}
}

func (u *unopened) opened(key eventlog.Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.rooms, key)
}

// newest forgets what is over, and gives how many are left, with the one that failed last.
func (u *unopened) newest(now time.Time) (n int, key eventlog.Key, last failure) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for k, f := range u.rooms {
		if now.Sub(f.at) >= unopenedFor {
			delete(u.rooms, k)
			continue
		}
		if n++; f.at.After(last.at) || n == 1 {
			key, last = k, f
		}
	}
	return n, key, last
}

// Unopened says which room couldn't be opened within the last half minute, and why; nil: none. It is forgotten when the room can be opened.
func (m *Manager) Unopened() error {
	n, key, last := m.unopened.newest(m.cfg.Clock.Now())
	switch n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%v: %w", key, last.err)
	}
	return fmt.Errorf("%v and %d more: %w", key, n-1, last.err)
}
