package catalog

import (
	"fmt"
	"testing"
	"time"

	"github.com/singoff/singoff/service/catalog/index"
	"github.com/singoff/singoff/service/catalog/store"
)

// However many namespaces are played in, what is known of them is bounded: as remembered, and with a clock that was set back, too.
func TestPlaysAreBounded(t *testing.T) {
	t.Parallel()
	p := newPlays()
	var remembered []store.Played
	later := time.Now().Add(time.Hour)
	for i := range keptNamespaces + 5 {
		remembered = append(remembered, store.Played{Namespace: fmt.Sprint("n", i), Track: "a", At: later.Add(-time.Duration(i) * time.Second)})
	}
	for i := range keptPlays + 5 {
		remembered = append(remembered, store.Played{Namespace: "n0", Track: fmt.Sprint(i), At: later.Add(-2 * time.Hour)})
	}
	p.recall(remembered)
	if got := len(p.recent); got != keptNamespaces || p.of("n0") == nil || len(p.of("n0")) != keptPlays {
		t.Errorf("got %d namespaces recalled and %d plays of one, want %d and %d", got, len(p.of("n0")), keptNamespaces, keptPlays)
	}
	p.add("another", index.Played{ID: "a", At: time.Now()})
	if got := len(p.recent); got != keptNamespaces || p.of("another") == nil {
		t.Errorf("got %d namespaces, want %d with the new one", got, keptNamespaces)
	}
}
