package service

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
)

// Why a server isn't ready.
var (
	// ErrDraining: it shuts down.
	ErrDraining = errors.New("draining: the server shuts down")
	// ErrLogRefuses: the log of some room refuses to keep what happens, or doesn't answer.
	ErrLogRefuses = errors.New("the log refuses or doesn't answer")
	// ErrRoomsClosed: a room that somebody wants to join can't be opened.
	ErrRoomsClosed = errors.New("not every room can be opened")
)

// healthInterval is how often the health service follows readiness.
const healthInterval = 500 * time.Millisecond

// readiness is whether new clients should come here. The HTTP port asks it; the health service is told.
type readiness struct {
	draining atomic.Bool
	log      eventlog.Log
	rooms    *room.Manager
}

// troubled is a log that knows by itself why it keeps nothing.
type troubled interface{ Trouble() error }

// check says why it isn't ready; nil: it is.
func (r *readiness) check() error {
	if r.draining.Load() {
		return ErrDraining
	}
	if err := r.trouble(); err != nil {
		return fmt.Errorf("%w: %w", ErrLogRefuses, err)
	}
	if r.rooms.Refusing() {
		return ErrLogRefuses
	}
	if err := r.rooms.Unopened(); err != nil {
		return fmt.Errorf("%w: %w", ErrRoomsClosed, err)
	}
	return nil
}

func (r *readiness) trouble() error {
	if log, knows := r.log.(troubled); knows {
		return log.Trouble()
	}
	return nil
}

// healthLoop makes the health service follow readiness until ctx ends, with a line in the log for each change.
func (s *Server) healthLoop(ctx context.Context) {
	ticker := time.NewTicker(healthInterval)
	defer ticker.Stop()
	ready := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.ready.check()
		switch {
		case err != nil && ready:
			setHealth(s.health, healthv1.HealthCheckResponse_NOT_SERVING)
			s.cfg.Logger.Error().Err(err).Msg("not ready")
		case err == nil && !ready:
			setHealth(s.health, healthv1.HealthCheckResponse_SERVING)
			s.cfg.Logger.Info().Msg("ready again")
		}
		ready = err == nil
	}
}

func setHealth(h *health.Server, status healthv1.HealthCheckResponse_ServingStatus) {
	for _, name := range []string{"", singoffv1.RoomService_ServiceDesc.ServiceName, singoffv1.MusicService_ServiceDesc.ServiceName} {
		h.SetServingStatus(name, status)
	}
}
