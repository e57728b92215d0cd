// Package service puts a server together: the log, the rooms, the songs, and the two ports they are reached by.
// New opens everything and binds the ports; Run serves until its context ends, then sends everybody away and closes everything.
// Nothing imports it but the command and tests.
package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"github.com/singoff/singoff/service/acks"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/history"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/socket"
	"github.com/singoff/singoff/service/web"
)

// Server is a server that is bound and not yet, or already, running.
type Server struct {
	cfg      Config
	registry *prometheus.Registry
	ready    *readiness

	log     eventlog.Log
	songs   *catalog.Catalog
	manager *room.Manager
	rooms   *rpc.Room

	grpc    *grpc.Server
	health  *health.Server
	web     *http.Server
	reaper  *acks.Reaper // of its connections
	sockets *socket.Handler
	grpcLis net.Listener
	webLis  net.Listener

	network  network
	plain    *http.Server // the side of the HTTP port without TLS; nil: TLS is off
	plainLis net.Listener

	admin    *grpc.Server // nil: the operator has no listener
	adminLis net.Listener

	closers []func() error
}

// Addrs are the addresses a server is bound to, as the flags take them.
type Addrs struct {
	GRPC, HTTP string
	// Admin is the operator's; empty: there is none.
	Admin string
}

// songsError is the operator's to mend where the configuration can't be.
func songsError(err error) error {
	if errors.Is(err, catalog.ErrConfig) {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return fmt.Errorf("songs: %w", err)
}

// New opens the log and the songs and binds the ports. Run it, or Close it. An error that wraps ErrConfig is the operator's to mend.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, registry: prometheus.NewRegistry()}
	s.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	for _, open := range []func(context.Context) error{s.openNetwork, s.openRooms, s.openServices, s.bind, s.bindAdmin} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// openRooms opens what is kept, and the rooms over it.
func (s *Server) openRooms(ctx context.Context) (err error) {
	if s.log, err = openLog(ctx, s.cfg, s.registry); err != nil {
		return fmt.Errorf("log %s: %w", s.cfg.Log, err)
	}
	s.atClose(s.log.Close)
	if s.songs, err = catalog.Open(ctx, s.cfg.catalog(s.registry)); err != nil {
		return songsError(err)
	}
	s.atClose(s.songs.Close)
	cfg := s.cfg.rooms()
	cfg.Registerer, cfg.Began = s.registry, s.songs.Played
	if s.manager, err = room.NewManager(s.log, cfg); err != nil {
		return fmt.Errorf("rooms: %w", err)
	}
	s.atClose(s.manager.Close)
	s.ready = &readiness{log: s.log, rooms: s.manager}
	return nil
}

// openServices makes the services and their servers.
func (s *Server) openServices(context.Context) (err error) {
	door, err := s.openDoor()
	if err != nil {
		return err
	}
	s.rooms, err = rpc.NewRoom(rpc.Config{
		Manager:    rpc.Rooms(s.manager),
		Track:      track(s.songs),
		Gone:       s.songs.Gone,
		History:    history.New(s.log),
		Limits:     s.cfg.limits(),
		Door:       door,
		Registerer: s.registry,
		Logger:     s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	s.atClose(func() error { s.rooms.Wait(); return nil })
	s.grpc, s.health = newGRPC(s.cfg, s.rooms, rpc.NewMusic(s.songs, door), s.network.grpcOptions()...)
	s.atClose(func() error { s.grpc.Stop(); return nil })
	s.sockets, err = socket.New(socket.Config{
		Serve:        s.rooms.Serve,
		Calls:        from(s.grpc, rpc.TransportWebsocket),
		Origin:       s.network.origins.Allowed,
		MessageBytes: s.cfg.MessageBytes,
		Registerer:   s.registry,
		Logger:       s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	s.atClose(func() error { s.sockets.Close(); return nil })
	return nil
}

// bind takes the ports, and says where they are and what that means.
func (s *Server) bind(ctx context.Context) (err error) {
	if s.grpcLis, err = listen(ctx, s.cfg.GRPCAddr); err != nil {
		return fmt.Errorf("gRPC address: %w", err)
	}
	s.atClose(s.grpcLis.Close)
	if s.webLis, err = listen(ctx, s.cfg.HTTPAddr); err != nil {
		return fmt.Errorf("HTTP address: %w", err)
	}
	s.webLis, s.plainLis = s.network.split(s.webLis)
	s.atClose(s.webLis.Close)
	elsewhere, err := s.songs.Origins(ctx)
	if err != nil {
		s.cfg.Logger.Warn().Err(err).Msg("pages won't play songs that clients are sent elsewhere for")
	}
	s.web, err = web.NewServer(web.Config{
		Ready:    s.ready.check,
		Notice:   s.cfg.notice(),
		Songs:    s.songs.Handler(),
		Calls:    from(s.grpc, rpc.TransportFetch),
		Sockets:  s.sockets,
		Allowed:  s.network.origins.Allowed,
		Registry: s.registry,
		Page:     func(r *http.Request) web.Page { return web.Page{ShareURL: s.shareURL(r), MediaOrigins: elsewhere} },
		GRPCAddr: s.Addrs().GRPC,
		Version:  s.cfg.Version,
		Logger:   s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	if s.plainLis != nil {
		s.plain = s.network.newPlain(s.web)
	}
	s.web.Handler = s.network.behind(s.web.Handler)
	return s.openReaper()
}

// What ends a Watch whose client's machine is gone, and promised nothing. Beside the beat of 3 s it is seen within 25 s. Websockets and native gRPC
// are stricter with their own.
const (
	deadPatience = 18 * time.Second
	deadInterval = time.Second
)

// openReaper makes what ends dead connections of the HTTP port, and lets what is served over a connection ask its kernel.
func (s *Server) openReaper() (err error) {
	s.reaper, err = acks.NewReaper(acks.ReaperConfig{Patience: deadPatience, Interval: deadInterval, Logger: s.cfg.Logger})
	if err != nil {
		return err
	}
	s.web.ConnState, s.web.ConnContext = s.reaper.ConnState, acks.With
	return nil
}

// Addrs are where the server is bound; port 0 has become a real one.
func (s *Server) Addrs() Addrs {
	var addrs Addrs
	if s.grpcLis != nil {
		addrs.GRPC = show(s.grpcLis.Addr())
	}
	if s.webLis != nil {
		addrs.HTTP = show(s.webLis.Addr())
	}
	if s.adminLis != nil {
		addrs.Admin = show(s.adminLis.Addr())
	}
	return addrs
}

// Run serves until ctx ends or a port fails, then drains: everybody is sent away with a time to come back, within Config.DrainTime.
// The error is what failed; nil after an ordered end. The server is closed then.
func (s *Server) Run(ctx context.Context) error {
	s.announce()
	var ports errgroup.Group
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ports.Go(func() error { defer cancel(); return s.grpcLoop() })
	ports.Go(func() error { defer cancel(); return s.webLoop() })
	if s.plain != nil {
		ports.Go(func() error { defer cancel(); return s.plainLoop() })
	}
	if s.admin != nil {
		ports.Go(func() error { defer cancel(); return s.adminLoop() })
	}
	ports.Go(func() error { s.healthLoop(ctx); return nil })
	ports.Go(func() error { s.reaper.ReapLoop(ctx); return nil })
	<-ctx.Done()
	s.drain()
	return errors.Join(ports.Wait(), s.Close())
}

// grpcLoop serves the gRPC port until it is stopped.
func (s *Server) grpcLoop() error {
	if err := s.grpc.Serve(opaque{s.grpcLis}); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("gRPC port: %w", err)
	}
	return nil
}

// webLoop serves the HTTP port until it is shut down.
func (s *Server) webLoop() error {
	if err := s.web.Serve(s.webLis); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("HTTP port: %w", err)
	}
	return nil
}

// plainLoop serves the side of the HTTP port without TLS until either side is shut down.
func (s *Server) plainLoop() error {
	if err := s.plain.Serve(s.plainLis); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("HTTP port, without TLS: %w", err)
	}
	return nil
}

func (s *Server) announce() {
	addrs, reach := s.Addrs(), s.Reach()
	s.cfg.Logger.Info().
		Str("grpc_addr", addrs.GRPC).Str("http_addr", addrs.HTTP).Str("admin_addr", addrs.Admin).
		Str("url", reach.URL).
		Str("log", s.cfg.Log).Str("version", s.cfg.Version).
		Msg("serving")
	s.announceReach(reach)
}
