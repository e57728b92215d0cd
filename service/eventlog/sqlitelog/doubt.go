package sqlitelog

import (
	"sync"

	"github.com/singoff/singoff/service/eventlog"
)

// doubt remembers the batches that were answered unknown, since such a one mustn't be refused later without a look at its place.
type doubt struct {
	mu      sync.Mutex
	batches map[eventlog.BatchID]struct{}
}

func (d *doubt) cast(id eventlog.BatchID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.batches == nil {
		d.batches = map[eventlog.BatchID]struct{}{}
	}
	d.batches[id] = struct{}{}
}

func (d *doubt) has(id eventlog.BatchID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, in := d.batches[id]
	return in
}

func (d *doubt) settle(id eventlog.BatchID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.batches, id)
}
