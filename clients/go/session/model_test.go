package session_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// world is one client and a model of the server, with wires between them that are cut, stall, and deliver late.
type world struct {
	t      *rapid.T
	s      *session.Session
	server *modelServer
	wire   *modelWire // the client's; nil: none

	asked     []string // commands in the order queued
	names     map[session.CommandID]string
	outcomes  map[string]session.Result
	withdrawn map[string]bool
	// logsAreLost: in this schedule a crash may lose the log.
	logsAreLost bool
	seen        uint64 // seq of the newest kept event the client has received
}

func newWorld(t *rapid.T) *world {
	s, err := session.New(session.Config{Hello: &singoffv1.Hello{Instance: "i1"}, TakeOver: true, Unanswered: rapid.IntRange(1, 6).Draw(t, "window")})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &world{t: t, s: s, server: newModelServer(), names: map[session.CommandID]string{}, outcomes: map[string]session.Result{},
		withdrawn: map[string]bool{}, logsAreLost: rapid.Bool().Draw(t, "logs are lost")}
}

// queue asks for a command whose name tells the server how to decide it.
func (w *world) queue(kind string) {
	name := fmt.Sprintf("%s%d", kind, len(w.asked))
	id, err := w.s.Queue(chat(name))
	if err != nil {
		return
	}
	w.asked = append(w.asked, name)
	w.names[id] = name
}

func (w *world) withdraw(id session.CommandID) {
	if w.s.Withdraw(id) {
		w.withdrawn[w.names[id]] = true
	}
}

func (w *world) connect() {
	hello, err := w.s.Connect()
	if err != nil {
		w.t.Fatalf("Connect: %v", err)
	}
	w.wire = w.server.dial()
	w.wire.up = append(w.wire.up, hello)
}

// lose cuts the client's end; what is on the wire may still reach the server, late.
func (w *world) lose() {
	w.s.Lost()
	w.wire = nil
}

// push lets the client send all it may.
func (w *world) push() {
	for m := w.s.Next(); m != nil; m = w.s.Next() {
		w.wire.up = append(w.wire.up, m)
	}
}

// deliver gives the client the next event.
func (w *world) deliver() {
	if w.wire == nil || len(w.wire.down) == 0 {
		return
	}
	event := w.wire.down[0]
	w.wire.down = w.wire.down[1:]
	class, err := w.s.Receive(event)
	if err != nil {
		w.t.Fatalf("Receive(%v): %v", event, err)
	}
	w.checkGaps(event, class)
	w.take()
}

// checkGaps holds that the client misses no event it may see, unless a SNAPSHOT says so.
func (w *world) checkGaps(event *singoffv1.Event, class session.Class) {
	switch class {
	case session.Start:
		if event.GetWelcome().GetRecovery().GetKind() != resumed {
			w.seen = event.GetWelcome().GetSnapshotSeq()
		}
	case session.History, session.Live:
		for _, e := range w.server.upTo(event) {
			if e.seq > w.seen && e.seq < event.GetSeq() && !e.hidden {
				w.t.Fatalf("event %d was missed before %d", e.seq, event.GetSeq())
			}
		}
		w.seen = event.GetSeq()
	}
}

func (w *world) take() {
	for _, r := range w.s.TakeResults() {
		name := w.names[r.ID]
		if _, twice := w.outcomes[name]; twice || w.withdrawn[name] {
			w.t.Fatalf("%s has a second result: %v", name, r)
		}
		w.outcomes[name] = r
	}
}

// settle heals everything until nothing is left to do.
func (w *world) settle() {
	w.server.refuse = 0
	for range 3 {
		if w.wire == nil || !w.wire.current {
			w.lose()
			w.connect()
		}
		for range 1000 {
			w.server.step(w.wire)
			w.deliver()
			if w.wire == nil || w.s.Phase() == session.Parting {
				break
			}
			w.push()
		}
	}
	w.take()
}

// check compares what was reported with what was decided.
func (w *world) check() {
	for _, name := range w.asked {
		r, reported := w.outcomes[name]
		decided := w.server.decided[name]
		if !reported && !w.withdrawn[name] {
			w.t.Fatalf("%s has no result; phase %v, %d under way, %d waiting", name, w.s.Phase(), w.s.Unanswered(), w.s.Waiting())
		}
		notTaken := r.Event.GetRejected().GetReason() == singoffv1.Rejected_REASON_NOT_TAKEN
		var want string
		switch {
		case w.withdrawn[name], r.Outcome == session.NotSent, notTaken:
			want = ""
		case r.Outcome == session.Unknown, r.Outcome == session.Unseen && decided != "":
			want = decided
		default:
			want = r.Outcome.String()
		}
		if decided != want {
			w.t.Fatalf("%s: reported %v (NOT_TAKEN %v), decided %q", name, r.Outcome, notTaken, decided)
		}
	}
	if w.server.wrongEpoch {
		w.t.Fatalf("a Resume named a wrong epoch, which makes a SNAPSHOT of what could be RESUMED")
	}
	order := map[string]int{}
	for i, name := range w.asked {
		order[name] = i
	}
	for i := 1; i < len(w.server.order); i++ {
		if order[w.server.order[i-1]] >= order[w.server.order[i]] {
			w.t.Fatalf("decided out of order: %s", strings.Join(w.server.order, " "))
		}
	}
}

// actions of a schedule, each with how often it is drawn.
var actions = []struct {
	name   string
	weight int
	act    func(*world)
}{
	{"queue an event", 8, func(w *world) { w.queue("Done") }},
	{"queue an ack", 2, func(w *world) { w.queue("Acked") }},
	{"queue a refusal", 2, func(w *world) { w.queue("Rejected") }},
	{"connect", 8, func(w *world) {
		if w.wire == nil {
			w.connect()
		}
	}},
	{"push", 12, (*world).push},
	{"deliver", 20, (*world).deliver},
	{"step", 20, func(w *world) { w.server.step(w.wire) }},
	{"step a late one", 4, func(w *world) {
		if n := len(w.server.wires); n > 0 {
			w.server.step(w.server.wires[rapid.IntRange(max(0, n-3), n-1).Draw(w.t, "wire")])
		}
	}},
	{"lose", 3, (*world).lose},
	{"withdraw", 1, func(w *world) {
		w.withdraw(session.CommandID(rapid.IntRange(1, max(1, len(w.asked))).Draw(w.t, "id")))
	}},
	{"another's chat", 3, func(w *world) { w.server.others(false) }},
	{"another's whisper", 2, func(w *world) { w.server.others(true) }},
	{"refuse appends", 1, func(w *world) { w.server.refuse = rapid.IntRange(1, 3).Draw(w.t, "times") }},
	{"remove", 1, func(w *world) { w.server.remove(false) }},
	{"remove and forget", 1, func(w *world) { w.server.remove(true) }},
	{"forget", 1, func(w *world) { w.server.forget() }},
	{"crash", 2, func(w *world) { w.server.crash(false) }},
	{"lose the log", 1, func(w *world) { w.server.crash(w.logsAreLost) }},
	{"trim", 1, func(w *world) { w.server.trimmed = w.server.seq }},
}

func TestSessionUnderRandomSchedules(t *testing.T) {
	t.Parallel()
	var drawn []int
	for i, a := range actions {
		for range a.weight {
			drawn = append(drawn, i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for _, i := range rapid.SliceOfN(rapid.SampledFrom(drawn), 20, 300).Draw(t, "schedule") {
			t.Log(actions[i].name)
			actions[i].act(w)
		}
		w.settle()
		w.check()
	})
}
