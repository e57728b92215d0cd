package acks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// ReaperConfig of a Reaper.
type ReaperConfig struct {
	// Patience is how long a client's machine may acknowledge nothing although something was sent, at least 1 s. Suggestion: 18 s, in which a
	// train has left its tunnel.
	Patience time.Duration
	// Interval between two looks at all connections, at least 10 ms. Suggestion: a second.
	Interval time.Duration
	// Logger gets the connections that were ended, at debug. The zero one logs nothing.
	Logger zerolog.Logger
}

func (cfg *ReaperConfig) validate() error {
	switch {
	case cfg.Patience < time.Second:
		return fmt.Errorf("acks: ReaperConfig.Patience is %v, must be at least 1s", cfg.Patience)
	case cfg.Interval < 10*time.Millisecond:
		return fmt.Errorf("acks: ReaperConfig.Interval is %v, must be at least 10ms", cfg.Interval)
	}
	return nil
}

// Reaper ends the connections of http.Servers whose clients' machines acknowledge nothing of what they are sent. TCP_USER_TIMEOUT would do that too, but ends
// those who read slowly as well: while a client's window is shut nothing moves, though its machine answers every probe.
//
// ConnState is for the servers, ReapLoop for one goroutine.
type Reaper struct {
	cfg ReaperConfig

	mu    sync.Mutex // protects what follows
	conns map[net.Conn]*reaped
}

// reaped is a connection.
type reaped struct {
	kernel Kernel
	// since is when it was first seen that its machine owes an answer; zero: it owes none. Of ReapLoop.
	since time.Time
}

// NewReaper makes a Reaper that knows no connection yet.
func NewReaper(cfg ReaperConfig) (*Reaper, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Reaper{cfg: cfg, conns: map[net.Conn]*reaped{}}, nil
}

// ConnState is for http.Server.ConnState: it learns which connections there are. One that was hijacked is its new owner's.
func (r *Reaper) ConnState(conn net.Conn, state http.ConnState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch state {
	case http.StateNew:
		r.conns[conn] = &reaped{kernel: Of(conn)}
	case http.StateHijacked, http.StateClosed:
		delete(r.conns, conn)
	}
}

// ReapLoop looks at all connections now and then, until ctx ends.
func (r *Reaper) ReapLoop(ctx context.Context) {
	ticker := time.NewTicker(r.cfg.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.reap()
		}
	}
}

// reap ends what is dead. Closing below TLS says no goodbye, for which a dead connection has no room.
func (r *Reaper) reap() {
	r.mu.Lock()
	var dead []net.Conn
	now := time.Now()
	for conn, c := range r.conns {
		if c.dead(now, r.cfg.Patience) {
			dead = append(dead, conn)
		}
	}
	r.mu.Unlock()
	for _, conn := range dead {
		err := Bottom(conn).Close()
		if !errors.Is(err, net.ErrClosed) {
			r.cfg.Logger.Debug().Stringer("remote", conn.RemoteAddr()).AnErr("close", err).Msg("connection ended: its client's machine acknowledges nothing")
		}
	}
}

// dead: its machine has owed an answer for so long, acknowledged nothing meanwhile, and wasn't merely asked too long ago.
func (c *reaped) dead(now time.Time, patience time.Duration) bool {
	owes, overdue := c.kernel.Owes()
	if !owes {
		c.since = time.Time{}
		return false
	}
	if c.since.IsZero() {
		c.since = now
	}
	_, ago, _ := c.kernel.Acked()
	return overdue && min(now.Sub(c.since), ago) >= patience
}
