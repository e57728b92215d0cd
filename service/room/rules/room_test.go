package rules_test

import (
	"time"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// room is a room that is decided step by step. Each step's records go, as the log would keep them, to a replica too, and to a
// ledger that counts for itself and a viewer who knows the events alone; after each step all must agree.
type room struct {
	tb
	cfg     rules.Config
	now     time.Time
	state   *rules.State
	replica *rules.State
	ledger  *ledger
	viewer  *viewer
	log     []*rules.Record
	epoch   uint64
	conns   rules.Connection
}

var start = time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)

// newRoom is a room that a node has just opened.
func newRoom(t tb, cfg rules.Config) *room {
	t.Helper()
	if err := cfg.Validate(); err != nil {
		t.Fatalf("config: %v", err)
	}
	r := &room{
		tb: t, cfg: cfg, now: start, ledger: newLedger(t), viewer: newViewer(),
		state: rules.New("default", "battle"), replica: rules.New("default", "battle"),
	}
	r.reopen()
	return r
}

// reopen is what the next node does.
func (r *room) reopen() *rules.Batch {
	r.epoch++
	b := rules.Begin(r.state, &r.cfg, r.now)
	b.Open(r.epoch << 40)
	r.keep(b)
	return b
}

// decide decides one batch: what is due, then what f asks for.
func (r *room) decide(f func(b *rules.Batch)) *rules.Batch {
	r.Helper()
	b := rules.Begin(r.state, &r.cfg, r.now)
	b.Tick()
	f(b)
	r.keep(b)
	return b
}

func (r *room) keep(b *rules.Batch) {
	r.Helper()
	for _, rec := range b.Records {
		r.ledger.add(rec)
		r.viewer.see(rec)
		if err := r.replica.Apply(throughLog(r.tb, rec)); err != nil {
			r.Fatalf("replay: %v", err)
		}
		r.log = append(r.log, rec)
	}
	r.check()
}

// throughLog writes a record as the log keeps it, and reads it again.
func throughLog(t tb, rec *rules.Record) *rules.Record {
	t.Helper()
	var event []byte
	if rec.Event != nil {
		event = marshal(t, rec.Event)
	}
	kept := &logv1.Record{}
	unmarshal(t, marshal(t, rec.Proto(event)), kept)
	read, err := rules.FromProto(kept)
	if err != nil {
		t.Fatalf("FromProto: %v", err)
	}
	return read
}

// throughSnapshot writes a state as a snapshot, and reads it again.
func throughSnapshot(t tb, s *rules.State) *rules.State {
	t.Helper()
	kept := &logv1.Snapshot{}
	unmarshal(t, marshal(t, s.Snapshot()), kept)
	read, err := rules.FromSnapshot("default", "battle", kept)
	if err != nil {
		t.Fatalf("FromSnapshot: %v", err)
	}
	return read
}

func marshal(t tb, m proto.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	return data
}

func unmarshal(t tb, data []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(data, m); err != nil {
		t.Fatalf("unmarshal: %v", err)
	}
}

func (r *room) connect() rules.Connection {
	r.conns++
	return r.conns
}

// join says Hello and must be let in.
func (r *room) join(h rules.Hello) (conn rules.Connection, memberID string) {
	r.Helper()
	conn = r.connect()
	r.decide(func(b *rules.Batch) {
		a, refused := b.Hello(conn, h)
		if refused != nil {
			r.Fatalf("Hello of %q: refused with %v", h.Nickname, refused)
		}
		memberID = a.MemberID
	})
	return conn, memberID
}

// joinAs is a guest's first Hello.
func (r *room) joinAs(name string, role singoffv1.Role) (rules.Connection, string) {
	r.Helper()
	return r.join(helloOf(name, role))
}

func helloOf(name string, role singoffv1.Role) rules.Hello {
	h := rules.Hello{User: rules.Guest([]byte(name)), Instance: rules.InstanceOf("a"), Attempt: 1, Role: role}
	if role != singoffv1.Role_ROLE_OBSERVER {
		h.Nickname = name
	}
	return h
}

// refuse says Hello and must not be let in.
func (r *room) refuse(h rules.Hello) *singoffv1.Goaway {
	r.Helper()
	var refused *singoffv1.Goaway
	b := r.decide(func(b *rules.Batch) { _, refused = b.Hello(r.connect(), h) })
	if refused == nil {
		r.Fatalf("Hello of %q: let in, want it refused", h.Nickname)
	}
	if len(b.Records) > 0 {
		r.Errorf("the refused Hello of %q left %d records, want none", h.Nickname, len(b.Records))
	}
	return refused
}

// command asks for something with the next number.
func (r *room) command(conn rules.Connection, body any) *rules.Batch {
	r.Helper()
	user, instance, ok := r.state.Attached(conn)
	if !ok {
		r.Fatalf("connection %d isn't current", conn)
	}
	last, _ := r.state.LastNumber(user, instance)
	return r.decide(func(b *rules.Batch) { b.Command(conn, rules.Command{Number: last + 1, Body: body}) })
}

// must asks for something that must not be refused.
func (r *room) must(conn rules.Connection, body any) *rules.Batch {
	r.Helper()
	b := r.command(conn, body)
	for _, rec := range b.Records {
		if rejected := rec.Event.GetRejected(); rejected != nil {
			r.Fatalf("%v: rejected with %v", body, rejected)
		}
	}
	return b
}

func (r *room) lose(conn rules.Connection) {
	r.Helper()
	r.decide(func(b *rules.Batch) { b.Lost(conn, singoffv1.Presence_REASON_CONNECTION_LOST) })
}

// wait lets time pass, and what is due happen.
func (r *room) wait(d time.Duration) *rules.Batch {
	r.Helper()
	r.now = r.now.Add(d)
	return r.decide(func(*rules.Batch) {})
}

func vote(singer string, choice singoffv1.Vote_Choice) *singoffv1.Vote {
	return &singoffv1.Vote{SingerMemberId: singer, Choice: choice}
}

func moderation(action singoffv1.Moderation_Action, member string) *singoffv1.Moderation {
	return &singoffv1.Moderation{Action: action, MemberId: member}
}

func playback(action singoffv1.Playback_Action) *singoffv1.Playback {
	return &singoffv1.Playback{Action: action}
}
