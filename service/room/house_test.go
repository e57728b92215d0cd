package room_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const singer, watcher, observer = singoffv1.Role_ROLE_SINGER, singoffv1.Role_ROLE_WATCHER, singoffv1.Role_ROLE_OBSERVER

var battle = eventlog.Key{Namespace: "default", Room: "battle"}

// house is a Manager over a log that fails on purpose, in a bubble of time.
type house struct {
	*room.Manager
	t   *testing.T
	log *faulty
}

// inHouse runs a test in a bubble: time passes only when everybody waits.
func inHouse(t *testing.T, test func(t *testing.T, h *house), change ...func(*room.Config)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newLog(t, newMemlog(t)), change...)
		defer h.close()
		test(t, h)
	})
}

func newHouse(t *testing.T, log *faulty, change ...func(*room.Config)) *house {
	t.Helper()
	cfg := room.DefaultConfig()
	for _, c := range change {
		c(&cfg)
	}
	m, err := room.NewManager(log, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &house{Manager: m, t: t, log: log}
}

func (h *house) close() {
	h.t.Helper()
	if err := h.Close(); err != nil {
		h.t.Error(err)
	}
}

func newMemlog(t testing.TB) *memlog.Log {
	t.Helper()
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// guest is one instance of somebody, who remembers what a client remembers.
type guest struct {
	h        *house
	key      eventlog.Key
	name     string
	instance string
	role     singoffv1.Role
	attempt  uint64
	takeOver bool
	resume   *singoffv1.Resume
	number   uint64
}

func (h *house) guest(name string, role singoffv1.Role) *guest {
	return &guest{h: h, key: battle, name: name, instance: name + "'s page", role: role}
}

// enter joins, and fails the test if that is refused at once.
func (g *guest) enter() *stream {
	g.h.t.Helper()
	s, refused := g.try()
	if refused != nil {
		g.h.t.Fatalf("%s was refused at once: %v", g.name, refused)
	}
	return s
}

// try joins; the stream's events come as far as nothing else is to be done.
func (g *guest) try() (*stream, *singoffv1.Goaway) {
	s, refused := g.connect()
	if refused == nil {
		s.start()
		synctest.Wait()
	}
	return s, refused
}

// connect joins without anybody who takes the events.
func (g *guest) connect() (*stream, *singoffv1.Goaway) {
	g.attempt++
	nickname := g.name
	if g.role == observer {
		nickname = ""
	}
	conn, refused := g.h.Join(g.key, rules.Hello{
		User: rules.Guest([]byte(g.name)), Instance: rules.InstanceOf(g.instance), Attempt: g.attempt,
		TakeOver: g.takeOver, Role: g.role, Nickname: nickname,
	}, room.Joining{Instance: g.instance, Resume: g.resume})
	if refused != nil {
		return nil, refused
	}
	return &stream{Conn: conn, g: g, cut: make(chan struct{}), over: make(chan struct{})}, nil
}

// back resumes from what a stream has received.
func (g *guest) back(s *stream) *stream {
	g.h.t.Helper()
	g.resume = s.place()
	return g.enter()
}

// stream is an open connection and what has come out of it.
type stream struct {
	*room.Conn
	g    *guest
	cut  chan struct{} // closed: the stream is broken, sends fail
	over chan struct{} // closed when SendLoop has returned

	said  []string // by a regular, with the numbers from first on
	first uint64

	mu     sync.Mutex
	held   chan struct{} // a send waits until it is closed; nil: none does
	events []*singoffv1.Event
	frames []int // bytes of each
	bye    *singoffv1.Goaway
}

func (s *stream) start() {
	go func() {
		defer close(s.over)
		bye := s.SendLoop(s.send)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bye = bye
	}()
}

func (s *stream) send(parts [][]byte) error {
	s.mu.Lock()
	held := s.held
	s.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-s.cut:
		}
	}
	select {
	case <-s.cut:
		return errors.New("the stream is broken")
	default:
	}
	var frame []byte
	for _, p := range parts {
		frame = append(frame, p...)
	}
	response := &singoffv1.JoinResponse{}
	if err := proto.Unmarshal(frame, response); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, response.Events...)
	s.frames = append(s.frames, len(frame))
	return nil
}

// hold lets sends wait; release lets them go on.
func (s *stream) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = make(chan struct{})
}

func (s *stream) release() {
	s.mu.Lock()
	close(s.held)
	s.held = nil
	s.mu.Unlock()
	synctest.Wait()
}

// breaks is what happens when the network does, and the server notices.
func (s *stream) breaks() {
	close(s.cut)
	s.Lost()
	synctest.Wait()
}

// says chats with the instance's next number.
func (s *stream) says(text string) {
	s.g.h.t.Helper()
	s.does(&singoffv1.ChatMessage{Text: text})
}

// does hands a command with the instance's next number in, and waits until everything is done that comes of it.
func (s *stream) does(body any) {
	s.g.h.t.Helper()
	s.g.number++
	s.do(s.g.number, body)
	synctest.Wait()
}

func (s *stream) do(number uint64, body any) {
	s.g.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Do(ctx, rules.Command{Number: number, Body: body, Size: 100}); err != nil {
		s.g.h.t.Errorf("%s: command %d: %v", s.g.name, number, err)
	}
}
