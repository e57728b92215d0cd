package model

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// node is one opening of the room: an engine, and the links of those who joined there.
type node struct {
	w     *world
	eng   *engine.Engine
	links map[rules.Connection]*link
	alive bool
	era   int // of the log that it opened

}

// link is one connection, seen from both ends.
type link struct {
	id       rules.Connection
	client   *client
	node     *node
	up       []*singoffv1.JoinRequest // on their way to the server
	down     []*singoffv1.Event       // on their way to the client
	serverUp bool                     // the server hasn't noticed an end
	attached bool
	user     rules.User
	instance rules.Instance
	resume   *singoffv1.Resume
	takeOver bool
	attempt  uint64

	// As the client sees it.

	underWay map[uint64]bool // numbers without an answer
	drains   bool            // one of them wasn't taken: nothing is sent until all are answered
}

func newNode(w *world) *node {
	return &node{w: w, links: map[rules.Connection]*link{}, alive: true, era: w.era}
}

// open rebuilds the room from the log and tries to keep a RoomOpened; false: another node was quicker, or the log refused.
func (n *node) open() bool {
	state, err := engine.Load(n.w.key, n.w.store.head())
	if err != nil {
		n.w.fail("load: %v", err)
		return false
	}
	n.eng = engine.New(n.w.cfg, state, n.w.store.head().Position, n.w.batchID)
	app := n.eng.Open(n.w.now, n.w.rnd.Uint64()|1)
	at, err := n.w.store.append(app.After, app.Entry)
	if err != nil {
		return false
	}
	n.publish(n.eng.Kept(n.w.now, at))
	return true
}

// decide lets the engine take a batch, if none is under way.
func (n *node) decide() {
	if _, busy := n.eng.Pending(); busy {
		return
	}
	if _, must, out := n.eng.Decide(n.w.now); !must {
		n.publish(out)
	}
}

// settle lets the log answer the append under way, or not.
func (n *node) settle() {
	app, busy := n.eng.Pending()
	if !busy {
		return
	}
	switch x := n.w.rnd.IntN(100); {
	case n.w.calm || x < 70:
		n.try(app)
	case x < 80: // refused: surely not kept, so it must not be one that was handed on before
		if !n.w.store.knows(app.Entry.Batch) {
			n.w.reached("refused")
			n.publish(n.eng.Refused())
		}
	case x < 87: // unknown, kept
		_, _ = n.w.store.append(app.After, app.Entry)
		n.w.store.handed(app.Entry.Batch)
	case x < 93: // unknown, kept later or never
		n.w.store.ghosts = append(n.w.store.ghosts, ghost{app.After, app.Entry})
		n.w.store.handed(app.Entry.Batch)
	}
}

func (n *node) try(app engine.Append) {
	at, err := n.w.store.append(app.After, app.Entry)
	if err != nil {
		n.moved()
		return
	}
	n.publish(n.eng.Kept(n.w.now, at))
}

// moved ends everybody here: another node has the room.
func (n *node) moved() {
	n.alive = false
	n.w.reached("moved")
	for _, l := range n.sorted() {
		l.say(&singoffv1.Event{Body: &singoffv1.Event_Goaway{Goaway: &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_MOVED}}})
		l.serverUp = false
	}
}

// crash is the end of the node: nobody is told.
func (n *node) crash() {
	n.alive = false
	for _, l := range n.links {
		l.serverUp = false
	}
}

func (n *node) sorted() (links []*link) {
	for id := rules.Connection(0); id <= n.w.lastConn; id++ {
		if l := n.links[id]; l != nil {
			links = append(links, l)
		}
	}
	return links
}

// publish does what package room does: the same order of items, tells, welcomes and ends.
func (n *node) publish(out engine.Output) {
	n.w.checkState(n.eng.State())
	n.acted(out.Acted)
	ends := map[rules.Connection]rules.Ended{}
	for _, e := range out.Ended {
		ends[e.Connection] = e
	}
	tells := out.Tells
	for i := 0; i <= len(out.Items); i++ {
		for len(tells) > 0 && tells[0].After <= i {
			if l := n.links[tells[0].Connection]; l != nil && l.attached && l.serverUp {
				l.say(tells[0].Event)
			}
			tells = tells[1:]
		}
		if i == len(out.Items) {
			break
		}
		it := out.Items[i]
		for _, l := range n.sorted() {
			e, over := ends[l.id]
			if l.attached && l.serverUp && rules.Visible(it.Audience, l.user) && (!over || it.Seq <= e.Seq) {
				l.say(l.copy(it))
			}
		}
	}
	for _, w := range out.Welcomes {
		if l := n.links[w.Connection]; l != nil && l.serverUp {
			n.welcome(l, w)
		}
	}
	for _, e := range out.Ended {
		l := n.links[e.Connection]
		if l == nil || !l.serverUp {
			continue
		}
		n.w.checkEnd(n, l, e)
		if e.Goaway != nil {
			l.say(&singoffv1.Event{Body: &singoffv1.Event_Goaway{Goaway: e.Goaway}})
		}
		l.serverUp, l.attached = false, false
	}
}

func (n *node) welcome(l *link, w engine.Welcome) {
	s := n.eng.State()
	self, since := s.Self(w.MemberID)
	last, _ := s.LastNumber(w.User, w.Instance)
	l.attached = true
	welcome := &singoffv1.Welcome{
		Self: self, InstanceKnown: w.InstanceKnown, LastNumber: last, MemberSince: since, Epoch: s.Epoch(), SnapshotSeq: s.Seq(),
		Room: s.Room(w.MemberID), RecentChat: s.RecentChat(w.User), Recovery: &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_NEW},
	}
	replay := n.recover(l, s, welcome)
	l.say(&singoffv1.Event{MemberId: self.GetMemberId(), Body: &singoffv1.Event_Welcome{Welcome: welcome}})
	for _, e := range replay {
		l.say(e)
	}
}

// recover finds the missed events, or says why they can't be had. Sometimes they are trimmed.
func (n *node) recover(l *link, s *rules.State, welcome *singoffv1.Welcome) (replay []*singoffv1.Event) {
	r := l.resume
	if r == nil {
		return nil
	}
	epoch, known := s.EpochAt(r.LastSeq)
	if !known || epoch != r.Epoch || n.w.rnd.IntN(8) == 0 {
		welcome.Recovery = &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_SNAPSHOT, Cause: singoffv1.Recovery_CAUSE_TRIMMED}
		return nil
	}
	for _, e := range n.w.store.entries {
		items, err := engine.Items(e.Data)
		if err != nil {
			n.w.fail("items: %v", err)
		}
		for _, it := range items {
			if it.Seq > r.LastSeq && it.Seq <= s.Seq() && rules.Visible(it.Audience, l.user) {
				replay = append(replay, l.copy(it))
			}
		}
	}
	welcome.Recovery = &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_RESUMED, Events: uint32(len(replay))}
	return replay
}

// copy is the event as the link's client gets it.
func (l *link) copy(it engine.Item) *singoffv1.Event {
	response := it.Response
	if k := it.Command; k != nil && k.User == l.user && k.Instance == l.instance {
		response = engine.Numbered(response, k.Number)
	}
	r := &singoffv1.JoinResponse{}
	if err := proto.Unmarshal(response, r); err != nil || len(r.Events) != 1 {
		panic(fmt.Sprintf("a response of one event: %v, %v", r, err))
	}
	return r.Events[0]
}

func (l *link) say(e *singoffv1.Event) { l.down = append(l.down, e) }

func (s *store) handed(id eventlog.BatchID) {
	if s.unknown == nil {
		s.unknown = map[eventlog.BatchID]bool{}
	}
	s.unknown[id] = true
}

// knows says that an append was handed on before: the log can't say any more that it is surely not kept.
func (s *store) knows(id eventlog.BatchID) bool { return s.unknown[id] }

func (w *world) batchID() (id eventlog.BatchID) {
	w.batches++
	binary.BigEndian.PutUint64(id[:], w.batches)
	return id
}
