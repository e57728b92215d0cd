package transport

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const (
	// failuresAtMost of the websocket, one after the other, make Auto fall back.
	failuresAtMost = 2
	// youngAge: a websocket that breaks before it is this old has failed.
	youngAge = 5 * time.Second
	// tryAgainAfter the last failure of the websocket a new stream tries it once more: the network may be another one.
	tryAgainAfter = time.Minute
)

// AutoConfig says what Auto chooses from. Its transports are closed with it.
type AutoConfig struct {
	// Websocket is preferred. Required.
	Websocket Transport
	// Fetch is used where the websocket doesn't work, and for unary calls. Required.
	Fetch Transport
}

// Auto opens streams by the websocket. When that has failed twice in a row it takes fetch: failed means that the server was reached, and the
// websocket didn't open, or broke before a Welcome or within its first seconds. What the server itself says, by a Goaway or a
// status, is no failure, and neither is a server that can't be reached at all.
//
// It goes back to the websocket with the first stream that is opened a minute after its last failure (a laptop that leaves a bad network loses its
// stream too), and at once when fetch fails as well. Then one failure is enough to fall back again.
type Auto struct {
	config AutoConfig

	mu       sync.Mutex // protects what follows
	failures int        // of the websocket, one after the other
	failed   error      // the last one
	failedAt time.Time
}

// NewAuto makes a Transport that chooses. Nothing is sent yet.
func NewAuto(config AutoConfig) (*Auto, error) {
	if config.Websocket == nil || config.Fetch == nil {
		return nil, errors.New("transport: Auto needs a Websocket and a Fetch")
	}
	return &Auto{config: config}, nil
}

// Join opens a stream by the way that works, as far as that is known.
func (a *Auto) Join(ctx context.Context) (Stream, error) {
	if why := a.fallback(); why != nil {
		stream, err := a.config.Fetch.Join(ctx)
		if err != nil {
			a.fetchFailed(ctx, err)
			return nil, err
		}
		return &autoStream{Stream: stream, auto: a, ctx: ctx, why: why, opened: time.Now()}, nil
	}
	stream, err := a.config.Websocket.Join(ctx)
	if err != nil {
		return nil, a.websocketFailed(ctx, err)
	}
	return &autoStream{Stream: stream, auto: a, ctx: ctx, opened: time.Now()}, nil
}

// fallback is why fetch is to be used; nil: the websocket is.
func (a *Auto) fallback() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failures >= failuresAtMost && time.Since(a.failedAt) >= tryAgainAfter {
		a.failures = failuresAtMost - 1
	}
	if a.failures < failuresAtMost {
		return nil
	}
	return a.failed
}

// websocketFailed counts a failure of the way, and gives the error to tell: one that another way may mend is never final.
func (a *Auto) websocketFailed(ctx context.Context, err error) error {
	failed, ok := errors.AsType[*FailedError](err)
	if !ok || failed.Unreached || ctx.Err() != nil || errors.Is(err, ErrClosed) {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures, a.failed, a.failedAt = min(a.failures+1, failuresAtMost), failed, time.Now()
	return &FailedError{Kind: failed.Kind, Code: codes.Unavailable, Err: failed.Err}
}

// fetchFailed makes the next stream try the websocket: if neither works it isn't the websocket's fault.
func (a *Auto) fetchFailed(ctx context.Context, err error) {
	if failed, ok := errors.AsType[*FailedError](err); !ok || failed.Unreached || ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures = min(a.failures, failuresAtMost-1)
}

func (a *Auto) websocketWorked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures, a.failed = 0, nil
}

// Unary makes one call, over fetch.
func (a *Auto) Unary(ctx context.Context, method string, request, answer proto.Message) error {
	return a.config.Fetch.Unary(ctx, method, request, answer)
}

// Close closes both ways.
func (a *Auto) Close() error { return errors.Join(a.config.Websocket.Close(), a.config.Fetch.Close()) }

// autoStream watches how its stream fares. What isn't behind opened belongs to Recv.
type autoStream struct {
	Stream
	auto     *Auto
	ctx      context.Context
	why      error // of the fallback; nil: this is the websocket
	opened   time.Time
	welcomed bool
	said     bool // the server has said Goaway
	settled  bool
}

// Recv reads the next message, and learns from it.
func (s *autoStream) Recv() (*singoffv1.JoinResponse, error) {
	response, err := s.Stream.Recv()
	if err != nil {
		return nil, s.ended(err)
	}
	for _, event := range response.GetEvents() {
		s.welcomed = s.welcomed || event.GetWelcome() != nil
		s.said = s.said || event.GetGoaway() != nil
	}
	if s.why == nil && !s.settled && s.welcomed && s.old() {
		s.settled = true
		s.auto.websocketWorked()
	}
	return response, nil
}

func (s *autoStream) old() bool { return time.Since(s.opened) >= youngAge }

// ended judges the end of a stream.
func (s *autoStream) ended(err error) error {
	switch {
	case s.said:
	case s.why != nil && !s.welcomed:
		s.auto.fetchFailed(s.ctx, err)
	case s.why == nil && (!s.welcomed || !s.old()):
		return s.auto.websocketFailed(s.ctx, err)
	}
	return err
}

// Way is that of the stream, with the reason if it isn't the websocket.
func (s *autoStream) Way() Way { return Way{Kind: s.Stream.Way().Kind, Fallback: s.why} }
