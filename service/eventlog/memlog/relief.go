package memlog

import (
	"cmp"
	"fmt"
	"slices"
)

// take accounts for bytes about to be kept, or says that there is no room for them. What is kept instead of something larger
// takes less than nothing, and always can.
func (l *Log) take(n int64) error {
	for {
		used := l.used.Load()
		if n > 0 && used+n > l.config.TotalBytes {
			return fmt.Errorf("%d bytes more, %d of %d are left", n, l.config.TotalBytes-used, l.config.TotalBytes)
		}
		if l.used.CompareAndSwap(used, used+n) {
			return nil
		}
	}
}

func (l *Log) give(n int64) { l.used.Add(-n) }

// relieve forgets what snapshots cover, first in the rooms that were silent longest, until half of TotalBytes is free. Whoever
// comes while another one is at it goes on at once.
func (l *Log) relieve() {
	if !l.relieving.TryLock() {
		return
	}
	defer l.relieving.Unlock()
	for _, r := range l.silentFirst() {
		if l.used.Load() <= l.config.TotalBytes/2 {
			return
		}
		r.mu.Lock()
		r.forgetLocked(r.coveredLocked())
		r.mu.Unlock()
	}
}

func (l *Log) silentFirst() []*room {
	type silent struct {
		room *room
		turn int64
	}
	l.mu.RLock()
	all := make([]silent, 0, len(l.rooms))
	for _, r := range l.rooms {
		all = append(all, silent{room: r})
	}
	l.mu.RUnlock()
	for i, s := range all {
		s.room.mu.RLock()
		all[i].turn = s.room.turn
		s.room.mu.RUnlock()
	}
	slices.SortFunc(all, func(a, b silent) int { return cmp.Compare(a.turn, b.turn) })
	rooms := make([]*room, len(all))
	for i, s := range all {
		rooms[i] = s.room
	}
	return rooms
}
