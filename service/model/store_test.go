package model

import (
	"github.com/singoff/singoff/service/eventlog"
)

// store is the one log that all nodes share.
type store struct {
	entries  []eventlog.Entry
	snapshot *eventlog.Snapshot
	ghosts   []ghost
	unknown  map[eventlog.BatchID]bool // batches whose append was handed on without an answer
}

// ghost is an append whose outcome its node doesn't know, and which may still succeed, at any time.
type ghost struct {
	after eventlog.Position
	entry eventlog.Entry
}

// append answers kept or conflict, as a compare and append does.
func (s *store) append(after eventlog.Position, e eventlog.Entry) (eventlog.Position, error) {
	switch {
	case int(after) == len(s.entries):
		s.entries = append(s.entries, e)
		return after + 1, nil
	case int(after) < len(s.entries) && s.entries[after].Batch == e.Batch:
		return after + 1, nil
	}
	return 0, eventlog.ErrConflict
}

func (s *store) head() eventlog.Head {
	h := eventlog.Head{Snapshot: s.snapshot, Position: eventlog.Position(len(s.entries))}
	from := 0
	if s.snapshot != nil {
		from = int(s.snapshot.Position)
	}
	for i, e := range s.entries[from:] {
		h.Entries = append(h.Entries, eventlog.Stored{Entry: e, Position: eventlog.Position(from + i + 1)})
	}
	return h
}
