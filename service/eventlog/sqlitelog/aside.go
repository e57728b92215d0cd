package sqlitelog

import (
	"maps"
	"sync"

	"github.com/singoff/singoff/service/eventlog"
)

// aside are the rooms whose bytes the disk has changed: each is named, and the others go on.
type aside struct {
	mu    sync.Mutex
	rooms map[eventlog.Key]error
}

// SetAside names the rooms that were found corrupt, and how. A room leaves when it could be opened again, which is tried whenever
// somebody joins it.
func (l *Log) SetAside() map[eventlog.Key]error {
	l.aside.mu.Lock()
	defer l.aside.mu.Unlock()
	return maps.Clone(l.aside.rooms)
}

func (l *Log) setAside(key eventlog.Key, cause error) {
	l.aside.mu.Lock()
	defer l.aside.mu.Unlock()
	if l.aside.rooms[key] == nil {
		l.cfg.Logger.Error().Err(cause).Str("namespace", key.Namespace).Str("room", key.Room).Msg("the room is corrupt and set aside; the others go on")
	}
	if l.aside.rooms == nil {
		l.aside.rooms = map[eventlog.Key]error{}
	}
	l.aside.rooms[key] = cause
}

// takeBack notes that a room could be opened.
func (l *Log) takeBack(key eventlog.Key) {
	l.aside.mu.Lock()
	defer l.aside.mu.Unlock()
	if l.aside.rooms[key] != nil {
		delete(l.aside.rooms, key)
		l.cfg.Logger.Info().Str("namespace", key.Namespace).Str("room", key.Room).Msg("the room that was corrupt can be opened again")
	}
}

func (l *Log) isAside(key eventlog.Key) bool {
	l.aside.mu.Lock()
	defer l.aside.mu.Unlock()
	return l.aside.rooms[key] != nil
}
