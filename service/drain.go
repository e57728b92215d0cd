package service

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
)

// afterGoodbyes is how long calls that aren't joins, and downloads, may still take when everybody has been sent away.
const afterGoodbyes = time.Second

// drain sends everybody away and ends both ports, within Config.DrainTime.
func (s *Server) drain() {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTime)
	defer cancel()
	s.ready.draining.Store(true)
	s.health.Shutdown()
	s.cfg.Logger.Info().Stringer("at_most", s.cfg.DrainTime).Msg("draining")
	err := s.manager.Drain(ctx, s.cfg.ComeBackSpread)
	ctx, cancel = context.WithTimeout(ctx, afterGoodbyes)
	defer cancel()
	stopGRPC(ctx, s.grpc)
	if webErr := s.web.Shutdown(ctx); webErr != nil {
		_ = s.web.Close() // its listener was closed before: nothing to tell
	}
	if s.plain != nil {
		_ = s.plain.Close() // its listener went with the other side's
	}
	if s.admin != nil {
		stopGRPC(ctx, s.admin) // last: the operator may look on
	}
	level := zerolog.InfoLevel
	if err != nil {
		level = zerolog.WarnLevel
		err = errors.Join(errors.New("some connections were cut without a goodbye"), err)
	}
	s.cfg.Logger.WithLevel(level).Err(err).Stringer("took", time.Since(began).Round(time.Millisecond)).Msg("drained")
}

// stopGRPC lets calls end until ctx does, then cuts what is left: a Watch of the health service never ends by itself.
func stopGRPC(ctx context.Context, srv *grpc.Server) {
	stopped := make(chan struct{})
	go func() { srv.GracefulStop(); close(stopped) }()
	select {
	case <-stopped:
	case <-ctx.Done():
		srv.Stop()
		<-stopped
	}
}

// Close closes everything at once, without goodbyes, in the opposite order of its opening. After Run it does nothing; it is for a server
// that never ran.
func (s *Server) Close() error {
	var errs []error
	for _, closer := range slices.Backward(s.closers) {
		if err := closer(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	s.closers = nil
	return errors.Join(errs...)
}

// atClose adds what is to be closed before everything that was opened earlier.
func (s *Server) atClose(closer func() error) { s.closers = append(s.closers, closer) }
