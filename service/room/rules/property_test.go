package rules_test

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// TestProperties lets a handful of users with two pages each do anything at all, in any order. What must hold is checked by the room
// after every batch (see room.check and ledger), and here by input and by batch.
func TestProperties(t *testing.T) {
	t.Parallel()
	seen := &sightings{counts: map[string]int{}}
	t.Run("runs", func(t *testing.T) {
		for i := range 3 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(t *rapid.T) {
					m := newMachine(t, seen)
					t.Repeat(map[string]func(*rapid.T){
						"batch": m.batch, "and a batch": m.batch, "or a batch": m.batch, "time": m.time, "node": m.node,
					})
				})
			})
		}
	})
	seen.want(t, "JOINED", "LEFT", "AWAY", "RETURNED", "RENAMED", "HOST", "HIDDEN", "HOLD_OVER", "AWAY_TOO_LONG", "REPLACED", "KICKED",
		"UP", "DOWN", "NONE", "START", "PAUSE", "STOP", "ENDED", "LOCK", "KICK", "BAN", "chat", "pick", "closed", "ack",
		"repeated", "NOT_TAKEN", "not current", "TAKEN_OVER", "SUPERSEDED", "FULL", "NICKNAME_TAKEN",
		"ADMIN", "announcement", "operator refused")
}

// machine decides each batch twice: in one piece for the room, and before that in several on a copy that is thrown away.
type machine struct {
	*room
	seen  *sightings
	conns []rules.Connection // all there ever were
	// planned is how many commands a connection is to send with the batch that is being drawn.
	planned map[rules.Connection]uint64
}

func newMachine(t *rapid.T, seen *sightings) *machine {
	m := &machine{room: newRoom(t, drawConfig(t)), seen: seen}
	for _, name := range []string{"mina", "jun", "ara", "bo"}[:min(4, m.cfg.Singers+m.cfg.Watchers)] {
		role := singoffv1.Role_ROLE_SINGER
		if int(m.state.Room("").Counts.Singers) == m.cfg.Singers {
			role = singoffv1.Role_ROLE_WATCHER
		}
		h := helloOf(name, role)
		h.User, h.SignedIn = userOf(name)
		conn, _ := m.join(h)
		m.conns = append(m.conns, conn)
	}
	return m
}

// input is what a connection asks for or what happens to it.
type input struct {
	conn    rules.Connection
	hello   *rules.Hello
	command *rules.Command
	act     *rules.Act // the operator's, of no connection
	lost    bool       // otherwise half-closed, if it is none of the others
}

type outcome struct {
	attached *rules.Attachment
	refused  *singoffv1.Goaway
	answer   rules.Answer
	result   rules.ActResult
}

func (in input) decide(b *rules.Batch) (o outcome) {
	switch {
	case in.hello != nil:
		o.attached, o.refused = b.Hello(in.conn, *in.hello)
	case in.command != nil:
		o.answer = b.Command(in.conn, *in.command)
	case in.act != nil:
		o.result = b.Act(*in.act)
	case in.lost:
		b.Lost(in.conn, singoffv1.Presence_REASON_CONNECTION_LOST)
	default:
		b.HalfClosed(in.conn)
	}
	return o
}

func (m *machine) batch(t *rapid.T) {
	m.tb = t
	inputs := m.drawInputs(t)
	split := rapid.SliceOfN(rapid.Bool(), len(inputs), len(inputs)).Draw(t, "split")
	apart := m.decideApart(inputs, split)
	b := m.decide(func(b *rules.Batch) {
		for _, in := range inputs {
			m.decideOne(b, in)
		}
	})
	m.same(b.Records, apart)
	for _, e := range b.Ended {
		if _, _, current := m.state.Attached(e.Connection); current || e.Seq > m.state.Seq() {
			t.Errorf("connection %d ended after #%d, and is current: %v", e.Connection, e.Seq, current)
		}
		m.seen.goaway(e.Goaway)
	}
	for _, r := range b.Records {
		m.seen.record(r)
	}
}

// decideApart decides the inputs in several batches at one time, on a copy.
func (m *machine) decideApart(inputs []input, split []bool) (records []*rules.Record) {
	c := m.state.Clone()
	b := rules.Begin(c, &m.cfg, m.now)
	b.Tick()
	for i, in := range inputs {
		if split[i] {
			records = append(records, b.Records...)
			b = rules.Begin(c, &m.cfg, m.now)
		}
		in.decide(b)
	}
	return append(records, b.Records...)
}

// same says whether the same was decided.
func (m *machine) same(got, want []*rules.Record) {
	if len(got) != len(want) {
		m.Fatalf("in one batch %d records, apart %d", len(got), len(want))
	}
	for i := range got {
		g, w := *got[i], *want[i]
		if !proto.Equal(g.Event, w.Event) {
			m.Errorf("in one batch %v, apart %v", g.Event, w.Event)
		}
		g.Event, w.Event = nil, nil
		if !reflect.DeepEqual(g, w) {
			m.Errorf("#%d: in one batch %+v, apart %+v", got[i].Event.GetSeq(), g, w)
		}
	}
}

func (m *machine) decideOne(b *rules.Batch, in input) {
	user, instance, current := m.state.Attached(in.conn)
	last, known := m.state.LastNumber(user, instance)
	if in.hello != nil {
		last, known = m.state.LastNumber(in.hello.User, in.hello.Instance)
	}
	before, ended := len(b.Records), len(b.Ended)
	o := in.decide(b)
	records := b.Records[before:]
	switch {
	case in.hello != nil:
		m.helloOnce(in, o, known, records)
	case in.act != nil:
		m.actOnce(*in.act, o.result, records, b.Ended[ended:])
	case !current:
		if len(records) > 0 || len(b.Ended) > ended || !reflect.ValueOf(o.answer).IsZero() {
			m.Errorf("connection %d, which isn't current, got %v and left %d records", in.conn, o.answer, len(records))
		}
		m.seen.add("not current")
	case in.command != nil:
		m.commandOnce(*in.command, rules.CommandKey{User: user, Instance: instance, Number: in.command.Number}, last, o.answer, records)
	}
}

func (m *machine) helloOnce(in input, o outcome, known bool, records []*rules.Record) {
	if o.refused != nil {
		m.seen.goaway(o.refused)
		if len(records) > 0 || o.attached != nil {
			m.Errorf("a refused Hello left %d records", len(records))
		}
		return
	}
	user, instance, current := m.state.Attached(in.conn)
	if !current || user != in.hello.User || instance != in.hello.Instance {
		m.Errorf("a Hello was taken, and its connection isn't current")
	}
	if o.attached.InstanceKnown != known {
		m.Errorf("instance known: got %v, want %v", o.attached.InstanceKnown, known)
	}
	self, since := m.state.Self(o.attached.MemberID)
	if self == nil || self.Away || since.Epoch == 0 || since.Seq == 0 {
		m.Errorf("a Hello was taken, and its member is %v since %v", self, since)
	}
}

// actOnce: an act of the operator is done with records, or refused without; nobody stays whom it removes.
func (m *machine) actOnce(a rules.Act, r rules.ActResult, records []*rules.Record, ended []rules.Ended) {
	if (r.Err == nil) != (len(records) > 0) || r.Err != nil && len(ended) > 0 {
		m.Errorf("the operator's %+v left %d records, %d ends, and is told %v", a, len(records), len(ended), r.Err)
	}
	for _, e := range ended {
		if e.Goaway.GetReason() != singoffv1.Goaway_REASON_ADMIN || !e.Goaway.Final {
			m.Errorf("the operator's %+v ended a connection with %v", a, e.Goaway)
		}
	}
	there := m.state.Room("").Members
	switch {
	case r.Err != nil:
		m.seen.add("operator refused")
	case a.Kick != nil:
		if self, _ := m.state.Self(a.Kick.MemberID); self != nil || r.Member.GetMemberId() != a.Kick.MemberID {
			m.Errorf("%s was kicked, the operator is told %v, and there is %v", a.Kick.MemberID, r.Member, self)
		}
	case a.Close:
		if len(there) > 0 || !m.state.Empty() {
			m.Errorf("the room was closed, and there are %v", there)
		}
	}
}

// commandOnce: each number that is decided has exactly one record, and no other number has an effect.
func (m *machine) commandOnce(c rules.Command, key rules.CommandKey, last uint64, a rules.Answer, records []*rules.Record) {
	own := 0
	for _, r := range records {
		if r.Command != nil {
			own++
			if *r.Command != key {
				m.Errorf("the record of %v was left by %v", *r.Command, key)
			}
		}
	}
	now, _ := m.state.LastNumber(key.User, key.Instance)
	switch {
	case c.Number == last+1:
		if own != 1 || now != c.Number || a.Event != nil {
			m.Errorf("number %d: %d records, last number %d, answer %v, want one record", c.Number, own, now, a.Event)
		}
	case c.Number == 0:
		if own != 0 || now != last || a.Event != nil && len(records) > 0 {
			m.Errorf("number 0: %d own of %d records, answer %v", own, len(records), a.Event)
		}
	case c.Number <= last:
		if len(records) > 0 || now != last || !a.Event.GetAck().GetRepeated() || a.Event.Number != c.Number {
			m.Errorf("repeated number %d: %d records, answer %v", c.Number, len(records), a.Event)
		}
		m.seen.add("repeated")
	default:
		r := a.Event.GetRejected()
		if len(records) > 0 || now != last || r.GetReason() != singoffv1.Rejected_REASON_NOT_TAKEN || r.NextNumber != last+1 {
			m.Errorf("number %d after %d: %d records, answer %v", c.Number, last, len(records), a.Event)
		}
		m.seen.add("NOT_TAKEN")
	}
}

// time lets what is due happen in one go, and in steps on a copy: the same things happen.
func (m *machine) time(t *rapid.T) {
	m.tb = t
	m.now = m.now.Add(drawTime(t))
	b := m.decide(func(*rules.Batch) {})
	for _, r := range b.Records {
		m.seen.record(r)
	}
	if due, any := m.state.Due(&m.cfg); any && !due.After(b.Now()) {
		t.Errorf("after a tick at %v something is due at %v", b.Now(), due)
	}
}

// node lets another node open the room now and then, and otherwise somebody go on from a snapshot.
func (m *machine) node(t *rapid.T) {
	m.tb = t
	switch oneOf(t, "node", "replica", "snapshot", "opens", "replica", "snapshot") {
	case "opens":
		m.opening(t)
	case "replica":
		m.replica = throughSnapshot(t, m.replica)
	case "snapshot":
		m.state = throughSnapshot(t, m.state)
	}
	m.check()
}

func (m *machine) opening(t *rapid.T) {
	m.reopen()
	for _, c := range m.conns {
		if _, _, current := m.state.Attached(c); current {
			t.Errorf("connection %d is current in another epoch", c)
		}
	}
}

// sightings count what happened in all runs, so that a test that never gets anywhere fails.
type sightings struct {
	mu     sync.Mutex
	counts map[string]int
}

func (s *sightings) add(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what]++
}

func (s *sightings) goaway(g *singoffv1.Goaway) {
	if g != nil {
		s.add(short(g.Reason, "REASON_"))
	}
}

func (s *sightings) record(r *rules.Record) {
	switch body := r.Event.GetBody().(type) {
	case *singoffv1.Event_Presence:
		s.add(short(body.Presence.Change, "CHANGE_"))
		s.add(short(body.Presence.Reason, "REASON_"))
	case *singoffv1.Event_Vote:
		s.add(short(body.Vote.Choice, "CHOICE_"))
	case *singoffv1.Event_Playback:
		s.add(short(body.Playback.Action, "ACTION_"))
	case *singoffv1.Event_Moderation:
		s.add(short(body.Moderation.Action, "ACTION_"))
	case *singoffv1.Event_ChatMessage:
		s.add("chat")
	case *singoffv1.Event_MusicSelected:
		s.add("pick")
	case *singoffv1.Event_RoomClosed:
		s.add("closed")
	case *singoffv1.Event_Announcement:
		s.add("announcement")
	case *singoffv1.Event_Ack:
		s.add("ack")
	}
}

func (s *sightings) want(t *testing.T, all ...string) {
	t.Helper()
	var lines []string
	for what, n := range s.counts {
		lines = append(lines, fmt.Sprintf("%6d %s", n, what))
	}
	sort.Strings(lines)
	t.Logf("what happened:\n%s", strings.Join(lines, "\n"))
	for _, what := range all {
		if s.counts[what] == 0 {
			t.Errorf("%s never happened", what)
		}
	}
}
