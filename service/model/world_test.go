package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// world is one schedule: everything that exists, and the seed that decides what happens.
type world struct {
	rnd      *rand.Rand
	key      eventlog.Key
	cfg      rules.Config
	now      time.Time
	store    store
	nodes    []*node // the last one is the newest
	links    []*link
	clients  []*client
	lastConn rules.Connection
	batches  uint64
	texts    int
	acts     []*act // of the operator
	calm     bool   // no more faults
	failure  string
	step     int
	era      int            // rises when the log is lost
	past     []*history     // of the eras before
	said     map[string]int // chat texts of all eras: how often
	reaches  map[string]int // what has happened at all
}

const (
	users      = 5  // more than seats of a kind, so that seats run out
	maxClients = 60 // fewer than the sessions that a room remembers
)

func newWorld(seed uint64) *world {
	cfg := rules.DefaultConfig()
	cfg.Watchers = 2
	w := &world{
		rnd: rand.New(rand.NewPCG(seed, seed)), key: eventlog.Key{Namespace: "default", Room: "model"}, cfg: cfg,
		now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), said: map[string]int{}, reaches: map[string]int{},
	}
	w.boot()
	for u := range users {
		w.program(u)
	}
	return w
}

func (w *world) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf("step %d: ", w.step) + fmt.Sprintf(format, args...)
	}
}

// program starts a new instance of a user: a person did that, so it takes over.
func (w *world) program(u int) {
	role := singoffv1.Role_ROLE_SINGER
	switch x := w.rnd.IntN(10); {
	case x < 4:
		role = singoffv1.Role_ROLE_WATCHER
	case x == 9:
		role = singoffv1.Role_ROLE_OBSERVER
	}
	key := fmt.Sprintf("guest key of %d...", u)[:16]
	c := &client{
		w: w, name: fmt.Sprintf("%c/%d", 'a'+u, len(w.clients)), key: []byte(key), user: rules.Guest([]byte(key)),
		commands: map[session.CommandID]*command{},
	}
	c.seen = &sight{c: c}
	s, err := session.New(session.Config{TakeOver: true, Hello: &singoffv1.Hello{
		RoomId: "model", Nickname: fmt.Sprintf("%c%d", 'a'+u, w.rnd.IntN(3)), Role: role, GuestKey: c.key, Instance: c.name,
	}})
	if err != nil {
		w.fail("%v", err)
		return
	}
	c.s = s
	w.clients = append(w.clients, c)
}

func (c *client) instance() rules.Instance { return rules.InstanceOf(c.name) }

// boot opens the room on a new node. The one before may live on and not know.
func (w *world) boot() {
	n := newNode(w)
	for range 20 {
		if n.open() {
			w.nodes = append(w.nodes, n)
			return
		}
	}
	w.fail("the room can't be opened")
}

func (w *world) newest() *node { return w.nodes[len(w.nodes)-1] }

func (w *world) resumeOf(l *link) *singoffv1.Resume {
	if l == nil {
		return nil
	}
	return l.resume
}

// turn does one random thing.
func (w *world) turn() {
	w.step++
	switch x := w.rnd.IntN(1000); {
	case x < 250:
		w.deliverUp()
	case x < 500:
		w.deliverDown()
	case x < 640:
		w.pickNode().decide()
	case x < 790:
		w.pickNode().settle()
	case x < 950:
		w.act(w.pickClient())
	case x < 960:
		w.pickClient().lost()
	case x < 970:
		w.serverLoses()
	case x < 980:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(20_000)) * time.Millisecond)
	case x < 981:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(20)) * time.Minute)
	case x < 985:
		w.haunt()
	case x < 990:
		w.person()
	case x < 992:
		w.newest().crash()
		w.boot()
	case x < 993:
		w.boot()
	case x < 997:
		w.snap()
	case x < 998 && w.rnd.IntN(3) == 0:
		w.loseLog()
	case x >= 998:
		w.operate()
	}
	for _, c := range w.clients {
		c.seen.caughtUp()
	}
}

func (w *world) pickNode() *node {
	n := w.nodes[len(w.nodes)-1-w.rnd.IntN(min(2, len(w.nodes)))]
	if !n.alive {
		return w.newest()
	}
	return n
}

// pickClient prefers the newer ones: of the older many have ended.
func (w *world) pickClient() *client {
	n := len(w.clients)
	return w.clients[max(w.rnd.IntN(n), w.rnd.IntN(n))]
}

// act lets a client do what it can.
func (w *world) act(c *client) {
	switch {
	case c.killed || c.s.Phase() == session.Ended:
		if c.replaced || len(w.clients) >= maxClients {
			return
		}
		c.replaced = true
		w.program(int(c.name[0] - 'a'))
	case c.link == nil:
		c.connect(w.pickNode())
	default:
		for range w.rnd.IntN(4) {
			c.ask()
		}
		c.send()
	}
}

func (w *world) deliverUp() {
	var ready []*link
	for _, l := range w.links {
		if len(l.up) > 0 && l.serverUp && l.node.alive {
			ready = append(ready, l)
		}
	}
	if len(ready) == 0 {
		return
	}
	l := ready[w.rnd.IntN(len(ready))]
	for range 1 + w.rnd.IntN(len(l.up)) {
		l.arrive()
	}
}

// arrive brings the next message of a link to its node.
func (l *link) arrive() {
	req := l.up[0]
	l.up = l.up[1:]
	in := engine.Input{Connection: l.id}
	if h := req.GetHello(); h != nil {
		in.Hello = &rules.Hello{
			User: l.user, Instance: l.instance, Attempt: h.Attempt, TakeOver: h.TakeOver, Role: h.Role, Nickname: h.Nickname,
		}
	} else {
		cmd := bodyOf(req)
		in.Command = &cmd
	}
	l.node.eng.Push(in)
}

func (w *world) deliverDown() {
	var ready []*link
	for _, l := range w.links {
		if len(l.down) > 0 {
			ready = append(ready, l)
		}
	}
	if len(ready) > 0 {
		l := ready[w.rnd.IntN(len(ready))]
		for range 1 + w.rnd.IntN(len(l.down)) {
			l.client.receive(l)
			l.client.seen.caughtUp()
		}
		l.client.send()
	}
}

// serverLoses lets the server notice a broken connection, or believe in one: what was on its way is lost.
func (w *world) serverLoses() {
	var up []*link
	for _, l := range w.links {
		if l.serverUp && l.node.alive {
			up = append(up, l)
		}
	}
	if len(up) == 0 {
		return
	}
	l := up[w.rnd.IntN(len(up))]
	l.break_(w.rnd.IntN(len(l.down) + 1))
}

// break_ ends a link on the server's side; so many events still reach the client.
func (l *link) break_(reach int) {
	if l.serverUp && l.node.alive {
		l.node.eng.Push(engine.Input{Connection: l.id, Lost: singoffv1.Presence_REASON_CONNECTION_LOST})
	}
	l.serverUp, l.attached, l.up, l.down = false, false, nil, l.down[:min(reach, len(l.down))]
}

// haunt lets an append succeed whose outcome nobody knew.
func (w *world) haunt() {
	if n := len(w.store.ghosts); n > 0 {
		i := w.rnd.IntN(n)
		g := w.store.ghosts[i]
		w.store.ghosts = slices.Delete(w.store.ghosts, i, i+1)
		_, _ = w.store.append(g.after, g.entry)
	}
}

// person starts another program of somebody, or kills one, at random.
func (w *world) person() {
	if w.rnd.IntN(2) == 0 {
		c := w.pickClient()
		c.killed, c.link = true, nil
		return
	}
	if len(w.clients) < maxClients {
		w.program(w.rnd.IntN(users))
	}
}

// loseLog is a restart with a log in memory: everything that was kept is gone, and everybody starts anew.
func (w *world) loseLog() {
	for _, n := range w.nodes {
		if n.alive {
			n.crash()
		}
	}
	w.past = append(w.past, w.history())
	w.store = store{}
	w.era++
	w.reached("log lost")
	w.boot()
}

func (w *world) snap() {
	if n := w.newest(); n.alive {
		if s, err := n.eng.Snapshot(); err == nil {
			w.store.snapshot = &s
		}
	}
}

// checkState looks at a state that the log has kept.
func (w *world) checkState(s *rules.State) {
	seats := map[string]bool{}
	usersSeated := map[string]bool{}
	room := s.Room("")
	for _, m := range s.Snapshot().Members {
		if m.Role == singoffv1.Role_ROLE_OBSERVER {
			continue
		}
		seat := fmt.Sprint(m.Role, m.Seat)
		limit := room.Seats.Singers
		if m.Role == singoffv1.Role_ROLE_WATCHER {
			limit = room.Seats.Watchers
		}
		if seats[seat] || m.Seat < 1 || m.Seat > limit {
			w.fail("seat %s is taken twice, or isn't there", seat)
		}
		seats[seat] = true
		user := s.Snapshot().Sessions.User[m.Session]
		if usersSeated[fmt.Sprint(user)] {
			w.fail("one user has two seats")
		}
		usersSeated[fmt.Sprint(user)] = true
	}
}

// checkEnd: nobody loses a connection to an older try of its own, nor to another instance that no person sent.
func (w *world) checkEnd(n *node, l *link, e rules.Ended) {
	reason := e.Goaway.GetReason()
	if !l.attached || reason != singoffv1.Goaway_REASON_TAKEN_OVER && reason != singoffv1.Goaway_REASON_SUPERSEDED {
		return
	}
	for _, o := range n.links {
		if o == l || o.user != l.user {
			continue
		}
		if o.instance == l.instance && o.attempt > l.attempt || o.instance != l.instance && o.takeOver {
			return
		}
	}
	w.fail("%s (attempt %d) lost its place (%v) to nobody who may take it", l.client.name, l.attempt, reason)
}

// quiesce ends all faults and lets everybody come to rest.
func (w *world) quiesce() {
	w.calm = true
	for _, n := range w.nodes[:len(w.nodes)-1] {
		if n.alive {
			n.crash()
		}
	}
	for range 400 {
		w.step++
		w.now = w.now.Add(time.Millisecond)
		busy := false
		for _, l := range w.links {
			if l.serverUp && (l.client.link != l || l.client.killed) {
				l.break_(0)
				busy = true
			}
			for len(l.up) > 0 && l.serverUp && l.node.alive {
				l.arrive()
				busy = true
			}
		}
		busy = w.drainNode() || busy
		for _, c := range w.clients {
			busy = w.calmClient(c) || busy
		}
		if !busy {
			return
		}
	}
	w.fail("the world doesn't come to rest")
}

func (w *world) drainNode() (busy bool) {
	n := w.newest()
	for {
		if _, pending := n.eng.Pending(); pending {
			n.settle()
			busy = true
			if !n.alive {
				w.boot()
				return true
			}
			continue
		}
		if !n.eng.Waiting() && !n.eng.Owing() {
			return busy
		}
		n.decide()
		busy = true
	}
}

func (w *world) calmClient(c *client) (busy bool) {
	if c.killed || c.s.Phase() == session.Ended {
		return false
	}
	if c.link == nil {
		c.connect(w.newest())
		return true
	}
	l := c.link
	for len(l.down) > 0 && c.link == l {
		c.receive(l)
		c.seen.caughtUp()
		busy = true
	}
	if c.link == l && !l.serverUp {
		c.lost()
		return true
	}
	before := 0
	if c.link != nil {
		before = len(c.link.up)
	}
	c.send()
	return busy || c.link != nil && len(c.link.up) > before
}

// verdict checks everything that must hold in the end.
func (w *world) verdict() {
	h := w.history()
	eras := append(slices.Clone(w.past), h)
	for _, c := range w.clients {
		for era, log := range eras {
			log.check(c, era)
		}
		c.seen.check(eras)
		if !c.killed && c.s.Phase() != session.Ended && c.s.Phase() != session.Joined {
			w.fail("%s is stuck in phase %v, goaway %v", c.name, c.s.Phase(), c.s.Goaway())
		}
		if c.s.Phase() == session.Joined && !c.killed && (c.s.Unanswered() > 0 || c.s.Waiting() > 0) {
			w.fail("%s: %d commands were never answered, %d never sent", c.name, c.s.Unanswered(), c.s.Waiting())
		}
	}
	w.checkActs(eras)
	n := w.newest()
	for _, c := range w.clients {
		if !c.killed && c.s.Phase() == session.Joined {
			c.seen.checkState(n.eng.State())
		}
	}
	w.checkGhosts(n)
	w.checkReplay(n)
	w.checkTallies(h, n)
}

// checkGhosts: who isn't away has a connection that lives.
func (w *world) checkGhosts(n *node) {
	for _, m := range n.eng.State().Snapshot().Members {
		if m.Connection == 0 {
			continue
		}
		if l := n.links[rules.Connection(m.Connection)]; l == nil || !l.serverUp {
			w.fail("%q counts as connected by a connection that is gone", m.Nickname)
		}
	}
}

func (w *world) checkTallies(h *history, n *node) {
	state := n.eng.State()
	room := state.Room("")
	snap := state.Snapshot()
	for i, m := range room.Members {
		for _, t := range room.Tallies {
			if t.SingerMemberId != m.MemberId {
				continue
			}
			var u rules.User
			copy(u[:], snap.Users[16*snap.Sessions.User[snap.Members[i].Session]:])
			up, down := h.tally.of(u)
			if t.Tally.UpGuests != up || t.Tally.DownGuests != down {
				w.fail("the tally of %s is %v, recounted %d and %d", m.Nickname, t.Tally, up, down)
			}
		}
	}
}
