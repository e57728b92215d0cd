package room

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
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
	nextConn    atomic.Uint64
	refusing    atomic.Int64 // rooms whose log refuses or doesn't answer

	mu       sync.Mutex // protects rooms, order, draining
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
	m := &Manager{log: log, cfg: cfg, limits: limits(cfg), rooms: map[eventlog.Key]*room{}}
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
		m.connections.Add(-1)
		return nil, tooMany("the server has %d connections, as many as it takes", m.cfg.MaxConnections)
	}
	c := &Conn{
		id: rules.Connection(m.nextConn.Add(1)), about: about, user: hello.User, instance: hello.Instance,
		slots: make(chan struct{}, MaxUnanswered), wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	rand.Read(c.secret[:])
	for {
		r, refused := m.room(key)
		if refused == nil {
			c.room = r
			var ok bool
			if refused, ok = r.enter(c, &hello); !ok {
				continue // it closed between finding and entering
			}
		}
		if refused != nil {
			m.connections.Add(-1)
			return nil, refused
		}
		return c, nil
	}
}

// room finds a room, or starts opening it.
func (m *Manager) room(key eventlog.Key) (*room, *singoffv1.Goaway) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.draining {
		return nil, draining()
	}
	r := m.rooms[key]
	if r != nil && !r.isClosed() {
		return r, nil
	}
	if len(m.rooms) >= m.cfg.MaxRooms {
		return nil, tooMany("the server has %d rooms, as many as it takes", m.cfg.MaxRooms)
	}
	r = &room{
		key: key, manager: m, wall: m.cfg.Clock.Now(), wake: make(chan struct{}, 1), results: make(chan result, 1),
		conns:  map[rules.Connection]*Conn{},
		logger: m.cfg.Logger.With().Str("namespace", key.Namespace).Str("room", key.Room).Logger(),
	}
	r.ctx, r.stop = context.WithCancel(m.ctx)
	m.rooms[key] = r
	m.order = nil
	m.running.Add(1)
	go r.loop()
	return r, nil
}

func (r *room) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
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

// Rooms lists at most n rooms of a namespace that somebody is in, with ids above after, in the order of their ids.
func (m *Manager) Rooms(namespace, after string, n int) []*singoffv1.RoomSummary {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.order == nil {
		for key := range m.rooms {
			m.order = append(m.order, key)
		}
		slices.SortFunc(m.order, compareKeys)
	}
	from, found := slices.BinarySearchFunc(m.order, eventlog.Key{Namespace: namespace, Room: after}, compareKeys)
	if found {
		from++
	}
	var list []*singoffv1.RoomSummary
	for _, key := range m.order[from:] {
		if key.Namespace != namespace || len(list) == n {
			break
		}
		if s := m.rooms[key].summary.Load(); s != nil {
			list = append(list, s)
		}
	}
	return list
}

func compareKeys(a, b eventlog.Key) int {
	switch {
	case a.Namespace < b.Namespace, a.Namespace == b.Namespace && a.Room < b.Room:
		return -1
	case a == b:
		return 0
	}
	return 1
}

// Refusing says whether some room's log refuses appends or doesn't answer.
func (m *Manager) Refusing() bool { return m.refusing.Load() > 0 }

// Drain refuses new joins and sends everybody away, with times to come back spread over spread. It waits until all connections have
// ended or ctx is done, and answers with ctx's error then.
func (m *Manager) Drain(ctx context.Context, spread time.Duration) error {
	m.mu.Lock()
	m.draining = true
	rooms := make([]*room, 0, len(m.rooms))
	for _, r := range m.rooms {
		rooms = append(rooms, r)
	}
	m.mu.Unlock()
	for _, r := range rooms {
		r.drain(spread)
	}
	tick := m.cfg.Clock.NewTimer(0)
	defer tick.Stop()
	for m.connections.Load() > 0 {
		tick.Reset(10 * time.Millisecond)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (r *room) drain(spread time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		bye := draining()
		bye.RetryAfter = durationpb.New(time.Second + mathrand.N(max(spread, 1)))
		r.expelLocked(c, bye, singoffv1.Presence_REASON_SHUT_DOWN)
	}
}

// Close ends all rooms, without a goodbye to whoever is still connected, and waits for their goroutines.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.draining = true
	m.mu.Unlock()
	m.stop()
	m.running.Wait()
	return nil
}

func draining() *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_DRAINING, Message: "the server shuts down; come back soon",
		RetryAfter: durationpb.New(time.Second),
	}
}

func tooMany(format string, limit int) *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason: singoffv1.Goaway_REASON_TOO_MANY, Message: fmt.Sprintf(format, limit),
		RetryAfter: durationpb.New(time.Second + mathrand.N(4*time.Second)),
	}
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
