package room

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// Manager holds the rooms of a process. Its methods may be called concurrently.
type Manager struct {
	log         eventlog.Log
	cfg         Config
	limits      *singoffv1.Limits
	metrics     *metrics
	ctx         context.Context
	stop        context.CancelFunc
	running     sync.WaitGroup // the rooms' loops
	connections atomic.Int64
	gone        chan struct{} // some connection is over; for Drain
	nextConn    atomic.Uint64
	refusing    atomic.Int64 // rooms whose log refuses or doesn't answer
	unopened    unopened

	mu       sync.Mutex // protects rooms, order, draining; taken before a room's, never while holding one
	rooms    map[eventlog.Key]*room
	order    []eventlog.Key // sorted; nil: to be sorted again
	draining bool
}

// NewManager makes a manager of rooms that are kept in the log. The log stays the caller's, who closes it after the manager.
func NewManager(log eventlog.Log, cfg Config) (*Manager, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = realClock{}
	}
	m := &Manager{log: log, cfg: cfg, limits: limits(cfg), rooms: map[eventlog.Key]*room{}, gone: make(chan struct{}, 1)}
	m.metrics = newMetrics(cfg.Registerer, m)
	m.ctx, m.stop = context.WithCancel(context.Background())
	return m, nil
}

// limits are what Welcome tells: the caller's, and those that the rules and this package hold to.
func limits(cfg Config) *singoffv1.Limits {
	l := &singoffv1.Limits{}
	if cfg.Limits != nil {
		l = proto.CloneOf(cfg.Limits)
	}
	l.ChatCharacters = uint32(cfg.Rules.ChatCharacters)
	l.NicknameClusters = 32
	l.UnansweredCommands = MaxUnanswered
	l.ReplayEvents = MaxReplayEvents
	l.ReplayBytes = MaxReplayBytes
	l.Hold = durationpb.New(cfg.Rules.Hold)
	l.StartLead = durationpb.New(cfg.Rules.StartLead)
	return l
}

// Join opens a connection with its Hello. It never waits: the answer comes out of the connection's SendLoop. A Goaway refuses at once.
func (m *Manager) Join(key eventlog.Key, hello rules.Hello, about Joining) (*Conn, *singoffv1.Goaway) {
	if m.connections.Add(1) > int64(m.cfg.MaxConnections) {
		m.left()
		return nil, tooMany("the server has %d connections, as many as it takes", m.cfg.MaxConnections)
	}
	c := &Conn{
		id: rules.Connection(m.nextConn.Add(1)), about: about, since: m.cfg.Clock.Now(), user: hello.User, instance: hello.Instance,
		slots: make(chan struct{}, MaxUnanswered), wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	rand.Read(c.secret[:])
	for {
		r, isNew, refused := m.room(key, about.MayOpen)
		if refused == nil {
			var ok bool
			c.room = r
			refused, ok = r.enter(c, &hello)
			if isNew {
				go r.loop() // only now: a room that nobody has entered would be unloaded at once
			}
			if !ok {
				continue // it closed between finding and entering
			}
		}
		if refused != nil {
			m.left()
			return nil, refused
		}
		return c, nil
	}
}

// left notes that a connection is over.
func (m *Manager) left() {
	m.connections.Add(-1)
	m.wakeDrain()
}

// wakeDrain never waits.
func (m *Manager) wakeDrain() {
	select {
	case m.gone <- struct{}{}:
	default:
	}
}

// room finds a room, or makes a new one if that may be, whose loop the caller must start.
func (m *Manager) room(key eventlog.Key, mayOpen func() *singoffv1.Goaway) (r *room, isNew bool, refused *singoffv1.Goaway) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.draining {
		return nil, false, draining(0)
	}
	known := m.rooms[key]
	if known != nil && !known.closed.Load() {
		return known, false, nil
	}
	if known == nil && len(m.rooms) >= m.cfg.MaxRooms {
		return nil, false, tooMany("the server has %d rooms, as many as it takes", m.cfg.MaxRooms)
	}
	if known == nil && mayOpen != nil {
		if refused := mayOpen(); refused != nil {
			return nil, false, refused
		}
	}
	r = &room{
		key: key, manager: m, wall: m.cfg.Clock.Now(), wake: make(chan struct{}, 1), results: make(chan result, 1),
		conns: map[rules.Connection]*Conn{}, acts: map[uint64]*act{},
		logger: m.cfg.Logger.With().Str("namespace", key.Namespace).Str("room", key.Room).Logger(),
	}
	r.ctx, r.stop = context.WithCancel(m.ctx)
	m.rooms[key] = r
	m.order = nil
	m.running.Add(1)
	return r, true, nil
}

// remove forgets a room that has closed.
func (m *Manager) remove(r *room) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rooms[r.key] == r {
		delete(m.rooms, r.key)
		m.order = nil
	}
}

// enter registers a connection with its Hello; false: the room has closed meanwhile.
func (r *room) enter(c *Conn, hello *rules.Hello) (refused *singoffv1.Goaway, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed.Load():
		return nil, false
	case r.draining:
		return draining(0), true
	case r.away:
		return engine.LogUnreachable(), true
	}
	r.conns[c.id] = c
	r.pushLocked(engine.Input{Connection: c.id, Hello: hello, Size: 256})
	return nil, true
}

func newBatchID() (id eventlog.BatchID) {
	rand.Read(id[:])
	return id
}

// newEpoch is never 0, which says that there is none.
func newEpoch() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return max(1, binary.BigEndian.Uint64(b[:]))
}
