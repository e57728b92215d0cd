package room

import (
	"slices"
	"strings"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
)

// Rooms lists at most n rooms of a namespace that somebody is in, with ids above after, in the order of their ids.
func (m *Manager) Rooms(namespace, after string, n int) []*singoffv1.RoomSummary {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.order == nil {
		for key := range m.rooms {
			m.order = append(m.order, key)
		}
		slices.SortFunc(m.order, compareKeys)
	}
	from, found := slices.BinarySearchFunc(m.order, eventlog.Key{Namespace: namespace, Room: after}, compareKeys)
	if found {
		from++
	}
	var list []*singoffv1.RoomSummary
	for _, key := range m.order[from:] {
		if key.Namespace != namespace || len(list) >= n {
			break
		}
		if s := m.rooms[key].summary.Load(); s != nil {
			list = append(list, s)
		}
	}
	return list
}

func compareKeys(a, b eventlog.Key) int {
	if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
		return c
	}
	return strings.Compare(a.Room, b.Room)
}

// Refusing says whether some room's log refuses appends or doesn't answer.
func (m *Manager) Refusing() bool { return m.refusing.Load() > 0 }
