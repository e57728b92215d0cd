package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/room"
)

var key = eventlog.Key{Namespace: "default", Room: "simulation"}

// world is one schedule. All of it is one goroutine's, which lets everything come to rest after each of its steps.
type world struct {
	t       *testing.T
	rnd     *rand.Rand
	step    int64
	log     eventlog.Log // of both nodes
	machine *machine     // that the log is on; nil: it is in memory
	nodes   []*node
	people  []*person
	history map[string][]porcupine.Operation // by what must be linearizable
	texts   int
	reached map[string]int
	members map[string]string // names of those who were members, by the member's id

	trimmed   map[eventlog.Position]eventlog.Stored // entries that were there before something was trimmed
	oldest    uint64                                // seq that was the oldest after that
	forgotten []string                              // texts that are nowhere
}

// node is one server, with a clock and a view of the log of its own.
type node struct {
	w       *world
	manager *room.Manager
	log     *faultlog.Log
	ahead   atomic.Int64 // nanoseconds, of its clock
	hold    *faultlog.Hold
}

// Now implements room.Clock.
func (n *node) Now() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

// NewTimer implements room.Clock.
func (n *node) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

// newWorld makes a world whose log is in memory, or in a file on the disk of a machine.
func newWorld(t *testing.T, seed uint64, m *machine) *world {
	t.Helper()
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), machine: m, history: map[string][]porcupine.Operation{}, reached: map[string]int{}}
	w.members, w.trimmed = map[string]string{}, map[eventlog.Position]eventlog.Stored{}
	if m == nil {
		var err error
		if w.log, err = memlog.New(memlog.Config{}); err != nil {
			t.Fatal(err)
		}
	} else {
		w.log = m.boot(t, w.rnd.Uint64())
	}
	for range 2 {
		n := &node{w: w}
		n.connect()
		n.start()
		w.nodes = append(w.nodes, n)
	}
	for i := range 7 {
		w.people = append(w.people, newPerson(w, i))
	}
	return w
}

// connect gives the node its view of the log.
func (n *node) connect() {
	var err error
	if n.log, err = faultlog.New(faultlog.Config{Log: n.w.log, Seed: n.w.rnd.Uint64()}); err != nil {
		n.w.t.Fatal(err)
	}
}

func (n *node) start() {
	cfg := room.DefaultConfig()
	cfg.Rules.Watchers, cfg.Clock = 2, n
	var err error
	if n.manager, err = room.NewManager(n.log, cfg); err != nil {
		n.w.t.Fatal(err)
	}
}

// restart is a crash, and a new process.
func (n *node) restart() {
	if err := n.manager.Close(); err != nil {
		n.w.t.Fatal(err)
	}
	n.start()
}

func (n *node) release() {
	if n.hold != nil {
		n.hold.Release()
		n.hold = nil
	}
}

// turn does one thing, and lets everything happen that comes of it.
func (w *world) turn() {
	w.step++
	p, n := w.people[w.rnd.IntN(len(w.people))], w.nodes[w.rnd.IntN(len(w.nodes))]
	switch x := w.rnd.IntN(100); {
	case x < 60:
		p.act()
	case x < 70:
		w.fault(n)
	case x < 75:
		n.release()
		n.log.Always(faultlog.None)
		n.log.Deliver(context.Background())
		if w.machine != nil {
			w.machine.mend()
		}
	case x < 79:
		n.release()
		n.hold = n.log.Hold(faultlog.Point(w.rnd.IntN(2)))
	case x < 80:
		w.reached["restart"]++
		n.restart()
	case x < 83 && w.machine != nil:
		w.machine.trouble(w.rnd)
	case x < 86 && w.machine != nil:
		w.operate()
	case x < 87:
		n.ahead.Add(int64(time.Duration(w.rnd.IntN(8000)-4000) * time.Millisecond))
	default:
		time.Sleep(time.Duration(w.rnd.IntN(2500)) * time.Millisecond)
	}
	w.rest()
	if w.machine != nil && w.machine.isOff() {
		w.reboot()
	}
}

// reboot starts the machine again after a power cut, with what is left on its disk: the log and both nodes have been on it.
func (w *world) reboot() {
	w.reached["power cut"]++
	for _, n := range w.nodes {
		n.release()
		if err := n.manager.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
	w.rest()
	w.machine.down(w.t)
	w.lookForForgotten()
	w.log = w.machine.boot(w.t, w.rnd.Uint64())
	for _, n := range w.nodes {
		n.connect()
		n.start()
	}
}

// fault changes what the log does to a node's appends.
func (w *world) fault(n *node) {
	faults := []faultlog.Fault{faultlog.None, faultlog.None, faultlog.Refused, faultlog.UnknownKept, faultlog.UnknownLost, faultlog.UnknownLate}
	n.log.Always(faults[w.rnd.IntN(len(faults))])
}

// rest waits until nothing moves, and takes note of what people were told.
func (w *world) rest() {
	synctest.Wait()
	for _, p := range w.people {
		p.listen()
	}
}

// calm ends all faults, and waits until what was under way is settled.
func (w *world) calm() {
	for range 3 {
		if w.machine != nil {
			w.machine.mend()
			w.machine.disk.CutAfter(0)
		}
		for _, n := range w.nodes {
			n.release()
			n.log.Always(faultlog.None)
			n.log.Deliver(context.Background())
		}
		for _, p := range w.people {
			p.flow()
		}
		w.step++
		time.Sleep(3 * time.Second)
		w.rest()
	}
}

func (w *world) close() {
	for _, p := range w.people {
		p.breakOff()
	}
	for _, n := range w.nodes {
		n.release()
		if err := n.manager.Close(); err != nil {
			w.t.Error(err)
		}
	}
	synctest.Wait()
	if err := w.log.Close(); err != nil {
		w.t.Error(err)
	}
	if w.machine != nil {
		w.machine.unmount()
	}
}

// done adds an operation to a history.
func (w *world) done(what string, o *op, output any) {
	w.history[what] = append(w.history[what], porcupine.Operation{ClientId: o.by, Input: o.input, Call: 2 * o.call, Output: output, Return: 2*w.step + 1})
}

// never adds an operation whose outcome nobody learns: it may take effect at any time, or never.
func (w *world) never(what string, o *op) {
	w.history[what] = append(w.history[what], porcupine.Operation{ClientId: o.by, Input: o.input, Call: 2 * o.call, Output: unknown{}, Return: 1 << 60})
}

// unknown is the output of an operation that nobody was told of.
type unknown struct{}

// op is an operation under way.
type op struct {
	by    int
	call  int64
	input any
}

func (w *world) text() string {
	w.texts++
	return fmt.Sprintf("this is line %d.", w.texts)
}
