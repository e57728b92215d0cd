package singoff

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/singoff/singoff/clients/go/roomstate"
	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// State is a room as of its newest event; see roomstate.State.
type State = roomstate.State

// Room is one membership. All its methods may be called concurrently.
type Room struct {
	client  *Client
	options JoinOptions
	logger  zerolog.Logger
	saver   *saver
	clock   *clock
	states  *states
	backoff backoff // of runLoop

	ctx    context.Context // ends with the Room's life
	cancel context.CancelFunc
	wake   chan struct{} // there may be something to send
	woken  chan struct{} // the next try needn't wait for its time
	joined chan struct{} // closed with the first Welcome
	done   chan struct{} // closed when nothing of the Room is left

	events chan taking   // nil: Events isn't used
	slots  chan struct{} // one for each event in events, or about to be

	state  atomic.Pointer[State]
	self   atomic.Pointer[singoffv1.Member]
	limits atomic.Pointer[singoffv1.Limits]

	mu      sync.Mutex // protects what follows
	session *session.Session
	waiters map[session.CommandID]chan session.Result
	once    []*singoffv1.JoinRequest // to be sent at most once, on this connection
	err     error
	// tokenRefused: the server has called the token expired.
	tokenRefused bool
}

// taking is an event with the Resume that holds once the application has taken it.
type taking struct {
	event  *singoffv1.Event
	resume *singoffv1.Resume
}

// newRoom makes a Room that doesn't run yet. The guest key is made, and kept, before anything is sent: a lost Welcome costs nothing.
func (c *Client) newRoom(ctx context.Context, options JoinOptions) (*Room, error) {
	saver, err := newSaver(ctx, options, c.config.logger)
	if err != nil {
		return nil, err
	}
	hello := &singoffv1.Hello{
		Namespace: c.config.namespace, RoomId: options.RoomID, RoomTitle: options.RoomTitle, Nickname: options.Nickname,
		Role: options.Role, Token: options.Token, Instance: rand.Text(), Client: c.config.name,
		PingInterval: durationpb.New(promisedInterval),
	}
	if hello.RoomId == "" {
		hello.RoomId = RoomID(options.RoomTitle)
	}
	if !options.signedIn() {
		hello.GuestKey = saver.saved.GuestKey
	}
	s, err := session.New(session.Config{Hello: hello, TakeOver: !options.NoTakeOver, Resume: saver.saved.Resume})
	if err != nil {
		return nil, err
	}
	room := &Room{
		client: c, options: options, saver: saver, session: s, clock: newClock(), states: newStates(options.OnConnection),
		logger: c.config.logger.With().Str("room", hello.RoomId).Str("nickname", hello.Nickname).Logger(),
		wake:   make(chan struct{}, 1), woken: make(chan struct{}, 1), joined: make(chan struct{}), done: make(chan struct{}),
		waiters: map[session.CommandID]chan session.Result{},
	}
	room.ctx, room.cancel = context.WithCancel(context.Background())
	room.state.Store(&State{})
	if n := options.EventBuffer; n >= 0 {
		if n == 0 {
			n = defaultEventBuffer
		}
		room.events, room.slots = make(chan taking, n), make(chan struct{}, n)
	}
	return room, nil
}

// Events yields every event in its order: each Welcome (with how the stream was recovered), the history a RESUMED replays, everything live,
// and what was said to this connection alone but Pong. It ends with the Room, with an error if the Room has one. There is one
// queue: two loops at once share its events. Taking an event is what moves the saved Resume. Nothing reached through an event may be
// changed.
//
// An application that doesn't take its events in time is never given less of them: when EventBuffer of them wait, the SDK
// reads nothing more from the server, answers to commands included, until one is taken; the server may then end the connection for
// being a slow consumer, and it is resumed when there is room again.
func (r *Room) Events() iter.Seq2[*singoffv1.Event, error] {
	return func(yield func(*singoffv1.Event, error) bool) {
		if r.events == nil {
			<-r.done
		} else if !r.drain(yield) {
			return
		}
		if err := r.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// drain yields events until the Room has ended; false: yield wants no more.
func (r *Room) drain(yield func(*singoffv1.Event, error) bool) bool {
	for t := range r.events {
		<-r.slots
		more := yield(t.event, nil)
		r.saver.took(t.resume)
		if !more {
			return false
		}
	}
	return true
}

// State is the room as of the newest event received.
func (r *Room) State() State { return *r.state.Load() }

// Self is the own member as of the newest event received; after one's own LEFT the last that was known. It must not be changed.
func (r *Room) Self() *singoffv1.Member { return r.self.Load() }

// Limits are the server's, as of the newest Welcome. They must not be changed.
func (r *Room) Limits() *singoffv1.Limits { return r.limits.Load() }

// Now is the server's clock, estimated.
func (r *Room) Now() time.Time { return r.clock.now() }

// Clock tells how well the server's clock is known.
func (r *Room) Clock() ClockReading { return r.clock.reading() }

// Connection is how the connection stands now.
func (r *Room) Connection() ConnectionState { return r.states.node().state }

// Connections yields how the connection stands now and each later state, up to and including PhaseClosed.
func (r *Room) Connections() iter.Seq[ConnectionState] { return r.states.follow() }

// Done is closed when the Room has ended: left, closed, or refused for good.
func (r *Room) Done() <-chan struct{} { return r.done }

// Err tells why the Room has ended: nil while it lives, and after Leave and Close; a *GoawayError if the server ended it for good;
// ErrUnknownOutcome if the answer to Leave was lost.
func (r *Room) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close goes without leaving: the member becomes AWAY and may come back. It returns when nothing of the Room is left, with the error
// of the last Save.
func (r *Room) Close() error {
	r.stop()
	<-r.done
	if err := r.saver.err; err != nil {
		return fmt.Errorf("singoff: save: %w", err)
	}
	return nil
}

// stop makes the Room end, and doesn't wait for it.
func (r *Room) stop() { r.cancel() }
