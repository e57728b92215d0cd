package engine_test

import (
	"encoding/binary"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

var (
	key   = eventlog.Key{Namespace: "default", Room: "battle"}
	night = time.Date(2026, 7, 1, 20, 0, 0, 0, time.UTC)
)

const singer, watcher, observer = singoffv1.Role_ROLE_SINGER, singoffv1.Role_ROLE_WATCHER, singoffv1.Role_ROLE_OBSERVER

// hall drives an engine by hand, and is its log: what is kept can be loaded again.
type hall struct {
	*engine.Engine
	t       testing.TB
	cfg     rules.Config
	now     time.Time
	entries []eventlog.Stored
	batches uint64
}

// newHall opens a room that never was.
func newHall(t testing.TB) *hall {
	t.Helper()
	h := &hall{t: t, cfg: rules.DefaultConfig(), now: night}
	h.open(rules.New(key.Namespace, key.Room), 1)
	return h
}

func (h *hall) open(state *rules.State, epoch uint64) {
	h.Engine = engine.New(h.cfg, state, h.last(), h.batchID)
	h.keep(h.Open(h.now, epoch))
}

func (h *hall) batchID() (id eventlog.BatchID) {
	h.batches++
	binary.BigEndian.PutUint64(id[:], h.batches)
	return id
}

func (h *hall) last() eventlog.Position {
	if len(h.entries) == 0 {
		return 0
	}
	return h.entries[len(h.entries)-1].Position
}

// keep keeps an append, at a position that isn't the next number, and gives what is told then.
func (h *hall) keep(app engine.Append) engine.Output {
	h.t.Helper()
	if app.After != h.last() {
		h.t.Fatalf("append after %d, the last position is %d", app.After, h.last())
	}
	at := h.last() + 10
	h.entries = append(h.entries, eventlog.Stored{Entry: app.Entry, Position: at})
	return h.Kept(h.now, at)
}

// step decides one batch; it must need an append, which is kept.
func (h *hall) step() engine.Output {
	h.t.Helper()
	app, must, _ := h.Decide(h.now)
	if !must {
		h.t.Fatal("nothing was decided that must be kept")
	}
	return h.keep(app)
}

// refuse decides one batch, whose append is refused.
func (h *hall) refuse() engine.Output {
	h.t.Helper()
	if _, must, _ := h.Decide(h.now); !must {
		h.t.Fatal("nothing was decided that must be kept")
	}
	return h.Refused()
}

// steps decides until nothing waits, with everything kept, and gives all that is told.
func (h *hall) steps() (outs []engine.Output) {
	for h.Waiting() {
		app, must, out := h.Decide(h.now)
		if must {
			out = h.keep(app)
		}
		outs = append(outs, out)
	}
	return outs
}

// greets pushes a guest's Hello: the connection's number is its attempt too.
func (h *hall) greets(c rules.Connection, name string, role singoffv1.Role) {
	h.Push(engine.Input{Connection: c, Size: 256, Hello: &rules.Hello{
		User: rules.Guest([]byte(name)), Instance: rules.InstanceOf(name), Attempt: uint64(c), Role: role, Nickname: name,
	}})
}

// does pushes a command.
func (h *hall) does(c rules.Connection, number uint64, body any) {
	h.Push(engine.Input{Connection: c, Command: &rules.Command{Number: number, Body: body}, Size: 100})
}

func (h *hall) loses(c rules.Connection) {
	h.Push(engine.Input{Connection: c, Lost: singoffv1.Presence_REASON_CONNECTION_LOST})
}

func (h *hall) halfCloses(c rules.Connection) { h.Push(engine.Input{Connection: c, HalfClosed: true}) }

// joins lets somebody in, and gives their member's id.
func (h *hall) joins(c rules.Connection, name string, role singoffv1.Role) string {
	h.t.Helper()
	h.greets(c, name, role)
	for _, out := range h.steps() {
		for _, w := range out.Welcomes {
			if w.Connection == c {
				return w.MemberID
			}
		}
	}
	h.t.Fatalf("%s wasn't let in", name)
	return ""
}

func says(text string) *singoffv1.ChatMessage { return &singoffv1.ChatMessage{Text: text} }

func claps(member string) *singoffv1.Reaction {
	return &singoffv1.Reaction{SingerMemberId: member, Kind: singoffv1.Reaction_KIND_CLAP}
}

// events decodes the items of an output.
func events(t testing.TB, out engine.Output) (all []*singoffv1.Event) {
	t.Helper()
	for _, it := range out.Items {
		all = append(all, decode(t, it.Response))
	}
	return all
}

// decode reads a JoinResponse that holds one event.
func decode(t testing.TB, response []byte) *singoffv1.Event {
	t.Helper()
	p := &singoffv1.JoinResponse{}
	if err := proto.Unmarshal(response, p); err != nil || len(p.Events) != 1 {
		t.Fatalf("a response with %d events, %v", len(p.Events), err)
	}
	return p.Events[0]
}

// load rebuilds the room from what was kept.
func (h *hall) load(snapshot *eventlog.Snapshot) *rules.State {
	h.t.Helper()
	head := eventlog.Head{Snapshot: snapshot, Position: h.last()}
	for _, e := range h.entries {
		if snapshot == nil || e.Position > snapshot.Position {
			head.Entries = append(head.Entries, e)
		}
	}
	state, err := engine.Load(key, head)
	if err != nil {
		h.t.Fatalf("load: %v", err)
	}
	return state
}
