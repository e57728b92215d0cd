package room

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// room is one room, opened once on this node. Its loop owns the engine; connections hand their inputs in through push, and
// their senders take what was told out of the ring.
type room struct {
	key     eventlog.Key
	manager *Manager
	logger  zerolog.Logger
	ctx     context.Context
	stop    context.CancelFunc
	wall    time.Time // the clock when the room was loaded, with its monotonic reading
	wake    chan struct{}
	results chan result // of the append under way
	summary atomic.Pointer[singoffv1.RoomSummary]

	mu     sync.Mutex // protects everything below, and the outboxes of conns
	inbox  []engine.Input
	conns  map[rules.Connection]*Conn
	ring   ring
	closed bool // takes nothing more
	away   bool // the log doesn't answer: new joins must come back later

	// The loop's own.

	engine      *engine.Engine
	appending   time.Time      // since when an append is under way; zero: none is
	retryAt     time.Time      // the log has refused: what is owed is tried again then
	sinceSnap   int            // entries since the last snapshot
	background  sync.WaitGroup // the append and the snapshot under way
	snapshoting atomic.Bool
}

// result is what became of an append.
type result struct {
	at  eventlog.Position
	err error // nil, ErrConflict, ErrRefused, ErrClosed, or the context's
}

// now is the room's clock: the wall clock when it was loaded plus monotonic time since.
func (r *room) now() time.Time {
	return r.wall.Round(0).Add(r.manager.cfg.Clock.Now().Sub(r.wall))
}

// push hands an input to the loop; false: the connection or the room is over.
func (r *room) push(c *Conn, in engine.Input) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.phase >= phaseEnding || r.closed {
		return false
	}
	r.pushLocked(in)
	return true
}

func (r *room) pushLocked(in engine.Input) {
	r.inbox = append(r.inbox, in)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// enter registers a connection with its Hello; false: the room has closed meanwhile.
func (r *room) enter(c *Conn, hello *rules.Hello) (refused *singoffv1.Goaway, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, false
	case r.away:
		return engine.LogUnreachable(), true
	}
	r.conns[c.id] = c
	r.pushLocked(engine.Input{Connection: c.id, Hello: hello, Size: 256})
	return nil, true
}

// tell puts an event into one connection's outbox.
func (r *room) tell(c *Conn, response []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.phase < phaseEnding {
		r.tellLocked(c, private{response, r.ring.end()})
	}
}

func (r *room) tellLocked(c *Conn, p private) {
	if len(c.private) >= maxPrivate {
		r.tooSlowLocked(c)
		return
	}
	c.private = append(c.private, p)
	c.wakeSender()
}

// lose ends a connection that is broken.
func (r *room) lose(c *Conn, reason singoffv1.Presence_Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.phase < phaseEnding && !r.closed {
		r.pushLocked(engine.Input{Connection: c.id, Lost: reason})
	}
	if c.phase != phaseOver {
		c.overLocked()
		r.manager.connections.Add(-1)
	}
}

// expel ends a connection with a goodbye after what it was told so far.
func (r *room) expel(c *Conn, g *singoffv1.Goaway, reason singoffv1.Presence_Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expelLocked(c, g, reason)
}

func (r *room) expelLocked(c *Conn, g *singoffv1.Goaway, reason singoffv1.Presence_Reason) {
	if c.endLocked(g, r.ring.end()) && !r.closed {
		r.pushLocked(engine.Input{Connection: c.id, Lost: reason})
	}
}

func (r *room) tooSlowLocked(c *Conn) {
	r.manager.metrics.slow()
	r.expelLocked(c, slowConsumer(), singoffv1.Presence_REASON_CONNECTION_LOST)
}

// greeted notes that the Welcome was sent, or ends the connection whose missed events can't be read.
func (r *room) greeted(c *Conn, refused *singoffv1.Goaway) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if refused != nil {
		r.expelLocked(c, refused, singoffv1.Presence_REASON_CONNECTION_LOST)
		return
	}
	c.greeted = true
}

// loop is the room's one goroutine.
func (r *room) loop() {
	defer r.manager.running.Done()
	defer r.background.Wait()
	defer r.stop()
	defer r.giveUpOnPanic()
	if err := r.open(); err != nil {
		r.failOpen(err)
		return
	}
	timer := r.manager.cfg.Clock.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.ctx.Done():
			r.close(nil)
			return
		case res := <-r.results:
			if !r.settle(res) {
				return
			}
		case <-r.wake:
		case <-timer.C:
		}
		r.advance()
		if r.unload() {
			return
		}
		timer.Reset(r.sleep())
	}
}

// giveUpOnPanic closes a room whose rules have a bug; the others go on. What was answered stays in the log.
func (r *room) giveUpOnPanic() {
	if p := recover(); p != nil {
		r.logger.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("room given up after a bug")
		r.close(moved())
	}
}

// open rebuilds the room from its log and keeps its RoomOpened, which makes it this node's.
func (r *room) open() error {
	for try := 1; ; try++ {
		err := r.tryOpen()
		if err == nil || !errors.Is(err, eventlog.ErrConflict) || try == maxOpenTries {
			return err
		}
	}
}

func (r *room) tryOpen() error {
	ctx, cancel := context.WithTimeout(r.ctx, openPatience)
	defer cancel()
	head, err := r.manager.log.Open(ctx, r.key)
	if err != nil {
		return err
	}
	state, err := engine.Load(r.key, head)
	if err != nil {
		return err
	}
	r.engine = engine.New(r.manager.cfg.Rules, state, head.Position, newBatchID)
	app := r.engine.Open(r.now(), newEpoch())
	res := r.tryAppend(ctx, app)
	if res.err != nil {
		return res.err
	}
	r.publish(r.engine.Kept(r.now(), res.at), true)
	r.sinceSnap = len(head.Entries) + 1
	r.logger.Info().Uint64("seq", state.Seq()).Msg("room opened")
	return nil
}

func (r *room) failOpen(err error) {
	r.logger.Error().Err(err).Msg("room can't be opened")
	r.close(engine.LogUnreachable())
}

// advance decides what waits and what is due, unless an append is under way.
func (r *room) advance() {
	now := r.now()
	if !r.appending.IsZero() {
		if now.Sub(r.appending) >= r.manager.cfg.Patience {
			r.losePatience()
		}
		return
	}
	for r.appending.IsZero() && r.toDecide(now) {
		app, must, out := r.engine.Decide(now)
		if must {
			r.appending = now
			r.background.Go(func() { r.appendLoop(app) })
		} else {
			r.publish(out, false)
		}
	}
}

// toDecide moves the inbox into the engine, and says whether there is anything to decide.
func (r *room) toDecide(now time.Time) bool {
	r.mu.Lock()
	inbox := r.inbox
	r.inbox = nil
	r.mu.Unlock()
	for _, in := range inbox {
		r.engine.Push(in)
	}
	if r.engine.Waiting() {
		return true
	}
	if now.Before(r.retryAt) {
		return false
	}
	due, any := r.engine.Wake()
	return r.engine.Owing() || any && !due.After(now)
}

// sleep is until something happens by itself.
func (r *room) sleep() time.Duration {
	now := r.now()
	if !r.appending.IsZero() {
		if r.away {
			return idleWake
		}
		return r.appending.Add(r.manager.cfg.Patience).Sub(now)
	}
	if now.Before(r.retryAt) {
		return r.retryAt.Sub(now)
	}
	if due, any := r.engine.Wake(); any {
		return max(0, due.Sub(now))
	}
	return idleWake
}

// appendLoop tries one append until it is kept, refused or in conflict, and hands the result to the loop.
func (r *room) appendLoop(app engine.Append) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		res := r.tryAppend(r.ctx, app)
		if !errors.Is(res.err, eventlog.ErrUnknown) {
			r.results <- res // has room for one, and only one append is under way
			return
		}
		r.logger.Warn().Err(res.err).Msg("an append's outcome is unknown; trying the same again")
		timer := r.manager.cfg.Clock.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.ctx.Done():
			timer.Stop()
			r.results <- result{err: r.ctx.Err()}
			return
		}
	}
}

// tryAppend tries once. An error that isn't one of the log's own is as good as unknown.
func (r *room) tryAppend(ctx context.Context, app engine.Append) result {
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	began := r.manager.cfg.Clock.Now()
	at, err := r.manager.log.Append(ctx, r.key, app.After, app.Entry)
	r.manager.metrics.appended(r.manager.cfg.Clock.Now().Sub(began), err)
	for _, known := range []error{nil, eventlog.ErrConflict, eventlog.ErrRefused, eventlog.ErrClosed} {
		if errors.Is(err, known) {
			return result{at, err}
		}
	}
	return result{err: fmt.Errorf("%w: %w", eventlog.ErrUnknown, err)}
}

// settle goes on after an append; false: the room is over.
func (r *room) settle(res result) bool {
	r.appending = time.Time{}
	r.setAway(false)
	switch {
	case res.err == nil:
		if !r.retryAt.IsZero() {
			r.retryAt = time.Time{}
			r.manager.refusing.Add(-1)
			r.logger.Info().Msg("the log takes appends again")
		}
		r.publish(r.engine.Kept(r.now(), res.at), true)
		r.snapshot()
	case errors.Is(res.err, eventlog.ErrRefused):
		if r.retryAt.IsZero() {
			r.manager.refusing.Add(1)
			r.logger.Error().Err(res.err).Msg("the log refuses appends")
		}
		r.retryAt = r.now().Add(retryRefused)
		r.publish(r.engine.Refused(), false)
	case errors.Is(res.err, eventlog.ErrConflict):
		r.logger.Info().Msg("another node has opened the room")
		r.close(moved())
		return false
	default:
		r.close(nil)
		return false
	}
	return true
}

// losePatience sends everybody away while an append has no answer.
func (r *room) losePatience() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return
	}
	r.away = true
	r.manager.refusing.Add(1)
	r.logger.Error().Msg("the log doesn't answer; connections are sent away")
	for _, c := range r.conns {
		r.expelLocked(c, engine.LogUnreachable(), singoffv1.Presence_REASON_CONNECTION_LOST)
	}
}

func (r *room) setAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away && !away {
		r.manager.refusing.Add(-1)
	}
	r.away = away
}

// unload closes a room in which nobody is and nothing is left to happen; a later join opens it again.
func (r *room) unload() bool {
	if !r.appending.IsZero() || !r.engine.State().Empty() || r.engine.Waiting() || r.engine.Owing() {
		return false
	}
	r.mu.Lock()
	idle := len(r.inbox) == 0 && len(r.conns) == 0
	r.closed = r.closed || idle
	r.mu.Unlock()
	if idle {
		r.background.Wait()
		r.storeSnapshot()
		r.logger.Info().Msg("room unloaded")
		r.manager.remove(r)
	}
	return idle
}

// close ends the room on this node: it takes nothing more, and its connections end with the goodbye, or as lost with nil.
func (r *room) close(bye *singoffv1.Goaway) {
	r.mu.Lock()
	r.closed = true
	for _, c := range r.conns {
		switch {
		case bye != nil:
			c.endLocked(bye, r.ring.end())
		case c.phase != phaseOver:
			c.overLocked()
			r.manager.connections.Add(-1)
		}
	}
	r.mu.Unlock()
	if r.away {
		r.manager.refusing.Add(-1)
	}
	if !r.retryAt.IsZero() {
		r.manager.refusing.Add(-1)
	}
	r.manager.remove(r)
}

func moved() *singoffv1.Goaway {
	return &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_MOVED, Message: "another node has the room now; come back at once"}
}

func slowConsumer() *singoffv1.Goaway {
	return &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_SLOW_CONSUMER, Message: "this connection took its events too slowly; come back and resume"}
}
